//! What makes the folder of a version one that MLflow loads: `MLmodel` and what it names.
//!
//! In: a model, and how the table looked that it was trained on. Out: files, the same for the same data (no time, no random name).
//!
//! `MLmodel` names the flavours `onnx` (`model.onnx`), with joblib `sklearn` (`model.pkl`), and `python_function`, which takes a pandas
//! DataFrame with the columns of the table: with joblib through `mlflow.sklearn`, which gives labels; else through `mlflow.onnx`, which gives
//! the columns that `trainyard predict` adds. MLflow feeds ONNX an array a column and makes a DataFrame of its outputs, which fits
//! neither the matrices that `model.onnx` takes nor those that it gives; so it gets `mlflow.onnx`, the same model by columns.
//!
//! Read by MLflow 2.14 to 3.17 (`xtask/live/check_mlflow.py`). What MLflow does not do is in `docs/mlflow.md`.

mod environment;
mod sample;
mod signature;

use super::{ModelFile, onnx};
use environment::{CONDA_FILE, PYTHON, PYTHON_FILE};
use sample::{EXAMPLE_FILE, SERVING_FILE};
pub use sample::{FrameType, SAMPLE_ROWS_MAX, TableSample};
use trainyard_contract::layout::{ONNX_FILE, PICKLE_FILE};

/// What MLflow looks for in a folder.
const MLMODEL_FILE: &str = "MLmodel";
/// The model by columns, for `python_function`.
const TABLES_FILE: &str = "mlflow.onnx";

/// The files, by name. `has_pickle`: `model.pkl` is among the others.
pub fn files(model: &ModelFile, sample: &TableSample, has_pickle: bool) -> Vec<(&'static str, Vec<u8>)> {
    let mut files = vec![
        (MLMODEL_FILE, mlmodel(model, sample, has_pickle).into_bytes()),
        (EXAMPLE_FILE, sample.example(model).into_bytes()),
        (SERVING_FILE, sample.serving_example(model).into_bytes()),
    ];
    let has_text = sample.types.contains(&FrameType::Text);
    files.extend(environment::files(has_pickle, has_text));
    if !has_pickle {
        files.push((TABLES_FILE, onnx::bytes_for_tables(model, &sample.types)));
    }
    files
}

/// The YAML; every value but the signature is a plain word.
fn mlmodel(model: &ModelFile, sample: &TableSample, has_pickle: bool) -> String {
    let (loader, data) = if has_pickle {
        ("mlflow.sklearn", format!("model_path: {PICKLE_FILE}"))
    } else {
        ("mlflow.onnx", format!("data: {TABLES_FILE}"))
    };
    let sklearn = if has_pickle {
        format!("  sklearn:\n    pickled_model: {PICKLE_FILE}\n    serialization_format: pickle\n")
    } else {
        String::new()
    };
    let inputs = quoted(&signature::inputs(model, &sample.types));
    let outputs = quoted(&signature::outputs(model, has_pickle));
    format!(
        "flavors:
  onnx:
    data: {ONNX_FILE}
    providers:
    - CPUExecutionProvider
  python_function:
    {data}
    env:
      conda: {CONDA_FILE}
      virtualenv: {PYTHON_FILE}
    loader_module: {loader}
    predict_fn: predict
    python_version: '{PYTHON}'
{sklearn}saved_input_example_info:
  artifact_path: {EXAMPLE_FILE}
  pandas_orient: split
  serving_input_path: {SERVING_FILE}
  type: dataframe
signature:
  inputs: {inputs}
  outputs: {outputs}
  params: null
"
    )
}

/// A text without line ends as a YAML scalar.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests;
