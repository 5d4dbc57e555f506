//! How much of a machine a stage may use.

use crate::patterns::{LABEL_KEY_MAX, QUANTITY_PATTERN, RESOURCE_NAME_PATTERN};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Requests and limits of a stage's pod, as in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "!has(self.requests) || !has(self.limits) || self.requests.all(name, !(name in self.limits) || \
              !isQuantity(string(self.requests[name])) || !isQuantity(string(self.limits[name])) || \
              quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)",
     "message": "requests must not be larger than limits", "fieldPath": ".requests"},
]))]
pub struct Resources {
    /// What the scheduler sets aside, as `{cpu: 500m, memory: 256Mi}`; at most 16 entries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "propertyNames" = {"pattern": RESOURCE_NAME_PATTERN, "maxLength": LABEL_KEY_MAX}))]
    pub requests: BTreeMap<String, Quantity>,
    /// What the stage cannot exceed, as `{memory: 2Gi}`; at most 16 entries. More memory than that is class `OutOfMemory`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "propertyNames" = {"pattern": RESOURCE_NAME_PATTERN, "maxLength": LABEL_KEY_MAX}))]
    pub limits: BTreeMap<String, Quantity>,
}

/// An amount as Kubernetes writes it: `500m`, `2`, `256Mi`, `5Gi`. A whole number may stand without quotes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Quantity(String);

impl Quantity {
    /// The amount as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The amount in whole bytes, rounded up, where it counts bytes; `None` where the text is no quantity or beyond all bytes.
    pub fn bytes(&self) -> Option<u64> {
        let (number, unit) = split(&self.0)?;
        let (numerator, denominator) = factor(unit)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
        let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let bytes = digits.checked_mul(numerator)?.div_ceil(scale.checked_mul(denominator)?);
        u64::try_from(bytes).ok()
    }
}

/// Whether a text is a quantity: what [`QUANTITY_PATTERN`](crate::patterns::QUANTITY_PATTERN) says.
pub fn is_quantity(text: &str) -> bool {
    split(text).is_some_and(|(_, unit)| factor(unit).is_some())
}

/// A quantity's number and its unit.
fn split(text: &str) -> Option<(&str, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    let fraction = text[whole..].strip_prefix('.').map_or(0, digits);
    let number = if fraction == 0 { whole } else { whole + 1 + fraction };
    (whole > 0).then(|| text.split_at(number))
}

/// What one of a unit is, as a fraction.
fn factor(unit: &str) -> Option<(u128, u128)> {
    const KIBI: u128 = 1024;
    let factor = match unit {
        "" => (1, 1),
        "m" => (1, 1_000),
        "k" => (1_000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "E" => (1_000_000_000_000_000_000, 1),
        "Ki" => (KIBI, 1),
        "Mi" => (KIBI.pow(2), 1),
        "Gi" => (KIBI.pow(3), 1),
        "Ti" => (KIBI.pow(4), 1),
        "Pi" => (KIBI.pow(5), 1),
        "Ei" => (KIBI.pow(6), 1),
        _ => return power_of_ten(unit),
    };
    Some(factor)
}

/// `e3`
fn power_of_ten(unit: &str) -> Option<(u128, u128)> {
    let exponent = unit.strip_prefix('e')?;
    let plain = (1..=2).contains(&exponent.len()) && exponent.bytes().all(|b| b.is_ascii_digit());
    let exponent = exponent.parse().ok().filter(|_| plain)?;
    Some((10_u128.checked_pow(exponent).unwrap_or(u128::MAX), 1))
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// The two forms that an API server lets pass.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(u64),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Number(number) => number.to_string(),
        }))
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "x-kubernetes-int-or-string": true,
            "maxLength": 32,
            "minimum": 0,
            "pattern": QUANTITY_PATTERN,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_table() {
        for (text, bytes) in [
            ("2", Some(2)),
            ("500m", Some(1)),
            ("1.5Ki", Some(1536)),
            ("256Mi", Some(268_435_456)),
            ("4Gi", Some(4_294_967_296)),
            ("1e3", Some(1_000)),
            ("0", Some(0)),
            ("16Ei", None),
            ("", None),
            ("Gi", None),
            ("1.", None),
            ("2Gb", None),
            ("-1", None),
            ("1e", None),
            ("1e123", None),
        ] {
            let quantity: Quantity = serde_json::from_value(text.into()).expect("text");
            assert_eq!(quantity.bytes(), bytes, "{text}");
        }
        for (text, wanted) in [
            ("16Ei", true),
            ("1e99", true),
            ("1.5", true),
            ("1.", false),
            ("1 Gi", false),
            (".5", false),
        ] {
            assert_eq!(is_quantity(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_whole_number_needs_no_quotes() {
        let quantity: Quantity = serde_json::from_value(2.into()).expect("a number");
        assert_eq!(quantity.as_str(), "2");
    }
}
