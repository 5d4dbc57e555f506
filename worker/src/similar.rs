//! The name that was probably meant.
//!
//! Used where a column is missing and another one differs only in case, spaces or a letter or two.

/// Longer names are not compared letter by letter: that takes time that grows with the square of their length.
const COMPARED_MAX: usize = 128;

/// The one of `names` that `wanted` was probably meant to be: equal but for case, spaces and punctuation, or at most a
/// third of its letters away. The first of the nearest; `None` if none is near.
pub(crate) fn similar<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = letters(wanted);
    if wanted.is_empty() || wanted.len() > COMPARED_MAX {
        return None;
    }
    let limit = wanted.chars().count() / 3;
    names
        .into_iter()
        .filter(|name| name.len() <= COMPARED_MAX)
        .map(|name| (strsim::levenshtein(&wanted, &letters(name)), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn letters(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_table() {
        for (wanted, names, found) in [
            ("salary", &["age", "Salary", "target"][..], Some("Salary")),
            ("salary", &["age", " salary"], Some(" salary")),
            ("salary", &["age", "celery", "salry"], Some("salry")),
            ("salary", &["age", "target"], None),
            ("first_name", &["FirstName"], Some("FirstName")),
            ("id", &["ix"], None),
            ("id", &["ID"], Some("ID")),
            ("-", &["+"], None),
            ("salary", &[], None),
        ] {
            assert_eq!(similar(wanted, names.iter().copied()), found, "{wanted}");
        }
    }
}
