//! `model.onnx`: the model as a graph that any ONNX runtime evaluates, with probabilities.
//!
//! One input `features`, double, `[rows, features]` in the order of `model.json` (with `preprocess` over text an input a feature,
//! [`encoding`]); outputs `label` (int64 or string, `[rows]`)
//! and `probabilities` (double, `[rows, classes]`). ONNX has a `LinearClassifier`, but it computes in float32 and ends up to
//! 4e-6 off; plain operators on doubles agree with `model.json` to the last digits:
//!
//! - two classes: `z = features * w + b`, probabilities `sigmoid([-z, z])`, so that neither is one minus the other and loses
//!   its digits;
//! - more: `softmax(features * W + b)`.
//!
//! The label is the class of the largest probability; of equal ones the first, so 0.5 gives `classes[0]`.
//!
//! [`bytes_for_tables`] is the same model for readers that take a table and give one: an input a column, an output a column.

mod encoding;
mod messages;

use super::{Classes, FrameType, ModelFile, PREDICTION};
use encoding::{Encoding, ML_DOMAIN};
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
/// Likewise of the operators for machine learning.
const ML_OPSET_VERSION: i64 = 2;
/// The one input, where no feature is text.
const FEATURES: &str = "features";

/// What a graph is given.
#[derive(Clone, Copy)]
enum Inputs<'a> {
    /// Numbers as one matrix; where a feature is text, a matrix of one column a feature.
    Tensors,
    /// The columns of a table that has these types.
    Columns(&'a [FrameType]),
}

/// The bytes of `model.onnx`.
pub fn bytes(model: &ModelFile) -> Vec<u8> {
    encoded(model, Inputs::Tensors)
}

/// The bytes of a graph that takes the columns of a table, of a type each, and gives those that `predict` adds: `prediction` and
/// `probability_<class>`, all `[rows]`. A table of one column is a matrix of one.
pub fn bytes_for_tables(model: &ModelFile, columns: &[FrameType]) -> Vec<u8> {
    encoded(model, Inputs::Columns(columns))
}

fn encoded(model: &ModelFile, inputs: Inputs<'_>) -> Vec<u8> {
    ModelProto {
        ir_version: IR_VERSION,
        producer_name: "trainyard".to_owned(),
        producer_version: model.trainyard_version.clone(),
        graph: Some(graph(model, inputs)),
        opset_import: opsets(model),
        metadata_props: vec![
            entry("features", &serde_json::json!(model.features).to_string()),
            entry("target", &model.target),
        ],
    }
    .encode_to_vec()
}

fn opsets(model: &ModelFile) -> Vec<OperatorSetIdProto> {
    let mut opsets = vec![OperatorSetIdProto {
        domain: String::new(),
        version: OPSET_VERSION,
    }];
    if model.preprocess.text_features().next().is_some() {
        opsets.push(OperatorSetIdProto {
            domain: ML_DOMAIN.to_owned(),
            version: ML_OPSET_VERSION,
        });
    }
    opsets
}

fn graph(model: &ModelFile, inputs: Inputs<'_>) -> GraphProto {
    let encoding = Encoding::of(model, inputs);
    let name = |name: &str| format!("{}{name}", encoding.prefix);
    let output = |name: &str| {
        if model.features.iter().any(|feature| feature == name) {
            format!("{}{name}", encoding.prefix)
        } else {
            name.to_owned()
        }
    };
    let (label, probabilities) = match inputs {
        Inputs::Tensors => (output("label"), output("probabilities")),
        Inputs::Columns(_) => (output(PREDICTION), name("probabilities")),
    };
    let mut node = encoding.node;
    let (products, scores) = (name("products"), name("scores"));
    node.push(operator(
        "MatMul",
        &[&encoding.output, &name("coefficients")],
        &products,
        None,
    ));
    node.push(operator("Add", &[&products, &name("intercepts")], &scores, None));
    if model.classes.count() == 2 {
        let (opposite, both) = (name("opposite_scores"), name("both_scores"));
        node.push(operator("Neg", &[&scores], &opposite, None));
        node.push(operator("Concat", &[&opposite, &scores], &both, Some(("axis", 1))));
        node.push(operator("Sigmoid", &[&both], &probabilities, None));
    } else {
        node.push(operator("Softmax", &[&scores], &probabilities, Some(("axis", 1))));
    }
    let mut largest = operator("ArgMax", &[&probabilities], &name("largest"), Some(("axis", 1)));
    largest.attribute.push(integer("keepdims", 0));
    node.push(largest);
    node.push(operator(
        "Gather",
        &[&name("classes"), &name("largest")],
        &label,
        Some(("axis", 0)),
    ));
    let (label_type, classes) = classes(&model.classes, name("classes"));
    let mut initializer = encoding.initializer;
    let of_model = [
        coefficients(model, &encoding.order, name("coefficients")),
        intercepts(model, name("intercepts")),
        classes,
    ];
    initializer.extend(of_model);
    let mut outputs = vec![tensor(&label, label_type, None)];
    match inputs {
        Inputs::Tensors => outputs.push(tensor(&probabilities, DOUBLE, Some(model.classes.count()))),
        Inputs::Columns(_) => {
            for (class, column) in model.answer_columns().iter().skip(1).enumerate() {
                let (place, column) = (name(&format!("class:{class}")), output(column));
                node.push(operator(
                    "Gather",
                    &[&probabilities, &place],
                    &column,
                    Some(("axis", 1)),
                ));
                initializer.push(scalar(place, dimension(class)));
                outputs.push(tensor(&column, DOUBLE, None));
            }
        }
    }
    GraphProto {
        node,
        name: "logistic_regression".to_owned(),
        initializer,
        input: encoding.input,
        output: outputs,
    }
}

/// A number without dimensions: what is gathered by it loses one.
fn scalar(name: String, number: i64) -> TensorProto {
    TensorProto {
        name,
        data_type: INT64,
        int64_data: vec![number],
        ..TensorProto::default()
    }
}

/// `[encoded features, vectors]`: the transpose of what `model.json` has, in the order of the encoding.
fn coefficients(model: &ModelFile, order: &[usize], name: String) -> TensorProto {
    let rows = &model.coefficients;
    TensorProto {
        name,
        data_type: DOUBLE,
        dims: vec![dimension(order.len()), dimension(rows.len())],
        double_data: order
            .iter()
            .flat_map(|&feature| rows.iter().map(move |row| row[feature]))
            .collect(),
        ..TensorProto::default()
    }
}

fn intercepts(model: &ModelFile, name: String) -> TensorProto {
    TensorProto {
        name,
        data_type: DOUBLE,
        dims: vec![dimension(model.intercepts.len())],
        double_data: model.intercepts.clone(),
        ..TensorProto::default()
    }
}

fn classes(classes: &Classes, name: String) -> (i32, TensorProto) {
    let tensor = TensorProto {
        name,
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
        domain: String::new(),
    }
}

fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        i: Some(value),
        kind: ATTRIBUTE_INT,
        ..AttributeProto::default()
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
