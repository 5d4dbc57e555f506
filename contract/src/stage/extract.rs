//! `extract`: a table from outside becomes a dataset.

use crate::names::{OBJECT_NAME_MAX, OBJECT_NAME_PATTERN};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The words that pandas reads as missing (`pandas._libs.parsers.STR_NA_VALUES`, pandas 3.1), besides the empty cell.
pub const PANDAS_NULL_WORDS: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL",
    "NaN", "None", "n/a", "nan", "null",
];

/// The pattern of a key of a Secret or ConfigMap, as the API server has it: the name of a file in a folder, not `.` or `..`.
pub const OBJECT_KEY_PATTERN: &str = r"^\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$";

/// Reads a table into a dataset. Exactly one source is set: `csv` or `parquet`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.csv) != has(self.parquet)", "message": "extract needs exactly one source: csv or parquet"},
]))]
pub struct ExtractSpec {
    /// A CSV file, plain or compressed with gzip or zstd (known by its first bytes, whatever its name).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csv: Option<CsvSource>,
    /// A Parquet file. Numbers stay numbers; booleans become the texts `True` and `False`, dates and times texts such as
    /// `2026-11-24` and `2026-11-24 05:30:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parquet: Option<ParquetSource>,
}

impl ExtractSpec {
    /// Where the file is, as the manifest says it; `None` where it comes from a ConfigMap.
    pub fn path(&self) -> Option<&str> {
        let csv = self.csv.as_ref().and_then(|csv| csv.path.as_deref());
        csv.or_else(|| self.parquet.as_ref().map(|parquet| parquet.path.as_str()))
    }

    /// The key of a ConfigMap that holds the file.
    pub fn config_map(&self) -> Option<&ConfigMapKey> {
        self.csv.as_ref().and_then(|csv| csv.config_map.as_ref())
    }
}

impl From<CsvSource> for ExtractSpec {
    fn from(csv: CsvSource) -> Self {
        Self {
            csv: Some(csv),
            parquet: None,
        }
    }
}

impl From<ParquetSource> for ExtractSpec {
    fn from(parquet: ParquetSource) -> Self {
        Self {
            csv: None,
            parquet: Some(parquet),
        }
    }
}

/// A Parquet file, or several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParquetSource {
    /// Where the file is: below the workspace; on a laptop beside the manifest, or anywhere when absolute.
    /// `$(parameters.x)` may stand in it. Where its last part has wildcards (`*`, `?`, `[0-9]`, `[!a-z]`), it is all files
    /// that match, in the order of their names: one table, whose files must have the same columns.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
}

/// A CSV file, or several, and how to read them. Exactly one of `path` and `configMap` is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.path) != has(self.configMap)", "message": "csv needs exactly one of path and configMap"},
    {"rule": "!has(self.header) || self.header != 'Absent' || (has(self.columns) && size(self.columns) > 0)",
     "message": "columns must name every column when header is Absent", "fieldPath": ".columns"},
    {"rule": "!has(self.delimiter) || self.delimiter != (has(self.quote) ? self.quote : '\"')",
     "message": "delimiter must not be the same character as quote (`\"` when left out)", "fieldPath": ".delimiter"},
    {"rule": "has(self.delimiter) || !has(self.quote) || self.quote != ','",
     "message": "quote must not be the same character as delimiter (`,` when left out)", "fieldPath": ".quote"},
]))]
pub struct CsvSource {
    /// Where the file is: below the workspace; on a laptop beside the manifest, or anywhere when absolute.
    /// `$(parameters.x)` may stand in it. Where its last part has wildcards (`*`, `?`, `[0-9]`, `[!a-z]`), it is all files
    /// that match, in the order of their names: one table, whose files must have the same columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub path: Option<String>,
    /// The key of a ConfigMap that holds the file, for tables of up to 1 MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<ConfigMapKey>,
    /// The one character between cells; `,` when left out. A tab is `"\t"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1), regex(pattern = r"^[\t -~]$"))]
    pub delimiter: Option<String>,
    /// The one character round a cell that holds a delimiter, a line end or itself (doubled); `"` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1), regex(pattern = r"^[!-~]$"))]
    pub quote: Option<String>,
    /// Whether the first line holds the columns' names, and how they are taken: `Present` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// The words that are read as missing, instead of pandas' (`NA`, `NaN`, `null`, …). An empty cell is missing always.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), inner(length(max = 64)))]
    pub null_values: Option<Vec<String>>,
    /// Types of columns, instead of the inferred ones; with `header: Absent` the names of all columns, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10_000), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub columns: Vec<DeclaredColumn>,
}

/// A key of a ConfigMap in the run's namespace; on a laptop a ConfigMap in the same file as the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigMapKey {
    /// The ConfigMap's name.
    #[schemars(length(min = 1, max = OBJECT_NAME_MAX), regex(pattern = OBJECT_NAME_PATTERN))]
    pub name: String,
    /// The key in its `data` or `binaryData`.
    #[schemars(length(min = 1, max = OBJECT_NAME_MAX), regex(pattern = OBJECT_KEY_PATTERN))]
    pub key: String,
}

/// How the first line of a CSV file is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Header {
    /// The first line holds the names of the columns, taken as they stand.
    #[default]
    Present,
    /// The first line holds the names of the columns, taken in lower case.
    Lowercase,
    /// As `Present`; a column without a name, as pandas and R write row numbers, is called `Unnamed: 0`, with its place from 0, as in
    /// pandas.
    NumberUnnamed,
    /// The first line is data; `columns` holds the names.
    Absent,
}

/// A column with its type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredColumn {
    /// The column's name, as it stands in the header.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// What its cells are; inferred from the whole file when left out.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub column_type: Option<ColumnType>,
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ColumnType {
    /// Whole numbers between -2^63 and 2^63 - 1.
    Integer,
    /// Numbers, as float64.
    Number,
    /// Text, as it stands between the delimiters.
    Text,
}
