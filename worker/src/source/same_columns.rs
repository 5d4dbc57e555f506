//! Whether another file has the columns of the first, and in what it differs.

use crate::csv::Word;
use crate::similar::similar;
use std::collections::HashSet;

/// In what `other`, the columns of one file, differ from `first`, those of another: a sentence that begins behind the
/// file's name. `None` where they are the same in the same order.
pub(crate) fn difference(first: &[String], other: &[String]) -> Option<String> {
    if first == other {
        return None;
    }
    let of_first: HashSet<&String> = first.iter().collect();
    let of_other: HashSet<&String> = other.iter().collect();
    let missing = first.iter().find(|name| !of_other.contains(name));
    let added = other.iter().find(|name| !of_first.contains(name));
    Some(match (missing, added) {
        (Some(missing), Some(_)) => {
            let new = other.iter().filter(|name| !of_first.contains(name));
            let found = similar(missing, new.map(String::as_str))
                .map_or_else(String::new, |found| format!("; found `{}`", Word::new(found)));
            format!("column `{}` is missing{found}", Word::new(missing))
        }
        (Some(missing), None) => format!("column `{}` is missing", Word::new(missing)),
        (None, Some(added)) => format!("column `{}` is one too many", Word::new(added)),
        (None, None) => {
            let place = first
                .iter()
                .zip(other)
                .position(|(first, other)| first != other)
                .unwrap_or(0);
            format!(
                "column {} is `{}`, not `{}`",
                place + 1,
                Word::new(&other[place]),
                Word::new(&first[place])
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_table() {
        let names = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        for (first, other, wanted) in [
            ("a,b", "a,b", None),
            ("a,b", "b,a", Some("column 1 is `b`, not `a`")),
            ("a,b,c", "a,c,b", Some("column 2 is `c`, not `b`")),
            ("a,b", "a", Some("column `b` is missing")),
            ("a", "a,b", Some("column `b` is one too many")),
            (
                "age,salary",
                "age,Salary",
                Some("column `salary` is missing; found `Salary`"),
            ),
            ("age,salary", "age,x", Some("column `salary` is missing")),
        ] {
            assert_eq!(
                difference(&names(first), &names(other)).as_deref(),
                wanted,
                "{first} {other}"
            );
        }
    }
}
