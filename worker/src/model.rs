//! The files of a model version.
//!
//! A version is a folder that is written once: [`model_file`] (`model.json`, the model itself), [`onnx`], [`pickle`] and [`mlflow`]
//! (the same model for other readers), `manifest.json` (digests of them all). Every number in them comes from the fit; nothing
//! here computes one.

mod answer;
mod classes;
pub mod manifest;
pub mod mlflow;
pub mod model_file;
pub mod onnx;
pub mod pickle;
pub mod predict_csv;
pub mod predict_table;
pub mod version;

pub(crate) use answer::Answerer;
pub use answer::{PREDICTION, PROBABILITY_PREFIX};
pub use classes::Classes;
pub use manifest::{ModelError, ModelInput, ModelManifest, TrainedDataset, read_version};
pub use mlflow::{FrameType, TableSample};
pub use model_file::{Algorithm, ModelFile};
