//! Text as HTML.

use super::super::figures;
use crate::csv::Word;

/// Text that HTML shows as it is, inside elements and attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What HTML has no way to write.
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

/// A name of any length from outside: its beginning.
pub(super) fn name(name: &str) -> String {
    escaped(&Word::new(name).to_string())
}

/// A count that may go on in a new line behind a comma, where a phone's column is narrow.
pub(super) fn count(number: u64) -> String {
    figures::count(number).replace(',', ",<wbr>")
}

/// An element that holds a text.
pub(super) fn element(tag: &str, class: &str, text: &str) -> String {
    let class = if class.is_empty() {
        String::new()
    } else {
        format!(" class=\"{class}\"")
    };
    format!("<{tag}{class}>{}</{tag}>\n", escaped(text))
}

/// Pieces of HTML, one behind the other.
pub(super) fn joined(pieces: impl IntoIterator<Item = String>) -> String {
    pieces.into_iter().collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(escaped("<b>\"&'\0</b>"), "&lt;b&gt;&quot;&amp;&#39;\u{fffd}&lt;/b&gt;");
        assert_eq!(element("p", "note", "a < b"), "<p class=\"note\">a &lt; b</p>\n");
    }
}
