//! How large a number, a text, a list may be, and what form a text has.

use super::Walk;
use crate::manifest::{Position, shortened};
use serde_json::{Number, Value};
use trainyard_crds::patterns::{FIXED, Pattern};
use trainyard_engine::FieldPath;

/// A bound on a size.
pub(super) fn bound(schema: &Value, name: &str) -> Option<usize> {
    schema[name].as_u64().and_then(|bound| usize::try_from(bound).ok())
}

impl Walk {
    /// Whether a list or map has an allowed size.
    pub(super) fn count(
        &mut self,
        schema: &Value,
        [least, most]: [&str; 2],
        count: usize,
        at: Position,
        field: &FieldPath,
    ) -> bool {
        if let Some(least) = bound(schema, least).filter(|least| count < *least) {
            let message = if least == 1 {
                "must not be empty".to_owned()
            } else {
                format!("must have at least {least} entries")
            };
            self.find(at, field, message);
            return false;
        }
        if let Some(most) = bound(schema, most).filter(|most| count > *most) {
            self.find(at, field, format!("has {count} entries, at most {most} are allowed"));
            return false;
        }
        true
    }

    /// Whether a text has an allowed length, in characters, and the pattern.
    pub(super) fn form(&mut self, schema: &Value, text: &str, at: Position, field: &FieldPath) -> bool {
        let length = text.chars().count();
        if length == 0 && bound(schema, "minLength").is_some_and(|least| least > 0) {
            self.find(at, field, "must not be empty");
            return false;
        }
        let pattern = schema["pattern"].as_str().and_then(Pattern::of);
        if let Some(words) = pattern.and_then(|pattern| pattern.refusal(text)) {
            let message = if words == FIXED {
                words.to_owned()
            } else {
                format!("`{}` {words}", shortened(text))
            };
            self.find(at, field, message);
            return false;
        }
        if let Some(most) = bound(schema, "maxLength").filter(|most| length > *most) {
            self.find(
                at,
                field,
                format!("has {length} characters, at most {most} are allowed"),
            );
            return false;
        }
        true
    }

    /// Whether a number lies in the schema's range.
    pub(super) fn range(
        &mut self,
        schema: &Value,
        (number, written): (&Number, &str),
        at: Position,
        field: &FieldPath,
    ) -> bool {
        let value = number.as_f64().unwrap_or(f64::NAN);
        let above = schema["exclusiveMinimum"] == true;
        let least = &schema["minimum"];
        let most = &schema["maximum"];
        let too_small = least
            .as_f64()
            .is_some_and(|least| value < least || (above && value <= least));
        let too_large = most.as_f64().is_some_and(|most| value > most);
        if !too_small && !too_large {
            return true;
        }
        let range = match (least.is_null(), most.is_null()) {
            (false, false) if above => format!("above {least} and at most {most}"),
            (false, false) => format!("{least} to {most}"),
            (false, true) if above => format!("above {least}"),
            (false, true) => format!("at least {least}"),
            (true, _) => format!("at most {most}"),
        };
        self.find(at, field, format!("must be {range}, is {}", shortened(written)));
        false
    }
}
