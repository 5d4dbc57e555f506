//! What is wrong with a pipeline or with a run's parameters, and in which field.
//!
//! A fault is for the person who wrote the manifest: a field that can be found in the file, a sentence, and where it is
//! known, what was probably meant. Not here: lines and columns (the reader of the file knows them).

use std::fmt;

/// A field of a manifest: `spec.stages[2].dependsOn[0]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(Vec<FieldStep>);

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldStep {
    /// Into the field of an object.
    Field(String),
    /// To the element of a list, from 0.
    Index(usize),
}

impl FieldPath {
    /// A path that begins at the field `name` of the document.
    pub fn root(name: &str) -> Self {
        Self::default().field(name)
    }

    /// The path of the field `name` below this one.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.step(FieldStep::Field(name.to_owned()))
    }

    /// The path of the element `index` of this list.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(FieldStep::Index(index))
    }

    /// The steps from the root of the document.
    pub fn steps(&self) -> &[FieldStep] {
        &self.0
    }

    fn step(&self, step: FieldStep) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                FieldStep::Field(name) if i == 0 => write!(f, "{name}")?,
                FieldStep::Field(name) => write!(f, ".{name}")?,
                FieldStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// One fault of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct SpecFault {
    /// Where it stands.
    pub field: FieldPath,
    /// What is wrong, in a sentence that does not repeat the field.
    pub message: String,
    /// What to do, where that is known: `did you mean "validate"?`
    pub suggestion: Option<String>,
}

impl SpecFault {
    /// A fault without a suggestion.
    pub fn new(field: FieldPath, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
            suggestion: None,
        }
    }

    /// The same fault with a suggestion.
    #[must_use]
    pub fn suggest(self, suggestion: impl Into<Option<String>>) -> Self {
        Self {
            suggestion: suggestion.into(),
            ..self
        }
    }
}

/// How alike two names must be (Jaro-Winkler, 0 to 1) to be offered: typing errors are above it, other words below.
const ALIKE: f64 = 0.8;

/// ``did you mean `validate`?``, if one of `names` is like `name`, or `name` is a word of one: `auc` of `roc_auc`.
pub fn did_you_mean<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let likeness = |known: &str| {
        let is_word_of = known.split('_').any(|word| word == name);
        strsim::jaro_winkler(name, known).max(if is_word_of { ALIKE } else { 0.0 })
    };
    names
        .into_iter()
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| format!("did you mean `{known}`?"))
}

/// `a`, `b` and `c`, each in backticks.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_in_kubectl_explain() {
        let path = FieldPath::root("spec")
            .field("stages")
            .index(2)
            .field("dependsOn")
            .index(0);
        assert_eq!(path.to_string(), "spec.stages[2].dependsOn[0]");
    }

    #[test]
    fn typing_errors_are_recognised_and_other_words_are_not() {
        let names = ["extract", "validate", "train", "roc_auc"];
        for (written, meant) in [
            ("valdate", Some("did you mean `validate`?")),
            ("trian", Some("did you mean `train`?")),
            ("Extract", Some("did you mean `extract`?")),
            ("auc", Some("did you mean `roc_auc`?")),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(did_you_mean(written, names).as_deref(), meant, "{written}");
        }
    }

    #[test]
    fn lists_table() {
        assert_eq!(listed([]), "");
        assert_eq!(listed(["a"]), "`a`");
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
