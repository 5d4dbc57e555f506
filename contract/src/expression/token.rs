//! The words of a condition.

use super::{Comparison, ExpressionError};

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name without quotes: it may also be a word of the language.
    Word(String),
    /// A name in quotes.
    Quoted(String),
    Number(f64),
    Text(String),
    Compare(Comparison),
    Open,
    Close,
    Comma,
}

/// A word, where it begins (in characters, from 1), and how it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) at: usize,
    pub(super) written: String,
}

impl Placed {
    /// Whether it is this word of the language.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(written) if written.eq_ignore_ascii_case(word))
    }
}

/// All words of `text`.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, ExpressionError> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&first) = characters.get(at) {
        if first.is_whitespace() {
            at += 1;
            continue;
        }
        let (token, end) = token(&characters, at)?;
        tokens.push(Placed {
            token,
            at: at + 1,
            written: characters[at..end].iter().collect(),
        });
        at = end;
    }
    Ok(tokens)
}

/// The word that begins at `at`, and where it ends.
fn token(characters: &[char], at: usize) -> Result<(Token, usize), ExpressionError> {
    let next = characters.get(at + 1).copied();
    let simple = |token, length| Ok((token, at + length));
    match (characters[at], next) {
        ('(', _) => simple(Token::Open, 1),
        (')', _) => simple(Token::Close, 1),
        (',', _) => simple(Token::Comma, 1),
        ('<', Some('=')) => simple(Token::Compare(Comparison::LessOrEqual), 2),
        ('>', Some('=')) => simple(Token::Compare(Comparison::GreaterOrEqual), 2),
        ('<', Some('>')) | ('!', Some('=')) => simple(Token::Compare(Comparison::NotEqual), 2),
        ('=', Some('=')) => simple(Token::Compare(Comparison::Equal), 2),
        ('=', Some(turned @ ('>' | '<'))) => Err(fault(at, format!("`={turned}` is no comparison: write `{turned}=`"))),
        ('=', _) => simple(Token::Compare(Comparison::Equal), 1),
        ('<', _) => simple(Token::Compare(Comparison::Less), 1),
        ('>', _) => simple(Token::Compare(Comparison::Greater), 1),
        ('\'', _) => quoted(characters, at).map(|(text, end)| (Token::Text(text), end)),
        ('`' | '"', _) => quoted(characters, at).map(|(name, end)| (Token::Quoted(name), end)),
        ('&', _) => Err(fault(at, "`&` means nothing here: write `and`".to_owned())),
        ('|', _) => Err(fault(at, "`|` means nothing here: write `or`".to_owned())),
        ('!', _) => Err(fault(at, "`!` means nothing here: write `not`".to_owned())),
        (first, _) if first.is_ascii_digit() || matches!(first, '-' | '+' | '.') => number(characters, at),
        (first, _) if first.is_alphabetic() || first == '_' => {
            let is_part = |c: &&char| c.is_alphanumeric() || matches!(c, '_' | '.');
            let length = characters[at..].iter().take_while(is_part).count();
            let word = characters[at..at + length].iter().collect();
            simple(Token::Word(word), length)
        }
        (first, _) => Err(fault(at, format!("`{first}` means nothing here"))),
    }
}

/// What stands between two of the quotes that `characters[at]` is; a doubled one stands for itself.
fn quoted(characters: &[char], at: usize) -> Result<(String, usize), ExpressionError> {
    let quote = characters[at];
    let mut text = String::new();
    let mut i = at + 1;
    loop {
        match (characters.get(i), characters.get(i + 1)) {
            (Some(&c), Some(&next)) if c == quote && next == quote => {
                text.push(quote);
                i += 2;
            }
            (Some(&c), _) if c == quote => return Ok((text, i + 1)),
            (Some(&c), _) => {
                text.push(c);
                i += 1;
            }
            (None, _) => {
                let what = if quote == '\'' { "text" } else { "name" };
                return Err(fault(at, format!("the {what} that begins here has no closing {quote}")));
            }
        }
    }
}

fn number(characters: &[char], at: usize) -> Result<(Token, usize), ExpressionError> {
    let mut end = at + 1;
    while let Some(&c) = characters.get(end) {
        let signed_exponent = matches!(c, '+' | '-') && matches!(characters[end - 1], 'e' | 'E');
        if !(c.is_alphanumeric() || c == '.' || c == '_' || signed_exponent) {
            break;
        }
        end += 1;
    }
    let written: String = characters[at..end].iter().collect();
    match written.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((Token::Number(number), end)),
        Ok(_) | Err(_) => Err(fault(at, format!("`{written}` is no number"))),
    }
}

/// A fault at the character with this place from 0.
fn fault(at: usize, problem: String) -> ExpressionError {
    ExpressionError { problem, at: at + 1 }
}
