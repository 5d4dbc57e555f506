//! linfa's traits for the solver: for those who have a `linfa` dataset in memory, and for linfa's metrics.
//!
//! `FitOptions::new(classes).fit(&dataset)` gives a [`Fitted`], `Predict::predict(&fitted.predictor(), &dataset)` its classes. The
//! targets are class numbers from 0.

use super::design::MemoryDesign;
use super::fit::fit;
use super::predict::{Predictions, Predictor};
use super::problem::{FitError, FitOptions, Fitted};
use linfa::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, ArrayBase, Data, Ix1, Ix2};
use std::convert::Infallible;

/// Why a dataset of linfa could not be fitted.
#[derive(Debug, thiserror::Error)]
pub enum DatasetFitError {
    /// The solver refused it.
    #[error(transparent)]
    Fit(#[from] FitError<Infallible>),
    /// A fault of linfa's own.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}

impl<D: Data<Elem = f64>, T: Data<Elem = usize>> Fit<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>, DatasetFitError>
    for FitOptions
{
    type Object = Fitted;

    /// Fits the dataset; there are as many classes as class weights.
    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>>) -> Result<Fitted, DatasetFitError> {
        let (rows, targets) = (dataset.records.nrows(), dataset.targets.len());
        if rows != targets {
            return Err(linfa::Error::MismatchedShapes(rows, targets).into());
        }
        let columns = dataset.records.columns().into_iter().map(|c| c.to_vec()).collect();
        // A class number beyond 32 bits is beyond the classes too, which is what the solver says of this one.
        let classes = dataset
            .targets
            .iter()
            .map(|&class| u32::try_from(class).unwrap_or(u32::MAX))
            .collect();
        Ok(fit(
            &MemoryDesign::new(columns, classes),
            self.class_weights.len(),
            self,
        )?)
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<usize>> for Predictor {
    fn predict_inplace(&self, rows: &ArrayBase<D, Ix2>, classes: &mut Array1<usize>) {
        let columns: Vec<Vec<f64>> = rows.columns().into_iter().map(|c| c.to_vec()).collect();
        let mut said = Predictions::default();
        self.predict(&columns, rows.nrows(), &mut said);
        for (to, from) in classes.iter_mut().zip(said.classes) {
            *to = from as usize;
        }
    }

    fn default_target(&self, rows: &ArrayBase<D, Ix2>) -> Array1<usize> {
        Array1::zeros(rows.nrows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::traits::Predict;
    use linfa::{Dataset, prelude::ToConfusionMatrix};
    use linfa_logistic::LogisticRegression;
    use ndarray::{Array2, array};

    fn dataset() -> Dataset<f64, usize, Ix1> {
        let records: Array2<f64> = array![
            [0.5, 1.0],
            [1.5, -0.3],
            [-1.0, 0.2],
            [-0.7, -1.1],
            [0.9, 0.8],
            [-0.2, 0.4],
            [0.1, -0.9],
            [1.2, 1.1]
        ];
        Dataset::new(records, array![1, 1, 0, 0, 1, 1, 0, 0])
    }

    /// linfa's own solver, L-BFGS, on the same problem: its `alpha` is `1 / C`.
    #[test]
    fn linfa_logistic_comes_near_the_same_optimum() {
        let dataset = dataset();
        let ours = FitOptions {
            c: 0.5,
            ..FitOptions::new(2)
        }
        .fit(&dataset)
        .unwrap();
        let theirs = LogisticRegression::default()
            .alpha(2.0)
            .gradient_tolerance(1e-8)
            .fit(&dataset)
            .unwrap();
        // Which class is the positive one is linfa's choice: it turns all signs.
        let sign = (theirs.params()[0] * ours.coefficients[0][0]).signum();
        let pairs = ours.coefficients[0].iter().zip(theirs.params());
        for (ours, theirs) in pairs.chain([(&ours.intercepts[0], &theirs.intercept())]) {
            assert!((ours - sign * theirs).abs() < 1e-6, "{ours} {theirs}");
        }
    }

    #[test]
    fn predictions_feed_linfas_metrics() {
        let dataset = dataset();
        let model = FitOptions::new(2).fit(&dataset).unwrap().predictor();
        let classes: Array1<usize> = Predict::predict(&model, &dataset);
        let accuracy = classes.confusion_matrix(&dataset).unwrap().accuracy();
        assert!(accuracy >= 0.75, "{accuracy}");
    }

    #[test]
    fn a_class_beyond_the_weights_is_a_fault() {
        let dataset = Dataset::new(array![[0.0], [1.0]], array![0, 2]);
        let fault = FitOptions::new(2).fit(&dataset).unwrap_err();
        assert!(
            matches!(fault, DatasetFitError::Fit(FitError::Malformed { block: 0 })),
            "{fault}"
        );
    }
}
