//! What a stage does, by kind: the part of a manifest that goes to a worker unchanged.
//!
//! Each kind is one struct here, one optional field of a stage on the wire (`crds`), one variant of [`StageSpec`] behind the
//! door, one file in `worker/src/stage/`.

mod evaluate;
mod extract;
mod predict;
mod preprocess;
mod search;
mod split;
mod train;
mod train_columns;
mod validate;

pub use evaluate::{EvaluateSpec, MetricName, MistakeCost, REQUIRABLE_METRICS, ThresholdChoice, ThresholdMetric};

pub use extract::{
    ColumnType, ConfigMapKey, CsvSource, DeclaredColumn, ExtractSpec, Header, OBJECT_KEY_PATTERN, PANDAS_NULL_WORDS,
    ParquetSource,
};
pub use predict::{ModelChoice, ModelUse, PredictSpec, PredictionFormat};
pub use preprocess::{
    ConstantValue, Impute, ImputeStrategy, OneHot, PreprocessStep, Scale, ScaleMethod, UnknownCategory,
};
pub use search::{Search, SearchGrid};
pub use split::{RandomSplit, Split, SplitColumn};
pub use train::{Balanced, ClassWeight, LogisticRegressionSpec, SaveFormat, TrainSpec};
pub use train_columns::TrainColumns;
pub use validate::{NullRule, ValidateSpec};

use serde::{Deserialize, Serialize};

/// What one stage does: exactly one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StageSpec {
    /// Reads a table from outside into a dataset.
    Extract(ExtractSpec),
    /// Checks a dataset and passes it on, or fails.
    Validate(ValidateSpec),
    /// Fits a model on a dataset and saves it as a model version.
    Train(TrainSpec),
    /// Judges a model on rows that it has not seen.
    Evaluate(EvaluateSpec),
    /// Adds a model's predictions to a dataset.
    Predict(PredictSpec),
}

impl StageSpec {
    /// The word for the kind, as it stands in a manifest.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Extract(_) => "extract",
            Self::Validate(_) => "validate",
            Self::Train(_) => "train",
            Self::Evaluate(_) => "evaluate",
            Self::Predict(_) => "predict",
        }
    }
}
