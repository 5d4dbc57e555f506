//! Which rows of a dataset a condition holds for: `train.where`.
//!
//! In: a condition and a table's columns. Out: a mask for each block. As in SQL a comparison with a missing cell is neither true nor
//! false; a row counts where the whole condition is true.

use crate::StageError;
use crate::dataset::{is_number, read_numbers};
use crate::similar::similar;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::BooleanBuffer;
use arrow_schema::{DataType, Schema};
use std::cmp::Ordering;
use trainyard_contract::expression::{Comparison, Expression, Value};

/// A condition over the columns of one table.
#[derive(Debug)]
pub(crate) struct RowFilter {
    root: Node,
    columns: Vec<usize>,
}

/// [`Expression`] with columns by their place in [`RowFilter::columns`].
#[derive(Debug)]
enum Node {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    Compare(Operand, Comparison, Operand),
    In(Operand, Vec<Operand>),
    IsNull(usize),
}

#[derive(Clone, Debug)]
enum Operand {
    Column(usize),
    Number(f64),
    Text(String),
}

/// What a condition is in a row.
const FALSE: u8 = 0;
const UNKNOWN: u8 = 1;
const TRUE: u8 = 2;

/// What a side of a comparison holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
}

impl Kind {
    const fn words(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "a text",
        }
    }
}

impl RowFilter {
    /// The condition `text` over the columns of `schema`. `field` is where it stands, for messages.
    ///
    /// # Errors
    /// It is no condition, names a column that is not there, or compares a text with a number (`Config`).
    pub(crate) fn new(text: &str, schema: &Schema, field: &str) -> Result<Self, StageError> {
        let condition =
            Expression::parse(text).map_err(|error| StageError::config(format!("{field}: {error}: `{text}`")))?;
        let mut columns = Vec::new();
        for name in condition.names() {
            let Ok(column) = schema.index_of(name) else {
                let names = schema.fields().iter().map(|field| field.name().as_str());
                let meant = similar(name, names).map_or_else(
                    || "the columns' names are in the dataset's first line".to_owned(),
                    |meant| format!("did you mean `{meant}`?"),
                );
                return Err(StageError::config(format!("{field}: there is no column `{name}`")).hint(meant));
            };
            columns.push(column);
        }
        let names: Vec<&str> = columns
            .iter()
            .map(|&column| schema.field(column).name().as_str())
            .collect();
        let kinds: Vec<Kind> = columns
            .iter()
            .map(|&column| kind_of(schema.field(column).data_type()))
            .collect();
        let compiler = Compiler { field, names, kinds };
        Ok(Self {
            root: compiler.node(&condition)?,
            columns,
        })
    }

    /// The columns that it reads, by their numbers in the table.
    pub(crate) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Which of `rows` rows it is true for; `arrays` are those of [`RowFilter::columns`].
    pub(crate) fn mask(&self, arrays: &[ArrayRef], rows: usize) -> BooleanBuffer {
        let cells: Vec<Cells> = arrays.iter().map(Cells::of).collect();
        let truth = self.root.truth(&cells, rows);
        BooleanBuffer::collect_bool(rows, |row| truth[row] == TRUE)
    }
}

fn kind_of(data_type: &DataType) -> Kind {
    if is_number(data_type) { Kind::Number } else { Kind::Text }
}

struct Compiler<'a> {
    field: &'a str,
    names: Vec<&'a str>,
    kinds: Vec<Kind>,
}

impl Compiler<'_> {
    fn node(&self, condition: &Expression) -> Result<Node, StageError> {
        let all = |parts: &[Expression]| parts.iter().map(|part| self.node(part)).collect::<Result<Vec<_>, _>>();
        Ok(match condition {
            Expression::Or(parts) => Node::Or(all(parts)?),
            Expression::And(parts) => Node::And(all(parts)?),
            Expression::Not(part) => Node::Not(Box::new(self.node(part)?)),
            Expression::Compare(left, comparison, right) => {
                self.check(left, right)?;
                Node::Compare(self.operand(left), *comparison, self.operand(right))
            }
            Expression::In(value, list) => {
                list.iter().try_for_each(|literal| self.check(value, literal))?;
                Node::In(
                    self.operand(value),
                    list.iter().map(|literal| self.operand(literal)).collect(),
                )
            }
            Expression::IsNull(name) => Node::IsNull(self.place(name)),
        })
    }

    fn place(&self, name: &str) -> usize {
        // Every name was looked up before.
        self.names.iter().position(|known| *known == name).unwrap_or(0)
    }

    fn operand(&self, value: &Value) -> Operand {
        match value {
            Value::Name(name) => Operand::Column(self.place(name)),
            Value::Number(number) => Operand::Number(*number),
            Value::Text(text) => Operand::Text(text.clone()),
        }
    }

    fn check(&self, left: &Value, right: &Value) -> Result<(), StageError> {
        let side = |value: &Value| match value {
            Value::Name(name) => (format!("column `{name}`"), self.kinds[self.place(name)]),
            Value::Number(number) => (format!("`{number}`"), Kind::Number),
            Value::Text(text) => (format!("'{text}'"), Kind::Text),
        };
        let ((left, left_kind), (right, right_kind)) = (side(left), side(right));
        if left_kind == right_kind {
            return Ok(());
        }
        let message = format!(
            "{}: {left} is {}, and {right} is {}: they cannot be compared",
            self.field,
            left_kind.words(),
            right_kind.words()
        );
        let hint = if right_kind == Kind::Text {
            "a number stands without quotes"
        } else {
            "a text stands in single quotes"
        };
        Err(StageError::config(message).hint(hint))
    }
}

/// A column's cells.
enum Cells<'a> {
    Numbers(Vec<f64>, &'a ArrayRef),
    Texts(&'a ArrayRef),
}

/// One cell or literal.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Missing,
    Number(f64),
    Text(&'a str),
}

impl<'a> Cells<'a> {
    fn of(array: &'a ArrayRef) -> Self {
        let mut numbers = Vec::new();
        if read_numbers(array, &mut numbers) {
            Self::Numbers(numbers, array)
        } else {
            Self::Texts(array)
        }
    }

    fn cell(&'a self, row: usize) -> Cell<'a> {
        match self {
            Self::Numbers(_, array) | Self::Texts(array) if array.is_null(row) => Cell::Missing,
            Self::Numbers(numbers, _) => Cell::Number(numbers[row]),
            Self::Texts(array) => Cell::Text(array.as_string::<i32>().value(row)),
        }
    }
}

impl Operand {
    fn cell<'a>(&'a self, cells: &'a [Cells<'_>], row: usize) -> Cell<'a> {
        match self {
            Self::Column(place) => cells[*place].cell(row),
            Self::Number(number) => Cell::Number(*number),
            Self::Text(text) => Cell::Text(text),
        }
    }
}

impl Node {
    /// Of each row: true, false or unknown.
    fn truth(&self, cells: &[Cells<'_>], rows: usize) -> Vec<u8> {
        match self {
            // The logic of Kleene: `or` is the greatest, `and` the least.
            Self::Or(parts) => joined(parts, cells, rows, u8::max),
            Self::And(parts) => joined(parts, cells, rows, u8::min),
            Self::Not(part) => {
                let mut truth = part.truth(cells, rows);
                for of_row in &mut truth {
                    *of_row = TRUE - *of_row;
                }
                truth
            }
            Self::Compare(left, comparison, right) => (0..rows)
                .map(|row| compare(left.cell(cells, row), *comparison, right.cell(cells, row)))
                .collect(),
            Self::In(value, list) => (0..rows)
                .map(|row| {
                    let value = value.cell(cells, row);
                    let equal = list
                        .iter()
                        .map(|one| compare(value, Comparison::Equal, one.cell(cells, row)));
                    equal.max().unwrap_or(FALSE)
                })
                .collect(),
            Self::IsNull(place) => (0..rows)
                .map(|row| match cells[*place].cell(row) {
                    Cell::Missing => TRUE,
                    Cell::Number(_) | Cell::Text(_) => FALSE,
                })
                .collect(),
        }
    }
}

fn joined(parts: &[Node], cells: &[Cells<'_>], rows: usize, join: fn(u8, u8) -> u8) -> Vec<u8> {
    let mut parts = parts.iter().map(|part| part.truth(cells, rows));
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        all.iter_mut().zip(part).for_each(|(to, from)| *to = join(*to, from));
    }
    all
}

fn compare(left: Cell<'_>, comparison: Comparison, right: Cell<'_>) -> u8 {
    let order: Option<Ordering> = match (left, right) {
        (Cell::Number(left), Cell::Number(right)) => left.partial_cmp(&right),
        (Cell::Text(left), Cell::Text(right)) => Some(left.cmp(right)),
        // A number beside a text was refused when the condition was read.
        (Cell::Missing, _)
        | (_, Cell::Missing)
        | (Cell::Number(_), Cell::Text(_))
        | (Cell::Text(_), Cell::Number(_)) => {
            return UNKNOWN;
        }
    };
    if comparison.holds(order) { TRUE } else { FALSE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Float64Array, Int8Array, StringArray};
    use arrow_schema::Field;
    use std::sync::Arc;

    fn table() -> (Schema, Vec<ArrayRef>) {
        let schema = Schema::new(vec![
            Field::new("age", DataType::Int8, true),
            Field::new("pay", DataType::Float64, true),
            Field::new("plan", DataType::Utf8, true),
        ]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int8Array::from(vec![Some(17), Some(18), None, Some(40)])),
            Arc::new(Float64Array::from(vec![Some(17.0), None, Some(3.5), Some(-1.0)])),
            Arc::new(StringArray::from(vec![Some("pro"), Some("basic"), Some("pro"), None])),
        ];
        (schema, columns)
    }

    #[test]
    fn masks_table() {
        let (schema, columns) = table();
        for (condition, want) in [
            ("age >= 18", [false, true, false, true]),
            ("not age >= 18", [true, false, false, false]),
            ("age >= 18 or plan = 'pro'", [true, true, true, true]),
            ("age >= 18 and plan = 'basic'", [false, true, false, false]),
            ("plan is null", [false, false, false, true]),
            ("plan is not null and age is not null", [true, true, false, false]),
            ("age = pay", [true, false, false, false]),
            ("plan in ('basic', 'team')", [false, true, false, false]),
            ("plan not in ('basic')", [true, false, true, false]),
            ("plan < 'c'", [false, true, false, false]),
            ("not (age < 18 and pay > 0)", [false, true, false, true]),
            ("1 < 2", [true; 4]),
        ] {
            let filter = RowFilter::new(condition, &schema, "where").unwrap();
            let read: Vec<ArrayRef> = filter
                .columns()
                .iter()
                .map(|&column| Arc::clone(&columns[column]))
                .collect();
            let mask: Vec<bool> = filter.mask(&read, 4).iter().collect();
            assert_eq!(mask, want, "{condition}");
        }
    }

    #[test]
    fn refusals_table() {
        let (schema, _) = table();
        for (condition, message) in [
            ("agee > 1", "train.where: there is no column `agee`"),
            (
                "plan > 1",
                "train.where: column `plan` is a text, and `1` is a number: they cannot be compared",
            ),
            (
                "age = '18'",
                "train.where: column `age` is a number, and '18' is a text: they cannot be compared",
            ),
            (
                "age >",
                "train.where: a column, a number or a text is missing at character 6: `age >`",
            ),
        ] {
            let error = RowFilter::new(condition, &schema, "train.where").unwrap_err();
            assert_eq!(error.to_string(), message, "{condition}");
        }
    }
}
