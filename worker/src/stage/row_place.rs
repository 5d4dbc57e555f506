//! Where a row stands in the file that people know, and what is wrong with a cell there.

use crate::StageError;
use crate::csv::Word;
pub(crate) use crate::dataset::place;
use crate::preprocess::categories::label;
use crate::preprocess::{EncodeFault, EncodeProblem};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};

/// A cell that the model cannot read, at `place`. `features` are the arrays that were encoded, `names` theirs.
pub(crate) fn cell_fault(fault: EncodeFault, place: &str, names: &[String], features: &[ArrayRef]) -> StageError {
    let EncodeFault { feature, row, problem } = fault;
    let name = Word::new(&names[feature]);
    match problem {
        EncodeProblem::Missing => StageError::input_changed(format!(
            "{place}: column `{name}` has missing values that its description does not name"
        )),
        EncodeProblem::NoNumbers => StageError::data(format!(
            "{place}: column `{name}` holds texts, but the model knows it as numbers"
        ))
        .hint("declare the column as Number, or train again on columns of this type"),
        EncodeProblem::UnknownCategory => StageError::data(format!(
            "{place}: column `{name}`: `{}` is a category that no training row has",
            Word::new(&cell(&features[feature], row))
        ))
        .hint("with `oneHot: {unknown: Ignore}` such a cell counts as none of the categories"),
    }
}

/// A cell in words.
fn cell(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "an empty cell".to_owned();
    }
    if let Some(texts) = array.as_string_opt::<i32>() {
        return texts.value(row).to_owned();
    }
    let mut numbers = Vec::new();
    // What is no text is numbers.
    let _ = crate::dataset::read_numbers(array, &mut numbers);
    numbers.get(row).map_or_else(String::new, |&number| label(number))
}
