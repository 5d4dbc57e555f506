//! `model.onnx`: the model as a graph that any ONNX runtime evaluates, with probabilities.
//!
//! One input `features`, double, `[rows, features]` in the order of `model.json`; outputs `label` (int64 or string, `[rows]`)
//! and `probabilities` (double, `[rows, classes]`). ONNX has a `LinearClassifier`, but it computes in float32 and ends up to
//! 4e-6 off; plain operators on doubles agree with `model.json` to the last digits:
//!
//! - two classes: `z = features * w + b`, probabilities `sigmoid([-z, z])`, so that neither is one minus the other and loses
//!   its digits;
//! - more: `softmax(features * W + b)`.
//!
//! The label is the class of the largest probability; of equal ones the first, so 0.5 gives `classes[0]`.

mod messages;

use super::{Classes, ModelFile};
use messages::{
    ATTRIBUTE_INT, AttributeProto, DOUBLE, DimensionProto, GraphProto, INT64, ModelProto, NodeProto,
    OperatorSetIdProto, STRING, StringStringEntryProto, TensorProto, TensorShapeProto, TensorTypeProto, TypeProto,
    ValueInfoProto,
};
use prost::Message;

/// Read by every onnxruntime since 1.12 (2022).
const IR_VERSION: i64 = 8;
/// The operators' version that goes with it; `Softmax` works along one axis since 13.
const OPSET_VERSION: i64 = 17;

/// The bytes of `model.onnx`.
pub fn bytes(model: &ModelFile) -> Vec<u8> {
    ModelProto {
        ir_version: IR_VERSION,
        producer_name: "trainyard".to_owned(),
        producer_version: model.trainyard_version.clone(),
        graph: Some(graph(model)),
        opset_import: vec![OperatorSetIdProto {
            domain: String::new(),
            version: OPSET_VERSION,
        }],
        metadata_props: vec![
            entry("features", &serde_json::json!(model.features).to_string()),
            entry("target", &model.target),
        ],
    }
    .encode_to_vec()
}

fn graph(model: &ModelFile) -> GraphProto {
    let features = model.features.len();
    let mut node = vec![
        operator("MatMul", &["features", "coefficients"], "products", None),
        operator("Add", &["products", "intercepts"], "scores", None),
    ];
    if model.classes.count() == 2 {
        node.push(operator("Neg", &["scores"], "opposite_scores", None));
        node.push(operator(
            "Concat",
            &["opposite_scores", "scores"],
            "both_scores",
            Some(("axis", 1)),
        ));
        node.push(operator("Sigmoid", &["both_scores"], "probabilities", None));
    } else {
        node.push(operator("Softmax", &["scores"], "probabilities", Some(("axis", 1))));
    }
    let mut largest = operator("ArgMax", &["probabilities"], "largest", Some(("axis", 1)));
    largest.attribute.push(integer("keepdims", 0));
    node.push(largest);
    node.push(operator("Gather", &["classes", "largest"], "label", Some(("axis", 0))));
    let (label_type, classes) = classes(&model.classes);
    GraphProto {
        node,
        name: "logistic_regression".to_owned(),
        initializer: vec![coefficients(model), intercepts(model), classes],
        input: vec![tensor("features", DOUBLE, Some(features))],
        output: vec![
            tensor("label", label_type, None),
            tensor("probabilities", DOUBLE, Some(model.classes.count())),
        ],
    }
}

/// `[features, vectors]`: the transpose of what `model.json` has.
fn coefficients(model: &ModelFile) -> TensorProto {
    let rows = &model.coefficients;
    TensorProto {
        name: "coefficients".to_owned(),
        data_type: DOUBLE,
        dims: vec![dimension(model.features.len()), dimension(rows.len())],
        double_data: (0..model.features.len())
            .flat_map(|feature| rows.iter().map(move |row| row[feature]))
            .collect(),
        ..TensorProto::default()
    }
}

fn intercepts(model: &ModelFile) -> TensorProto {
    TensorProto {
        name: "intercepts".to_owned(),
        data_type: DOUBLE,
        dims: vec![dimension(model.intercepts.len())],
        double_data: model.intercepts.clone(),
        ..TensorProto::default()
    }
}

fn classes(classes: &Classes) -> (i32, TensorProto) {
    let tensor = TensorProto {
        name: "classes".to_owned(),
        dims: vec![dimension(classes.count())],
        ..TensorProto::default()
    };
    match classes {
        Classes::Whole(numbers) => (
            INT64,
            TensorProto {
                data_type: INT64,
                int64_data: numbers.clone(),
                ..tensor
            },
        ),
        Classes::Text(texts) => (
            STRING,
            TensorProto {
                data_type: STRING,
                string_data: texts.iter().map(|text| text.clone().into_bytes()).collect(),
                ..tensor
            },
        ),
    }
}

fn operator(kind: &str, inputs: &[&str], output: &str, attribute: Option<(&str, i64)>) -> NodeProto {
    NodeProto {
        input: inputs.iter().map(ToString::to_string).collect(),
        output: vec![output.to_owned()],
        name: output.to_owned(),
        op_type: kind.to_owned(),
        attribute: attribute
            .map(|(name, value)| integer(name, value))
            .into_iter()
            .collect(),
    }
}

fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        i: Some(value),
        kind: ATTRIBUTE_INT,
    }
}

/// An input or output with any number of rows, and columns where it has any.
fn tensor(name: &str, elem_type: i32, columns: Option<usize>) -> ValueInfoProto {
    let rows = DimensionProto {
        dim_value: None,
        dim_param: Some("rows".to_owned()),
    };
    let columns = columns.map(|columns| DimensionProto {
        dim_value: Some(dimension(columns)),
        dim_param: None,
    });
    ValueInfoProto {
        name: name.to_owned(),
        value_type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type,
                shape: Some(TensorShapeProto {
                    dim: std::iter::once(rows).chain(columns).collect(),
                }),
            }),
        }),
    }
}

fn dimension(size: usize) -> i64 {
    // Nothing in memory is larger.
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn entry(key: &str, value: &str) -> StringStringEntryProto {
    StringStringEntryProto {
        key: key.to_owned(),
        value: value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::model_file::tests::seed_model;

    #[test]
    fn a_graph_reads_back_with_the_models_numbers() {
        let mut three = seed_model();
        three.classes = Classes::Text(vec!["a".into(), "b".into(), "c".into()]);
        three.coefficients = vec![vec![1.0, 2.0], vec![3.0, 4.0], vec![-4.0, -6.0]];
        three.intercepts = vec![0.5, 0.25, -0.75];
        for (model, flat, operators) in [
            (
                seed_model(),
                vec![1.501_826_254_491_992e-6, 3.003_652_508_984_092_4e-3],
                "MatMul Add Neg Concat Sigmoid ArgMax Gather",
            ),
            (
                three,
                vec![1.0, 3.0, -4.0, 2.0, 4.0, -6.0],
                "MatMul Add Softmax ArgMax Gather",
            ),
        ] {
            let graph = ModelProto::decode(bytes(&model).as_slice()).unwrap().graph.unwrap();
            let kinds: Vec<_> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
            assert_eq!(kinds.join(" "), operators);
            assert_eq!(graph.initializer[0].double_data, flat);
            assert_eq!(graph.initializer[1].double_data, model.intercepts);
        }
    }
}
