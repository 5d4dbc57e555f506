//! How a text with values is read: into pieces, of which some refer to a value.

use crate::fault::did_you_mean;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Stands for itself.
    Text(String),
    /// Stands for a value.
    Value(Reference),
}

/// What stands between `$(` and `)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// `parameters.NAME`
    Parameter(String),
    /// `run.name`
    RunName,
    /// `run.slot`
    RunSlot,
    /// `slot.date`
    SlotDate,
    /// `slot.start`
    SlotStart,
    /// `slot.end`
    SlotEnd,
    /// `stages.STAGE.outputs.KEY`
    Output { stage: String, key: String },
}

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    /// `$(` without `)`.
    #[error("`$(` is never closed by `)`")]
    Unclosed,
    /// `$(…)` with something else in it.
    #[error("`$({inner})` is no value")]
    Unknown { inner: String },
}

/// The values without a name of their own, as they are written.
const FIXED: [(&str, Reference); 5] = [
    ("run.name", Reference::RunName),
    ("run.slot", Reference::RunSlot),
    ("slot.date", Reference::SlotDate),
    ("slot.start", Reference::SlotStart),
    ("slot.end", Reference::SlotEnd),
];

impl TemplateError {
    /// What to write instead.
    pub(crate) fn suggestion(&self) -> String {
        match self {
            Self::Unclosed => "write `$$(` for the characters `$(`".to_owned(),
            Self::Unknown { inner } => did_you_mean(inner, FIXED.iter().map(|(name, _)| *name)).unwrap_or_else(|| {
                "there are `parameters.NAME`, `run.name`, `run.slot`, `slot.date`, `slot.start`, `slot.end` and \
                 `stages.NAME.outputs.KEY`; write `$$(` for the characters `$(`"
                    .to_owned()
            }),
        }
    }
}

impl Reference {
    fn parse(inner: &str) -> Option<Self> {
        if let Some((_, fixed)) = FIXED.iter().find(|(name, _)| *name == inner) {
            return Some(fixed.clone());
        }
        if let Some(name) = inner.strip_prefix("parameters.") {
            return (!name.is_empty()).then(|| Self::Parameter(name.to_owned()));
        }
        let (stage, key) = inner.strip_prefix("stages.")?.split_once(".outputs.")?;
        (!stage.is_empty() && !key.is_empty()).then(|| Self::Output {
            stage: stage.to_owned(),
            key: key.to_owned(),
        })
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parameter(name) => write!(f, "$(parameters.{name})"),
            Self::RunName => f.write_str("$(run.name)"),
            Self::RunSlot => f.write_str("$(run.slot)"),
            Self::SlotDate => f.write_str("$(slot.date)"),
            Self::SlotStart => f.write_str("$(slot.start)"),
            Self::SlotEnd => f.write_str("$(slot.end)"),
            Self::Output { stage, key } => write!(f, "$(stages.{stage}.outputs.{key})"),
        }
    }
}

/// The pieces of `text`, in order.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$$(") {
            plain.push_str("$(");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("$(") {
            let (inner, after) = after.split_once(')').ok_or(TemplateError::Unclosed)?;
            let value = Reference::parse(inner).ok_or_else(|| TemplateError::Unknown {
                inner: inner.to_owned(),
            })?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Value(value));
            rest = after;
        } else {
            plain.push('$');
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn parameter(name: &str) -> Piece {
        Piece::Value(Reference::Parameter(name.to_owned()))
    }

    #[test]
    fn texts_that_can_be_read_table() {
        for (written, wanted) in [
            ("", vec![text("")]),
            ("plain", vec![text("plain")]),
            ("$", vec![text("$")]),
            ("5 $ (net)", vec![text("5 $ (net)")]),
            ("$$", vec![text("$$")]),
            ("$$(a)", vec![text("$(a)")]),
            ("$$$(a)", vec![text("$$(a)")]),
            ("$(parameters.a)", vec![parameter("a")]),
            (
                "x$(parameters.a)$(run.name)y",
                vec![text("x"), parameter("a"), Piece::Value(Reference::RunName), text("y")],
            ),
            (
                "$(stages.train.outputs.roc_auc)",
                vec![Piece::Value(Reference::Output {
                    stage: "train".into(),
                    key: "roc_auc".into(),
                })],
            ),
            (
                "$(stages.a.outputs.b.outputs.c)",
                vec![Piece::Value(Reference::Output {
                    stage: "a".into(),
                    key: "b.outputs.c".into(),
                })],
            ),
            (
                "ü$(slot.date)ü",
                vec![text("ü"), Piece::Value(Reference::SlotDate), text("ü")],
            ),
        ] {
            assert_eq!(pieces(written), Ok(wanted), "{written}");
        }
    }

    #[test]
    fn texts_that_cannot_be_read_table() {
        let unknown = |inner: &str| TemplateError::Unknown {
            inner: inner.to_owned(),
        };
        for (written, wanted) in [
            ("$(", TemplateError::Unclosed),
            ("a $(parameters.x", TemplateError::Unclosed),
            ("$()", unknown("")),
            ("$(parameters.)", unknown("parameters.")),
            ("$(parameter.x)", unknown("parameter.x")),
            ("$(stages..outputs.x)", unknown("stages..outputs.x")),
            ("$(stages.a.output.x)", unknown("stages.a.output.x")),
            ("$( run.name )", unknown(" run.name ")),
        ] {
            assert_eq!(pieces(written), Err(wanted), "{written}");
        }
        assert_eq!(unknown("slot.dat").suggestion(), "did you mean `slot.date`?");
    }
}
