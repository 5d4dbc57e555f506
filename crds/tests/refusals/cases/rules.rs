//! Each rule in CEL with what it admits and what it refuses.

use super::objects::Kind;
use super::{forms, relations, reserved};
use serde_json::Value;
use trainyard_crds::patterns::Pattern;

/// A rule: where a value goes, one that it admits, one that it refuses, the field and the words with which it does.
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) pointer: &'static str,
    pub(crate) admitted: Value,
    pub(crate) refused: Value,
    /// As the server writes it: the entry of a map in brackets.
    pub(crate) field: &'static str,
    pub(crate) words: String,
}

impl Case {
    /// The object that is admitted.
    pub(crate) fn admits(&self) -> Value {
        self.kind.with(self.pointer, &self.admitted)
    }

    /// The object that is refused.
    pub(crate) fn refuses(&self) -> Value {
        self.kind.with(self.pointer, &self.refused)
    }
}

/// Every rule.
pub(crate) fn cases() -> Vec<Case> {
    let case = |(kind, pointer, admitted, refused, field, words): Row| Case {
        kind,
        pointer,
        admitted,
        refused,
        field,
        words: words.to_owned(),
    };
    let of_pattern = |(kind, pointer, admitted, refused, field, regex): Row| Case {
        words: Pattern::of(regex).expect("a pattern").words.to_owned(),
        ..case((kind, pointer, admitted, refused, field, ""))
    };
    let of_key = |row| {
        let case = of_pattern(row);
        Case {
            words: format!("a key {}", case.words),
            ..case
        }
    };
    let rows = relations::relations().into_iter().map(case);
    let rows = rows.chain(forms::patterns().into_iter().map(of_pattern));
    let rows = rows.chain(forms::keys().into_iter().map(of_key));
    rows.chain(reserved::reserved().into_iter().map(case)).collect()
}

/// The kind, where a value goes, one that is admitted, one that is refused, the field, the words.
pub(super) type Row = (Kind, &'static str, Value, Value, &'static str, &'static str);
