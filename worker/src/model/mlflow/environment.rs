//! What has to be installed for MLflow to load a version: for pip, for conda, for virtualenv.
//!
//! Bounds, not pins: from the oldest release that a version was loaded by to the next that may break. A version says the same whatever is
//! installed where it was trained, which is no Python at all.
//!
//! pandas 3 keeps texts in arrays of its own, and MLflow hands them to onnxruntime, which takes numpy's only: text through ONNX needs pandas 2.

/// The Python of a fresh environment: all releases below have wheels for it.
pub(super) const PYTHON: &str = "3.12";
pub(super) const CONDA_FILE: &str = "conda.yaml";
pub(super) const PYTHON_FILE: &str = "python_env.yaml";
const PIP_FILE: &str = "requirements.txt";

const ALWAYS: [&str; 4] = [
    "mlflow>=2.14,<4",
    "numpy>=1.26,<3",
    "onnx>=1.14,<2",
    "onnxruntime>=1.16,<2",
];
const PANDAS: &str = "pandas>=2.1,<4";
const PANDAS_FOR_TEXT_THROUGH_ONNX: &str = "pandas>=2.1,<3";
const WITH_PICKLE: &str = "scikit-learn>=1.3,<2";

pub(super) fn files(has_pickle: bool, has_text: bool) -> [(&'static str, Vec<u8>); 3] {
    let pandas = if has_text && !has_pickle {
        PANDAS_FOR_TEXT_THROUGH_ONNX
    } else {
        PANDAS
    };
    let with_pickle = has_pickle.then_some(WITH_PICKLE);
    let packages: Vec<&str> = ALWAYS.into_iter().chain([pandas]).chain(with_pickle).collect();
    let lines = |before: &str| -> String { packages.iter().flat_map(|package| [before, package, "\n"]).collect() };
    let conda = format!(
        "name: mlflow-env\nchannels:\n- conda-forge\ndependencies:\n- python={PYTHON}\n- pip\n- pip:\n{}",
        lines("  - ")
    );
    let python = format!(
        "python: '{PYTHON}'\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\ndependencies:\n- -r {PIP_FILE}\n"
    );
    [
        (PIP_FILE, lines("").into_bytes()),
        (CONDA_FILE, conda.into_bytes()),
        (PYTHON_FILE, python.into_bytes()),
    ]
}
