//! The files as text.

use super::*;
use crate::model::model_file::tests::seed_model;
use arrow_array::{ArrayRef, Float64Array, Int8Array};
use std::sync::Arc;

fn sample() -> TableSample {
    let mut sample = TableSample::new(vec![FrameType::Long, FrameType::Double]);
    let features: [ArrayRef; 2] = [
        Arc::new(Int8Array::from(vec![25, 32, 47, 51, 62, 70])),
        Arc::new(Float64Array::from(vec![
            Some(50_000.5),
            None,
            Some(1e300),
            Some(0.1),
            Some(-0.0),
            None,
        ])),
    ];
    sample.take(&features);
    sample
}

fn text(files: &[(&str, Vec<u8>)], name: &str) -> String {
    let (_, bytes) = files.iter().find(|(file, _)| *file == name).unwrap();
    String::from_utf8(bytes.clone()).unwrap()
}

const WITHOUT_PICKLE: &str = r#"flavors:
  onnx:
    data: model.onnx
    providers:
    - CPUExecutionProvider
  python_function:
    data: mlflow.onnx
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.onnx
    predict_fn: predict
    python_version: '3.12'
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  serving_input_path: serving_input_example.json
  type: dataframe
signature:
  inputs: '[{"type": "long", "name": "age", "required": true}, {"type": "double", "name": "salary", "required": true}]'
  outputs: '[{"type": "long", "name": "prediction", "required": true}, {"type": "double", "name": "probability_0", "required": true}, {"type": "double", "name": "probability_1", "required": true}]'
  params: null
"#;

#[test]
fn a_version_without_a_pickle_is_a_function_over_onnx() {
    let files = files(&seed_model(), &sample(), false);
    assert_eq!(text(&files, "MLmodel"), WITHOUT_PICKLE);
    assert_eq!(
        text(&files, "input_example.json"),
        r#"{"columns":["age","salary"],"data":[[25,50000.5],[32,null],[47,1e+300],[51,0.1],[62,-0.0]]}"#
    );
    assert!(files.iter().any(|(name, _)| *name == "mlflow.onnx"));
    assert!(!text(&files, "requirements.txt").contains("scikit-learn"));
}

#[test]
fn a_version_with_a_pickle_is_a_function_over_it() {
    let files = files(&seed_model(), &sample(), true);
    let mlmodel = text(&files, "MLmodel");
    assert!(
        mlmodel.contains("  python_function:\n    model_path: model.pkl\n"),
        "{mlmodel}"
    );
    assert!(mlmodel.contains("    loader_module: mlflow.sklearn\n"), "{mlmodel}");
    assert!(
        mlmodel.contains("  sklearn:\n    pickled_model: model.pkl\n"),
        "{mlmodel}"
    );
    assert!(
        mlmodel.contains("  outputs: '[{\"type\": \"long\", \"required\": true}]'\n"),
        "{mlmodel}"
    );
    assert!(!files.iter().any(|(name, _)| *name == "mlflow.onnx"));
    for name in ["requirements.txt", "conda.yaml"] {
        assert!(text(&files, name).contains("scikit-learn>=1.3,<2\n"), "{name}");
    }
}

#[test]
fn text_through_onnx_asks_for_a_pandas_that_has_numpys_texts() {
    let mut text_too = sample();
    text_too.types[0] = FrameType::Text;
    for (sample, has_pickle, wanted) in [
        (&text_too, false, "pandas>=2.1,<3\n"),
        (&text_too, true, "pandas>=2.1,<4\n"),
        (&sample(), false, "pandas>=2.1,<4\n"),
    ] {
        let requirements = text(&files(&seed_model(), sample, has_pickle), "requirements.txt");
        assert!(requirements.contains(wanted), "{requirements}");
    }
}

#[test]
fn any_name_of_a_column_is_yaml_and_json() {
    let mut model = seed_model();
    model.features = vec!["it's: \"#\n".to_owned(), "é\u{7f}😀".to_owned()];
    let mlmodel = text(&files(&model, &sample(), false), "MLmodel");
    let names = r##""name": "it''s: \"#\n", "required": true}, {"type": "double", "name": "\u00e9\u007f\ud83d\ude00""##;
    assert!(mlmodel.contains(names), "{mlmodel}");
    assert!(mlmodel.is_ascii(), "{mlmodel}");
}
