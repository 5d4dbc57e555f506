//! What is to be solved, what comes out, and what can be wrong with it.

use super::predict::Predictor;
use std::convert::Infallible;

/// The largest magnitude of a feature's value: the squares of larger ones, summed, come near the end of a double's range.
pub const FEATURE_MAX: f64 = 1e150;

/// How a fit is made. [`FitOptions::new`] has the defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct FitOptions {
    /// Inverse strength of the penalty, as scikit-learn's `C`: finite, above 0; 1 by default.
    pub c: f64,
    /// How much a row of each class counts: one weight a class, finite, above 0; all 1 by default. [`balanced_weights`]
    /// makes those of `balanced`.
    pub class_weights: Vec<f64>,
    /// The most Newton steps on the whole table, at least 1; 100 by default.
    pub max_iterations: u32,
    /// The fit is done once the expected gain of another step, relative to the objective, is below it. Above 0, at most
    /// 0.1; 1e-14 by default.
    pub tolerance: f64,
    /// Threads that read and add up blocks, at least 1; 1 by default. The result does not depend on it, not in a bit.
    pub threads: usize,
}

impl FitOptions {
    /// The defaults for a number of classes.
    pub fn new(classes: usize) -> Self {
        Self {
            c: 1.0,
            class_weights: vec![1.0; classes],
            max_iterations: 100,
            tolerance: 1e-14,
            threads: 1,
        }
    }
}

/// A solved regression, in original units.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// Two classes: one row, for class 1. More: one row a class, each column summing to 0. A constant column's are
    /// exactly 0.
    pub coefficients: Vec<Vec<f64>>,
    /// One intercept a row of `coefficients`; several sum to 0.
    pub intercepts: Vec<f64>,
    /// Newton steps taken on the whole table.
    pub iterations: u32,
    /// Whether the optimum was reached; false where `max_iterations` ran out, or rounding stopped all progress before.
    pub converged: bool,
    /// `C * sum_i s_i loss_i + 1/2 ||W||^2`.
    pub objective: f64,
    /// Rows of each class.
    pub class_rows: Vec<u64>,
}

impl Fitted {
    /// The model, ready to predict.
    pub fn predictor(&self) -> Predictor {
        Predictor::new(self.coefficients.clone(), self.intercepts.clone())
    }
}

/// Why a fit was refused, or has no result. Rows and columns are counted from 0, columns in the order of the features.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum FitError<E> {
    /// The table could not be read.
    #[error("the table cannot be read")]
    Read(E),
    /// `c` is not a finite number above 0.
    #[error("c is {0}, but must be a finite number above 0")]
    C(f64),
    /// `tolerance` is not above 0 and at most 0.1.
    #[error("tolerance is {0}, but must be above 0 and at most 0.1")]
    Tolerance(f64),
    /// `max_iterations` is 0.
    #[error("maxIterations must be at least 1")]
    MaxIterations,
    /// The number of weights is not the number of classes.
    #[error("there are {weights} class weights for {classes} classes")]
    WeightCount {
        /// Weights given.
        weights: usize,
        /// Classes.
        classes: usize,
    },
    /// A class weight is not a finite number above 0.
    #[error("the weight of class {class} is {weight}, but must be a finite number above 0")]
    Weight {
        /// The class.
        class: usize,
        /// Its weight.
        weight: f64,
    },
    /// There are fewer than two classes.
    #[error("there is only one class, so there is nothing to tell apart")]
    OneClass,
    /// A class has no row.
    #[error("class {class} has no row")]
    EmptyClass {
        /// The class.
        class: usize,
    },
    /// A value is infinite or not a number.
    #[error("row {row} of feature {feature} is {value}, which is not finite")]
    NotFinite {
        /// Row.
        row: usize,
        /// Feature.
        feature: usize,
        /// What stands there.
        value: f64,
    },
    /// A value is beyond [`FEATURE_MAX`].
    #[error("row {row} of feature {feature} is {value}, beyond the largest magnitude of {FEATURE_MAX:e}")]
    TooLarge {
        /// Row.
        row: usize,
        /// Feature.
        feature: usize,
        /// What stands there.
        value: f64,
    },
    /// A block is not what the table promised: other columns, columns of other lengths, or a class out of range.
    #[error("block {block} does not have the form that the table promised")]
    Malformed {
        /// The block.
        block: usize,
    },
    /// The optimum, or the way to it, is not finite in double precision.
    #[error("the optimum is beyond the range of double precision")]
    Diverged,
}

impl FitError<Infallible> {
    /// The same fault as that of a table whose reading can fail.
    pub fn widen<E>(self) -> FitError<E> {
        match self {
            Self::Read(never) => match never {},
            Self::C(c) => FitError::C(c),
            Self::Tolerance(t) => FitError::Tolerance(t),
            Self::MaxIterations => FitError::MaxIterations,
            Self::WeightCount { weights, classes } => FitError::WeightCount { weights, classes },
            Self::Weight { class, weight } => FitError::Weight { class, weight },
            Self::OneClass => FitError::OneClass,
            Self::EmptyClass { class } => FitError::EmptyClass { class },
            Self::NotFinite { row, feature, value } => FitError::NotFinite { row, feature, value },
            Self::TooLarge { row, feature, value } => FitError::TooLarge { row, feature, value },
            Self::Malformed { block } => FitError::Malformed { block },
            Self::Diverged => FitError::Diverged,
        }
    }
}

/// The weights of `balanced`: `rows / (classes * rows of the class)`. A class without rows weighs infinity, which a fit
/// refuses.
pub fn balanced_weights(class_rows: &[u64]) -> Vec<f64> {
    let rows: u64 = class_rows.iter().sum();
    class_rows
        .iter()
        .map(|&of_class| rows as f64 / (class_rows.len() as f64 * of_class as f64))
        .collect()
}

/// Refuses options that no fit can be made with.
pub fn check<E>(classes: usize, options: &FitOptions) -> Result<(), FitError<E>> {
    let positive = |x: f64| x.is_finite() && x > 0.0;
    if !positive(options.c) {
        return Err(FitError::C(options.c));
    }
    if !(options.tolerance > 0.0 && options.tolerance <= 0.1) {
        return Err(FitError::Tolerance(options.tolerance));
    }
    if options.max_iterations == 0 {
        return Err(FitError::MaxIterations);
    }
    if classes < 2 {
        return Err(FitError::OneClass);
    }
    if options.class_weights.len() != classes {
        return Err(FitError::WeightCount {
            weights: options.class_weights.len(),
            classes,
        });
    }
    match options.class_weights.iter().position(|&w| !positive(w)) {
        Some(class) => Err(FitError::Weight {
            class,
            weight: options.class_weights[class],
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_table() {
        let good = FitOptions::new(2);
        for (name, options, want) in [
            ("defaults", good.clone(), Ok(())),
            (
                "c is zero",
                FitOptions { c: 0.0, ..good.clone() },
                Err(FitError::C(0.0)),
            ),
            (
                "c is infinite",
                FitOptions {
                    c: f64::INFINITY,
                    ..good.clone()
                },
                Err(FitError::C(f64::INFINITY)),
            ),
            (
                "no tolerance",
                FitOptions {
                    tolerance: 0.0,
                    ..good.clone()
                },
                Err(FitError::Tolerance(0.0)),
            ),
            (
                "no iterations",
                FitOptions {
                    max_iterations: 0,
                    ..good.clone()
                },
                Err(FitError::MaxIterations),
            ),
            (
                "a class weighs nothing",
                FitOptions {
                    class_weights: vec![1.0, 0.0],
                    ..good.clone()
                },
                Err(FitError::Weight { class: 1, weight: 0.0 }),
            ),
            (
                "a weight too few",
                FitOptions {
                    class_weights: vec![1.0],
                    ..good.clone()
                },
                Err(FitError::WeightCount { weights: 1, classes: 2 }),
            ),
        ] {
            assert_eq!(check::<Infallible>(2, &options), want, "{name}");
        }
        let nan = FitOptions {
            c: f64::NAN,
            ..good.clone()
        };
        assert!(matches!(check::<Infallible>(2, &nan), Err(FitError::C(_))));
        assert_eq!(check::<Infallible>(1, &FitOptions::new(1)), Err(FitError::OneClass));
    }

    #[test]
    fn balanced_classes_count_the_same_in_sum() {
        assert_eq!(balanced_weights(&[3, 1]), [4.0 / 6.0, 2.0]);
        assert!(balanced_weights(&[0, 1])[0].is_infinite());
    }
}
