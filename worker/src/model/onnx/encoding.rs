//! The part of a graph that stands before the coefficients: `preprocess`, in plain operators.
//!
//! Where a feature is text each feature is an input of its own, `[rows, 1]`, named as its column: double, or string for text. Else
//! there is one input `features`. For tables ([`Inputs::Columns`]) each feature is an input of the table's type, `[rows]`.
//! A missing number is NaN, a missing text is empty. Numbers go through one `Where` (fill), `Sub` and `Div`
//! (scale) together; a category is compared with all of its column's, and rare ones are added up by a product. An unknown category is all zeros
//! also where the model refuses it: a graph cannot refuse a row.

use super::messages::{
    ATTRIBUTE_INT, ATTRIBUTE_INTS, ATTRIBUTE_STRINGS, AttributeProto, DOUBLE, INT64, NodeProto, STRING, TensorProto,
    ValueInfoProto,
};
use super::{FEATURES, Inputs, dimension, operator, tensor};
use crate::model::{FrameType, ModelFile};
use crate::preprocess::categories::Categories;
use crate::preprocess::{FittedColumn, FittedOneHot, FittedScale};
use std::collections::{HashMap, HashSet};
use trainyard_contract::stage::UnknownCategory;

/// The domain of `LabelEncoder`.
pub(super) const ML_DOMAIN: &str = "ai.onnx.ml";

/// What onnxruntime makes of the missing texts of a table: `str` of Python's NaN, None and pandas' NA.
const MISSING_WORDS: [&str; 3] = ["nan", "None", "<NA>"];

/// What stands before the coefficients.
pub(super) struct Encoding {
    pub(super) input: Vec<ValueInfoProto>,
    pub(super) node: Vec<NodeProto>,
    pub(super) initializer: Vec<TensorProto>,
    /// The tensor of the encoded features.
    pub(super) output: String,
    /// Which encoded feature each of its columns is.
    pub(super) order: Vec<usize>,
    /// What the names of all other tensors begin with: none of them must be that of an input.
    pub(super) prefix: String,
    /// The tensor of each feature, `[rows, 1]`, where each is an input of its own.
    columns: Option<Vec<String>>,
    /// Whether texts come out of a table of Python's, where a missing one is a word.
    missing_are_words: bool,
}

/// Stands before the names of tensors where inputs have the names of columns.
const PREFIX: &str = "trainyard:";

impl Encoding {
    /// That of `model`.
    pub(super) fn of(model: &ModelFile, inputs: Inputs<'_>) -> Self {
        let has_text = model.preprocess.text_features().next().is_some();
        let are_columns = matches!(inputs, Inputs::Columns(_));
        let mut prefix = String::new();
        if are_columns || !model.preprocess.is_empty() {
            prefix.push_str(PREFIX);
            while model.features.iter().any(|name| name.starts_with(&prefix)) {
                prefix.push(':');
            }
        }
        let mut encoding = Self {
            input: Vec::new(),
            node: Vec::new(),
            initializer: Vec::new(),
            output: FEATURES.to_owned(),
            order: (0..model.features.len()).collect(),
            prefix,
            columns: None,
            missing_are_words: are_columns,
        };
        match inputs {
            Inputs::Columns(types) => encoding.table(model, types),
            Inputs::Tensors if has_text => encoding.columns(model),
            Inputs::Tensors => encoding
                .input
                .push(tensor(FEATURES, DOUBLE, Some(model.features.len()))),
        }
        if !model.preprocess.is_empty() {
            encoding.encode(model);
        } else if let Some(columns) = encoding.columns.take() {
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            encoding.output = encoding.concatenated(&columns, "features");
        }
        encoding
    }

    /// An input a feature, `[rows, 1]`.
    fn columns(&mut self, model: &ModelFile) {
        let texts: HashSet<&str> = model.preprocess.text_features().collect();
        let kind = |name: &String| if texts.contains(name.as_str()) { STRING } else { DOUBLE };
        let inputs = model.features.iter().map(|name| tensor(name, kind(name), Some(1)));
        self.input.extend(inputs);
        self.columns = Some(model.features.clone());
    }

    /// An input a feature, as a table has it: `[rows]`. A table of one column comes as a matrix.
    fn table(&mut self, model: &ModelFile, types: &[FrameType]) {
        let width = (model.features.len() == 1).then_some(1);
        let shape = self.constant("column", whole(&[2], vec![-1, 1]));
        let mut columns = Vec::new();
        for (name, kind) in model.features.iter().zip(types) {
            let element = match kind {
                FrameType::Long => INT64,
                FrameType::Double => DOUBLE,
                FrameType::Text => STRING,
            };
            self.input.push(tensor(name, element, width));
            let mut column = self.push("Reshape", &[name, &shape], &format!("column:{name}"));
            if *kind == FrameType::Long {
                let number = self.name(&format!("number:{name}"));
                let cast = operator("Cast", &[&column], &number, Some(("to", i64::from(DOUBLE))));
                self.node.push(cast);
                column = number;
            }
            columns.push(column);
        }
        self.columns = Some(columns);
    }

    fn encode(&mut self, model: &ModelFile) {
        let of: HashMap<&str, &FittedColumn> = model
            .preprocess
            .columns
            .iter()
            .map(|column| (column.column.as_str(), column))
            .collect();
        let column = |name: &String| of.get(name.as_str()).copied();
        let is_category = |name: &String| column(name).is_some_and(|column| column.one_hot.is_some());
        let numbers: Vec<usize> = (0..model.features.len())
            .filter(|&feature| !is_category(&model.features[feature]))
            .collect();
        let mut parts = Vec::new();
        self.order.clear();
        let starts = starts(model, &column);
        if !numbers.is_empty() {
            let names: Vec<&String> = numbers.iter().map(|&feature| &model.features[feature]).collect();
            let raw = match &self.columns {
                Some(columns) => {
                    let columns: Vec<String> = numbers.iter().map(|&feature| columns[feature].clone()).collect();
                    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                    self.concatenated(&columns, "numbers")
                }
                None if numbers.len() == model.features.len() => FEATURES.to_owned(),
                None => self.gathered(&numbers, "numbers"),
            };
            let columns: Vec<Option<&FittedColumn>> = names.iter().map(|name| column(name)).collect();
            let filled = self.filled(&raw, &columns);
            parts.push(self.scaled(&filled, &columns));
            self.order.extend(numbers.iter().map(|&feature| starts[feature]));
        }
        for (feature, name) in model.features.iter().enumerate() {
            let Some((column, one_hot)) = column(name).and_then(|column| Some((column, column.one_hot.as_ref()?)))
            else {
                continue;
            };
            let raw = match &self.columns {
                Some(columns) => columns[feature].clone(),
                None => self.gathered(&[feature], &format!("category:{name}")),
            };
            parts.push(self.category(name, &raw, column, one_hot));
            self.order.extend(starts[feature]..starts[feature] + one_hot.width());
        }
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        self.output = self.concatenated(&parts, "encoded");
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn push(&mut self, kind: &str, inputs: &[&str], output: &str) -> String {
        let output = self.name(output);
        self.node.push(operator(kind, inputs, &output, None));
        output
    }

    fn constant(&mut self, name: &str, tensor: TensorProto) -> String {
        let name = self.name(name);
        self.initializer.push(TensorProto {
            name: name.clone(),
            ..tensor
        });
        name
    }

    /// Columns side by side.
    fn concatenated(&mut self, parts: &[&str], name: &str) -> String {
        if let [only] = parts {
            return (*only).to_owned();
        }
        let output = self.name(name);
        self.node.push(operator("Concat", parts, &output, Some(("axis", 1))));
        output
    }

    /// Some columns of `features`.
    fn gathered(&mut self, columns: &[usize], name: &str) -> String {
        let indices = whole(
            &[columns.len()],
            columns.iter().map(|&column| dimension(column)).collect(),
        );
        let indices = self.constant(&format!("{name}:columns"), indices);
        let output = self.name(name);
        self.node
            .push(operator("Gather", &[FEATURES, &indices], &output, Some(("axis", 1))));
        output
    }

    /// With missing numbers filled.
    fn filled(&mut self, raw: &str, columns: &[Option<&FittedColumn>]) -> String {
        let fills: Vec<Option<f64>> = columns.iter().map(|column| column.and_then(fill)).collect();
        if fills.iter().all(Option::is_none) {
            return raw.to_owned();
        }
        let fills = fills.into_iter().map(|fill| fill.unwrap_or(f64::NAN)).collect();
        let fills = self.constant("fills", real(&[1, columns.len()], fills));
        let missing = self.push("IsNaN", &[raw], "missing");
        self.push("Where", &[&missing, &fills, raw], "filled")
    }

    fn scaled(&mut self, filled: &str, columns: &[Option<&FittedColumn>]) -> String {
        let scales: Vec<Option<&FittedScale>> = columns
            .iter()
            .map(|column| column.and_then(|column| column.scale.as_ref()))
            .collect();
        if scales.iter().all(Option::is_none) {
            return filled.to_owned();
        }
        let centres = scales
            .iter()
            .map(|scale| scale.map_or(0.0, |scale| scale.centre))
            .collect();
        let centres = self.constant("centres", real(&[1, columns.len()], centres));
        let widths = scales
            .iter()
            .map(|scale| scale.map_or(1.0, |scale| scale.scale))
            .collect();
        let widths = self.constant("scales", real(&[1, columns.len()], widths));
        let around_zero = self.push("Sub", &[filled, &centres], "centred");
        self.push("Div", &[&around_zero, &widths], "scaled")
    }

    /// Zeros and ones of one category column.
    fn category(&mut self, name: &str, raw: &str, column: &FittedColumn, one_hot: &FittedOneHot) -> String {
        let count = one_hot.categories.count();
        let own = |what: &str| format!("{what}:{name}");
        let equal = match &one_hot.categories {
            Categories::Numbers(numbers) => {
                let filled = match fill(column) {
                    None => raw.to_owned(),
                    Some(number) => {
                        let fill = self.constant(&own("fill"), real(&[1, 1], vec![number]));
                        let missing = self.push("IsNaN", &[raw], &own("missing"));
                        self.push("Where", &[&missing, &fill, raw], &own("filled"))
                    }
                };
                let known = self.constant(&own("categories"), real(&[1, count], numbers.clone()));
                self.push("Equal", &[&filled, &known], &own("equal"))
            }
            Categories::Texts(texts) => {
                let places = self.places(name, raw, column, texts);
                let known = self.constant(&own("places"), whole(&[1, count], (0..count).map(dimension).collect()));
                self.push("Equal", &[&places, &known], &own("equal"))
            }
        };
        let ones = self.name(&own("ones"));
        self.node
            .push(operator("Cast", &[&equal], &ones, Some(("to", i64::from(DOUBLE)))));
        if one_hot.infrequent.is_empty() {
            return ones;
        }
        self.grouped(&own("group"), &ones, one_hot)
    }

    /// The place of each text among the categories, -1 for others.
    fn places(&mut self, name: &str, raw: &str, column: &FittedColumn, texts: &[String]) -> String {
        let mut keys: Vec<Vec<u8>> = texts.iter().map(|text| text.clone().into_bytes()).collect();
        let mut values: Vec<i64> = (0..texts.len()).map(dimension).collect();
        let fill = column.impute.as_ref().and_then(|impute| impute.text.as_deref());
        let place = fill.and_then(|fill| texts.binary_search_by(|text| text.as_str().cmp(fill)).ok());
        let words = MISSING_WORDS.iter().filter(|_| self.missing_are_words);
        for missing in std::iter::once(&"").chain(words) {
            if let Some(place) = place.filter(|_| !texts.iter().any(|text| text == missing)) {
                keys.push(missing.as_bytes().to_vec());
                values.push(dimension(place));
            }
        }
        let output = self.name(&format!("place:{name}"));
        let mut node = operator("LabelEncoder", &[raw], &output, None);
        ML_DOMAIN.clone_into(&mut node.domain);
        node.attribute = vec![
            AttributeProto {
                name: "keys_strings".to_owned(),
                strings: keys,
                kind: ATTRIBUTE_STRINGS,
                ..AttributeProto::default()
            },
            AttributeProto {
                name: "values_int64s".to_owned(),
                ints: values,
                kind: ATTRIBUTE_INTS,
                ..AttributeProto::default()
            },
            AttributeProto {
                name: "default_int64".to_owned(),
                i: Some(-1),
                kind: ATTRIBUTE_INT,
                ..AttributeProto::default()
            },
        ];
        self.node.push(node);
        output
    }

    /// Rare categories share the last column; so do unknown ones where the model says so.
    fn grouped(&mut self, name: &str, ones: &str, one_hot: &FittedOneHot) -> String {
        let (count, width) = (one_hot.categories.count(), one_hot.width());
        let mut groups = vec![0.0; count * width];
        for (place, column) in one_hot.columns().into_iter().enumerate() {
            groups[place * width + column] = 1.0;
        }
        let groups = self.constant(&format!("{name}:of"), real(&[count, width], groups));
        if one_hot.unknown != UnknownCategory::Infrequent {
            return self.push("MatMul", &[ones, &groups], name);
        }
        let known = self.push("MatMul", &[ones, &groups], &format!("{name}:known"));
        let axes = self.constant(&format!("{name}:axes"), whole(&[1], vec![1]));
        let some = self.name(&format!("{name}:some"));
        self.node
            .push(operator("ReduceSum", &[ones, &axes], &some, Some(("keepdims", 1))));
        let one = self.constant(&format!("{name}:one"), real(&[1, 1], vec![1.0]));
        let none = self.push("Sub", &[&one, &some], &format!("{name}:none"));
        let mut last = vec![0.0; width];
        last[width - 1] = 1.0;
        let last = self.constant(&format!("{name}:last"), real(&[1, width], last));
        let others = self.push("MatMul", &[&none, &last], &format!("{name}:others"));
        self.push("Add", &[&known, &others], name)
    }
}

/// What fills missing numbers.
fn fill(column: &FittedColumn) -> Option<f64> {
    column.impute.as_ref().and_then(|impute| impute.number)
}

/// The first encoded feature of each feature.
fn starts<'a>(model: &ModelFile, column: &impl Fn(&String) -> Option<&'a FittedColumn>) -> Vec<usize> {
    let mut next = 0;
    model
        .features
        .iter()
        .map(|name| {
            let start = next;
            let one_hot = column(name).and_then(|column| column.one_hot.as_ref());
            next += one_hot.map_or(1, FittedOneHot::width);
            start
        })
        .collect()
}

fn real(dims: &[usize], numbers: Vec<f64>) -> TensorProto {
    TensorProto {
        data_type: DOUBLE,
        dims: dims.iter().map(|&size| dimension(size)).collect(),
        double_data: numbers,
        ..TensorProto::default()
    }
}

fn whole(dims: &[usize], numbers: Vec<i64>) -> TensorProto {
    TensorProto {
        data_type: INT64,
        dims: dims.iter().map(|&size| dimension(size)).collect(),
        int64_data: numbers,
        ..TensorProto::default()
    }
}
