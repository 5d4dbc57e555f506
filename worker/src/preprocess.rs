//! What a model does to columns before it computes with them: missing cells filled, categories turned into zeros and ones, numbers
//! scaled.
//!
//! In: the features of a dataset, and for a fit the rows that a model is trained on. Out: a [`Preprocess`], which is part of
//! the model, and with it one column of numbers an *encoded* feature. It does what scikit-learn's `SimpleImputer`,
//! `OneHotEncoder`, `StandardScaler` and `MinMaxScaler` do.
//!
//! Start with [`fitted`] (what is kept), then [`encode`] (how it is applied), then [`fit`] (how it is found).

pub mod categories;
pub mod encode;
pub mod fit;
pub mod fitted;
mod order_statistic;

pub use encode::{EncodeFault, EncodeProblem, Encoder};
pub use fitted::{FittedColumn, FittedImpute, FittedOneHot, FittedScale, Preprocess};
