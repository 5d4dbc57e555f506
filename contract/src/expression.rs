//! The one small language of conditions: `train.where` over the columns of a row, `evaluate.require` over metrics.
//!
//! ```text
//! condition  = all { "or" all }        all = term { "and" term }
//! term       = "not" term | "(" condition ")" | value compare value | value ["not"] "in" "(" literal { "," literal } ")"
//!            | name "is" ["not"] "null"
//! compare    = "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">="
//! name       = word | "`" … "`" | '"' … '"'          literal = number | "'" … "'" (with '' for a quote)
//! ```
//! Words of the language may be written in any case. As in SQL a comparison with a missing value is neither true nor false, and
//! a row counts only where the whole condition is true.
//!
//! Not here: what a name stands for (a column, a metric), and comparing whole columns (the worker).

mod parse;
mod token;

use std::collections::BTreeSet;
use std::fmt;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// At least one holds.
    Or(Vec<Self>),
    /// All hold.
    And(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// Two values compared.
    Compare(Value, Comparison, Value),
    /// A value is one of some.
    In(Value, Vec<Value>),
    /// A named value is missing.
    IsNull(String),
}

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The value of a column or a metric.
    Name(String),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// How two values are compared: numbers by value, texts by code point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Whether it holds for two values in this order; of values that cannot be ordered (NaN) only `!=` holds.
    pub fn holds(self, order: Option<std::cmp::Ordering>) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Self::Equal => order == Some(Equal),
            Self::NotEqual => order != Some(Equal),
            Self::Less => order == Some(Less),
            Self::LessOrEqual => matches!(order, Some(Less | Equal)),
            Self::Greater => order == Some(Greater),
            Self::GreaterOrEqual => matches!(order, Some(Greater | Equal)),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at character {at}")]
pub struct ExpressionError {
    /// What is wrong.
    pub problem: String,
    /// Where, from 1.
    pub at: usize,
}

impl Expression {
    /// The condition that `text` is.
    ///
    /// # Errors
    /// It is none; the error says what stands where.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        parse::condition(text)
    }

    /// All names in it.
    pub fn names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        self.add_names(&mut names);
        names
    }

    fn add_names<'a>(&'a self, names: &mut BTreeSet<&'a str>) {
        match self {
            Self::Or(parts) | Self::And(parts) => parts.iter().for_each(|part| part.add_names(names)),
            Self::Not(part) => part.add_names(names),
            Self::Compare(left, _, right) => names.extend([left, right].into_iter().filter_map(Value::name)),
            Self::In(value, _) => names.extend(value.name()),
            Self::IsNull(name) => {
                names.insert(name);
            }
        }
    }

    /// Names whose values are never missing where the condition is true: those of `x is not null` and of comparisons, unless
    /// they stand in an `or` or below a `not`.
    pub fn never_null(&self) -> BTreeSet<&str> {
        match self {
            Self::And(parts) => parts.iter().flat_map(Self::never_null).collect(),
            Self::Compare(..) | Self::In(..) => self.names(),
            Self::Not(part) => match part.as_ref() {
                Self::IsNull(name) => BTreeSet::from([name.as_str()]),
                Self::In(..) => part.names(),
                Self::Or(_) | Self::And(_) | Self::Not(_) | Self::Compare(..) => BTreeSet::new(),
            },
            Self::Or(_) | Self::IsNull(_) => BTreeSet::new(),
        }
    }
}

impl Value {
    /// The name, if it is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Number(_) | Self::Text(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Value {
        Value::Name(name.to_owned())
    }

    fn greater(left: &str, right: f64) -> Expression {
        Expression::Compare(name(left), Comparison::Greater, Value::Number(right))
    }

    #[test]
    fn conditions_table() {
        let is_null = |of: &str| Expression::IsNull(of.to_owned());
        let not = |part: Expression| Expression::Not(Box::new(part));
        let text = |text: &str| Value::Text(text.to_owned());
        for (written, want) in [
            ("age > 18", greater("age", 18.0)),
            ("AGE>-1.5e3", greater("AGE", -1500.0)),
            ("churned is not null", not(is_null("churned"))),
            ("x IS NULL", is_null("x")),
            (
                "a > 1 or b > 2 and not c > 3",
                Expression::Or(vec![
                    greater("a", 1.0),
                    Expression::And(vec![greater("b", 2.0), not(greater("c", 3.0))]),
                ]),
            ),
            (
                "(a > 1 or b > 2) and c > 3",
                Expression::And(vec![
                    Expression::Or(vec![greater("a", 1.0), greater("b", 2.0)]),
                    greater("c", 3.0),
                ]),
            ),
            (
                "`total day` != 'it''s'",
                Expression::Compare(name("total day"), Comparison::NotEqual, text("it's")),
            ),
            (
                "\"or\" == plan",
                Expression::Compare(name("or"), Comparison::Equal, name("plan")),
            ),
            (
                "plan in ('a', 'b')",
                Expression::In(name("plan"), vec![text("a"), text("b")]),
            ),
            ("n not in (1)", not(Expression::In(name("n"), vec![Value::Number(1.0)]))),
            (
                "länge <> 'ü'",
                Expression::Compare(name("länge"), Comparison::NotEqual, text("ü")),
            ),
        ] {
            assert_eq!(Expression::parse(written), Ok(want), "{written}");
        }
    }

    #[test]
    fn faults_table() {
        for (written, message) in [
            ("", "the condition is empty at character 1"),
            (
                "age",
                "after `age` a comparison is missing, such as `age > 0` at character 4",
            ),
            ("age > ", "a column, a number or a text is missing at character 7"),
            (
                "age > 18 churned",
                "`and` or `or` is missing before `churned` at character 10",
            ),
            ("age > 'x", "the text that begins here has no closing ' at character 7"),
            ("(age > 1", "a closing ) is missing at character 9"),
            ("age = null", "nothing equals null: write `age is null` at character 7"),
            ("age is 5", "after `is` comes `null` or `not null` at character 8"),
            ("a > 1 && b > 2", "`&` means nothing here: write `and` at character 7"),
            ("a => 1", "`=>` is no comparison: write `>=` at character 3"),
            ("a > 1 < 2", "`and` or `or` is missing before `<` at character 7"),
            ("a > 1e999", "`1e999` is no number at character 5"),
            ("1 is null", "only a column can be null at character 3"),
            (
                "man = True",
                "`True` is no value: truths are texts, as the file has them: write 'True' at character 7",
            ),
            ("plan in ()", "a number or a text is missing at character 10"),
        ] {
            let error = Expression::parse(written).expect_err(written);
            assert_eq!(error.to_string(), message, "{written}");
        }
        let deep = "(".repeat(100_000);
        assert!(Expression::parse(&deep).is_err());
        let nots = "not ".repeat(100_000);
        assert!(Expression::parse(&nots).is_err());
    }

    #[test]
    fn names_that_are_never_null() {
        let condition =
            Expression::parse("a is not null and b > c and (d > 1 or e > 1) and not f = 1 and g in (1) and h is null");
        let condition = condition.expect("a condition");
        let never: Vec<&str> = condition.never_null().into_iter().collect();
        assert_eq!(never, ["a", "b", "c", "g"]);
        let all: Vec<&str> = condition.names().into_iter().collect();
        assert_eq!(all, ["a", "b", "c", "d", "e", "f", "g", "h"]);
    }
}
