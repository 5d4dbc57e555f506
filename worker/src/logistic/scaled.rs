//! The problem in the units that it is solved in.
//!
//! Column j becomes `z = (x - centre) / scale` and its coefficient `v = w * scale`, with the penalty `1/2 (v / scale)^2`: the
//! same problem, better conditioned. The scale is a power of two near the spread, so that no digit changes; the centre moves
//! only the intercept. The objective is divided by C and by a power of two that takes the largest class weight near 1.
//!
//! The unknowns are one vector a class, less one: that of a reference class is 0, since adding the same vector to all classes
//! changes no probability. The penalty knows only the vectors less their mean over the classes, which are what is reported
//! and sum to 0. Two classes are one logistic vector, penalised as it is.

use super::design::DesignBlock;
use super::problem::FitOptions;
use super::zero::without_rounding;
use crate::numeric::real::power_of_two;
use crate::numeric::{Real, Twofold};

/// Scales and penalties stay within `2^-500` to `2^500`, so that their squares are doubles.
const EXPONENT_MAX: f64 = 500.0;

/// A regression in scaled units.
#[derive(Clone, Debug)]
pub(super) struct Scaled {
    pub(super) features: usize,
    /// Rows of the table.
    pub(super) rows: usize,
    pub(super) classes: usize,
    /// Vectors of unknowns: one for two classes, else one a class but the reference.
    pub(super) vectors: usize,
    /// The class whose vector is 0.
    pub(super) reference: usize,
    /// Weight of a row of each class, the largest from 1 to 2.
    pub(super) weights: Vec<f64>,
    pub(super) centre: Vec<f64>,
    /// `1 / scale`, a power of two.
    pub(super) inverse_scale: Vec<f64>,
    /// The penalty of each scaled coefficient, `1 / (factor * scale^2)`.
    pub(super) penalty: Vec<Twofold<f64>>,
    /// The original objective is this times the scaled one.
    pub(super) factor: f64,
    pub(super) threads: usize,
}

impl Scaled {
    /// Centre and scale from a sample of the rows.
    pub(super) fn new(sample: &DesignBlock, rows: usize, classes: usize, options: &FitOptions) -> Self {
        let largest = options.class_weights.iter().copied().fold(0.0, f64::max);
        let down = power_of_two((-largest.exponent()).clamp(-EXPONENT_MAX, EXPONENT_MAX));
        let factor = Twofold::product_of(options.c, 1.0 / down);
        let moments: Vec<(f64, f64)> = sample.columns.iter().map(|c| centre_and_exponent(c)).collect();
        let inverse_factor = Twofold::splat(1.0) / factor;
        let penalty = |exponent: f64| inverse_factor.times_power_of_two(Twofold::splat(-2.0 * exponent));
        let weights: Vec<f64> = options.class_weights.iter().map(|w| w * down).collect();
        Self {
            features: sample.columns.len(),
            rows,
            classes,
            vectors: classes - 1,
            reference: if classes == 2 {
                0
            } else {
                heaviest_class(sample, &weights)
            },
            weights,
            centre: moments.iter().map(|m| m.0).collect(),
            inverse_scale: moments.iter().map(|m| power_of_two(-m.1)).collect(),
            penalty: moments.iter().map(|m| penalty(m.1)).collect(),
            factor: factor.to_f64(),
            threads: options.threads.max(1),
        }
    }

    /// The same problem on a part of the rows: the penalty shrinks with the loss.
    pub(super) fn for_some_rows(&self, rows: usize) -> Self {
        let part = Twofold::splat(rows as f64 / self.rows as f64);
        let penalty = self.penalty.iter().map(|&p| p * part).collect();
        Self {
            rows,
            penalty,
            ..self.clone()
        }
    }

    /// The same problem in coordinates of another orthonormal basis of the original, centred features.
    pub(super) fn in_coordinates(&self, features: usize) -> Self {
        let unscaled = Twofold::splat(1.0 / self.inverse_scale[0]);
        Self {
            features,
            centre: vec![0.0; features],
            inverse_scale: vec![1.0; features],
            penalty: vec![self.penalty[0] * unscaled * unscaled; features],
            ..self.clone()
        }
    }

    /// Features and the intercept, which stands last.
    pub(super) fn width(&self) -> usize {
        self.features + 1
    }

    /// All unknowns: vector by vector.
    pub(super) fn unknowns(&self) -> usize {
        self.vectors * self.width()
    }

    /// The class that vector `k` belongs to.
    pub(super) fn class_of(&self, k: usize) -> usize {
        k + usize::from(k >= self.reference)
    }

    /// The vectors as the penalty sees them and as they are reported, still in scaled units: for more than two classes one a
    /// class, less their mean.
    pub(super) fn class_vectors(&self, theta: &[Twofold<f64>]) -> Vec<Vec<Twofold<f64>>> {
        let width = self.width();
        if self.vectors == 1 {
            return vec![theta.to_vec()];
        }
        let mut vectors = vec![vec![Twofold::splat(0.0); width]; self.classes];
        for j in 0..width {
            let mean = self.mean(theta, j);
            for (class, vector) in vectors.iter_mut().enumerate() {
                vector[j] = -mean;
                if class != self.reference {
                    let k = class - usize::from(class > self.reference);
                    vector[j] = theta[k * width + j] - mean;
                }
            }
        }
        vectors
    }

    /// The mean over the classes that the penalty takes off: 0 for two classes.
    fn mean(&self, theta: &[Twofold<f64>], j: usize) -> Twofold<f64> {
        if self.vectors == 1 {
            return Twofold::splat(0.0);
        }
        let sum = (0..self.vectors).fold(Twofold::splat(0.0), |sum, k| sum + theta[k * self.width() + j]);
        sum / Twofold::splat(self.classes as f64)
    }

    /// How much of one class' penalty the vector of another bears: `1 / classes`, and nothing for two.
    pub(super) fn coupling(&self) -> f64 {
        if self.vectors == 1 {
            0.0
        } else {
            1.0 / self.classes as f64
        }
    }

    /// The penalty of `theta`.
    pub(super) fn penalty_of(&self, theta: &[Twofold<f64>]) -> Twofold<f64> {
        let mut sum = Twofold::splat(0.0);
        for vector in self.class_vectors(theta) {
            for (&v, &penalty) in vector.iter().zip(&self.penalty) {
                sum = sum + v * v * penalty;
            }
        }
        sum * Twofold::splat(0.5)
    }

    /// Adds the penalty's gradient.
    pub(super) fn add_penalty_gradient(&self, theta: &[Twofold<f64>], gradient: &mut [Twofold<f64>]) {
        for j in 0..self.features {
            let mean = self.mean(theta, j);
            for at in (0..self.vectors).map(|k| k * self.width() + j) {
                gradient[at] = gradient[at] + (theta[at] - mean) * self.penalty[j];
            }
        }
    }

    /// `theta` in original units: coefficients and intercepts, each rounded once. What is not above its number in `zeros` is 0.
    pub(super) fn original(&self, theta: &[Twofold<f64>], zeros: &[f64]) -> (Vec<Vec<f64>>, Vec<f64>) {
        let unscale = |vector: &[Twofold<f64>]| -> (Vec<f64>, f64) {
            let vector: Vec<_> = vector
                .iter()
                .zip(zeros)
                .map(|(&v, &zero)| without_rounding(v, zero))
                .collect();
            let mut intercept = vector[self.features];
            let coefficients = (0..self.features).map(|j| {
                let scale = self.inverse_scale[j];
                let w = Twofold {
                    high: vector[j].high * scale,
                    low: vector[j].low * scale,
                };
                intercept = intercept - w * Twofold::splat(self.centre[j]);
                w.to_f64() + 0.0
            });
            let coefficients = coefficients.collect();
            (coefficients, intercept.to_f64() + 0.0)
        };
        self.class_vectors(theta).iter().map(|v| unscale(v)).unzip()
    }
}

/// The mean of a column and the exponent of the power of two nearest to its spread. A constant column's mean is exact, so
/// that it becomes a column of zeros, whose coefficient is exactly 0.
fn centre_and_exponent(column: &[f64]) -> (f64, f64) {
    let rows = column.len().max(1) as f64;
    let first = column.first().copied().unwrap_or(0.0);
    let centre = first + column.iter().map(|x| (x - first) / rows).sum::<f64>();
    let spread = (column.iter().map(|x| (x - centre) * (x - centre) / rows).sum::<f64>()).sqrt();
    let exponent = if spread > 0.0 {
        (spread * std::f64::consts::SQRT_2).exponent()
    } else {
        0.0
    };
    (centre, exponent.clamp(-EXPONENT_MAX, EXPONENT_MAX))
}

/// The class with the largest share of the sample.
fn heaviest_class(sample: &DesignBlock, weights: &[f64]) -> usize {
    let mut share = vec![0.0; weights.len()];
    for &class in &sample.classes {
        share[class as usize] += weights[class as usize];
    }
    (0..share.len()).fold(0, |best, class| if share[class] > share[best] { class } else { best })
}
