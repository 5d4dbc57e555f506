//! A text as a cell: in quotes where it must be.

use super::options::Dialect;
use std::borrow::Cow;

/// `cell` as CSV.
pub(crate) fn quoted(cell: &str, dialect: Dialect) -> Cow<'_, str> {
    let (delimiter, quote) = (char::from(dialect.delimiter), char::from(dialect.quote));
    if cell.contains([delimiter, quote, '\n', '\r']) || cell.trim() != cell {
        let quote = quote.to_string();
        Cow::Owned(format!("{quote}{}{quote}", cell.replace(&quote, &quote.repeat(2))))
    } else {
        Cow::Borrowed(cell)
    }
}
