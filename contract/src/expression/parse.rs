//! From words to a condition, by recursive descent.

use super::token::{Placed, Token, tokens};
use super::{Expression, ExpressionError, Value};

/// How deep parentheses and `not` may be nested: each level is some calls on the stack.
const DEPTH_MAX: usize = 64;

/// The condition that `text` is.
pub(super) fn condition(text: &str) -> Result<Expression, ExpressionError> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        end: text.chars().count() + 1,
    };
    if tokens.is_empty() {
        return Err(ExpressionError {
            problem: "the condition is empty".to_owned(),
            at: 1,
        });
    }
    let condition = parser.any(0)?;
    match parser.tokens.first() {
        None => Ok(condition),
        Some(more) if more.token == Token::Close => Err(parser.fault("this ) closes nothing".to_owned())),
        Some(more) => Err(parser.fault(format!("`and` or `or` is missing before `{}`", more.written))),
    }
}

struct Parser<'a> {
    /// What is still to be read.
    tokens: &'a [Placed],
    /// The place behind the last character, from 1.
    end: usize,
}

/// Whether a word is meant as a truth, of which columns have none.
fn is_truth(placed: &Placed) -> bool {
    ["true", "false"].iter().any(|word| placed.is(word))
}

impl Parser<'_> {
    fn any(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let mut parts = vec![self.all(depth)?];
        while self.take("or") {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn all(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let mut parts = vec![self.term(depth)?];
        while self.take("and") {
            parts.push(self.term(depth)?);
        }
        Ok(one_or(parts, Expression::And))
    }

    fn term(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        if depth == DEPTH_MAX {
            return Err(self.fault(format!("more than {DEPTH_MAX} parentheses and `not`s are nested")));
        }
        if self.take("not") {
            return Ok(Expression::Not(Box::new(self.term(depth + 1)?)));
        }
        if self.take_token(&Token::Open) {
            let inner = self.any(depth + 1)?;
            if !self.take_token(&Token::Close) {
                return Err(self.fault("a closing ) is missing".to_owned()));
            }
            return Ok(inner);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expression, ExpressionError> {
        let written = self.tokens.first().map_or("", |placed| placed.written.as_str());
        let left = self.value("a column, a number or a text is missing")?;
        if self.next_is("is") {
            return self.null(left);
        }
        let negated = self.next_is("not") && self.tokens.get(1).is_some_and(|placed| placed.is("in"));
        if negated {
            self.skip();
        }
        if self.take("in") {
            let one_of = Expression::In(left, self.list()?);
            return Ok(if negated {
                Expression::Not(Box::new(one_of))
            } else {
                one_of
            });
        }
        let Some(Token::Compare(comparison)) = self.tokens.first().map(|placed| &placed.token) else {
            return Err(self.fault(format!(
                "after `{written}` a comparison is missing, such as `{written} > 0`"
            )));
        };
        self.skip();
        if self.next_is("null") {
            return Err(self.fault(format!("nothing equals null: write `{written} is null`")));
        }
        if let Some(word) = self.tokens.first().filter(|placed| is_truth(placed)) {
            let written = &word.written;
            return Err(self.fault(format!(
                "`{written}` is no value: truths are texts, as the file has them: write '{written}'"
            )));
        }
        let right = self.value("a column, a number or a text is missing")?;
        Ok(Expression::Compare(left, *comparison, right))
    }

    fn null(&mut self, left: Value) -> Result<Expression, ExpressionError> {
        let Value::Name(name) = left else {
            return Err(self.fault("only a column can be null".to_owned()));
        };
        self.skip();
        let negated = self.take("not");
        if !self.take("null") {
            return Err(self.fault("after `is` comes `null` or `not null`".to_owned()));
        }
        let is_null = Expression::IsNull(name);
        Ok(if negated {
            Expression::Not(Box::new(is_null))
        } else {
            is_null
        })
    }

    fn list(&mut self) -> Result<Vec<Value>, ExpressionError> {
        if !self.take_token(&Token::Open) {
            return Err(self.fault("after `in` comes a list, such as `('a', 'b')`".to_owned()));
        }
        let mut values = Vec::new();
        loop {
            match self.value("a number or a text is missing")? {
                Value::Name(name) => {
                    return Err(self.fault(format!("`{name}` is no text without quotes: write '{name}'")));
                }
                literal @ (Value::Number(_) | Value::Text(_)) => values.push(literal),
            }
            if !self.take_token(&Token::Comma) {
                break;
            }
        }
        if !self.take_token(&Token::Close) {
            return Err(self.fault("a closing ) is missing".to_owned()));
        }
        Ok(values)
    }

    fn value(&mut self, missing: &str) -> Result<Value, ExpressionError> {
        let is_reserved = |placed: &Placed| {
            ["and", "or", "not", "in", "is", "null"]
                .iter()
                .any(|word| placed.is(word))
        };
        let value = match self.tokens.first() {
            Some(placed) if is_reserved(placed) => None,
            Some(placed) => match &placed.token {
                Token::Word(name) | Token::Quoted(name) => Some(Value::Name(name.clone())),
                Token::Number(number) => Some(Value::Number(*number)),
                Token::Text(text) => Some(Value::Text(text.clone())),
                Token::Compare(_) | Token::Open | Token::Close | Token::Comma => None,
            },
            None => None,
        };
        let value = value.ok_or_else(|| self.fault(missing.to_owned()))?;
        self.skip();
        Ok(value)
    }

    fn next_is(&self, word: &str) -> bool {
        self.tokens.first().is_some_and(|placed| placed.is(word))
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.next_is(word);
        if is_next {
            self.skip();
        }
        is_next
    }

    fn take_token(&mut self, token: &Token) -> bool {
        let is_next = self.tokens.first().is_some_and(|placed| placed.token == *token);
        if is_next {
            self.skip();
        }
        is_next
    }

    fn skip(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or(&[]);
    }

    /// A fault at the next word, or at the end.
    fn fault(&self, problem: String) -> ExpressionError {
        ExpressionError {
            problem,
            at: self.tokens.first().map_or(self.end, |placed| placed.at),
        }
    }
}

fn one_or(mut parts: Vec<Expression>, several: impl FnOnce(Vec<Expression>) -> Expression) -> Expression {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        several(parts)
    }
}
