//! Which names a pattern means, as a shell has it: `*` any characters, `?` one, `[abc]`, `[a-z]` and `[!a-z]` one of some.
//!
//! A dot at the beginning of a name is matched by a dot only, so that hidden files stay hidden. A `[` without its `]` is
//! itself.

/// A name with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Character(char),
    AnyOne,
    AnyMany,
    /// One of these ranges, or none of them.
    Set {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
}

impl Pattern {
    /// The pattern in `text`; `None` where it has no wildcard.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let characters: Vec<char> = text.chars().collect();
        let mut pieces = Vec::new();
        let mut rest = characters.as_slice();
        while let [first, after @ ..] = rest {
            rest = after;
            pieces.push(match first {
                '*' => Piece::AnyMany,
                '?' => Piece::AnyOne,
                '[' => match set(after) {
                    Some((set, after)) => {
                        rest = after;
                        set
                    }
                    None => Piece::Character('['),
                },
                other => Piece::Character(*other),
            });
        }
        let is_wild = pieces.iter().any(|piece| !matches!(piece, Piece::Character(_)));
        is_wild.then_some(Self(pieces))
    }

    /// Whether `name` is meant.
    pub(super) fn matches(&self, name: &str) -> bool {
        if name.starts_with('.') && self.0.first() != Some(&Piece::Character('.')) {
            return false;
        }
        let characters: Vec<char> = name.chars().collect();
        let (mut piece, mut at) = (0, 0);
        // Where to go on when the last `*` takes one character more.
        let mut again = None;
        while at < characters.len() {
            match self.0.get(piece) {
                Some(Piece::AnyMany) => {
                    piece += 1;
                    again = Some((piece, at));
                }
                Some(one) if one.is(characters[at]) => {
                    piece += 1;
                    at += 1;
                }
                Some(_) | None => match &mut again {
                    None => return false,
                    Some((after, from)) => {
                        *from += 1;
                        (piece, at) = (*after, *from);
                    }
                },
            }
        }
        self.0[piece..].iter().all(|piece| *piece == Piece::AnyMany)
    }
}

/// The set whose `[` stands before `after`, and what follows its `]`. A `]` right at the beginning is one of the set.
fn set(after: &[char]) -> Option<(Piece, &[char])> {
    let (negated, after) = match after {
        ['!' | '^', after @ ..] => (true, after),
        after => (false, after),
    };
    let end = 1 + after.iter().skip(1).position(|&character| character == ']')?;
    let mut ranges = Vec::new();
    let mut inside = &after[..end];
    while let [first, rest @ ..] = inside {
        (inside, ranges) = match rest {
            ['-', last, rest @ ..] => (rest, with(ranges, (*first, *last))),
            rest => (rest, with(ranges, (*first, *first))),
        };
    }
    Some((Piece::Set { ranges, negated }, &after[end + 1..]))
}

fn with(mut ranges: Vec<(char, char)>, range: (char, char)) -> Vec<(char, char)> {
    ranges.push(range);
    ranges
}

impl Piece {
    fn is(&self, character: char) -> bool {
        match self {
            Self::Character(own) => *own == character,
            Self::AnyOne | Self::AnyMany => true,
            Self::Set { ranges, negated } => {
                let inside = ranges.iter().any(|&(from, to)| (from..=to).contains(&character));
                inside != *negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_table() {
        for (pattern, name, wanted) in [
            ("*", "a.csv", true),
            ("*", "", true),
            ("*", ".a", false),
            (".*", ".a", true),
            ("?a", ".a", false),
            ("[.]a", ".a", false),
            ("2026-*.csv", "2026-01.csv", true),
            ("2026-*.csv", "2026-.csv", true),
            ("2026-*.csv", "2026-01.csv.gz", false),
            ("2026-*.csv", "2025-01.csv", false),
            ("2026-*.csv", "2026-.csv.csv", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXcYb", false),
            ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("?.csv", "a.csv", true),
            ("?.csv", "ü.csv", true),
            ("?.csv", "ab.csv", false),
            ("part-[0-9].csv", "part-7.csv", true),
            ("part-[0-9].csv", "part-x.csv", false),
            ("part-[!0-9].csv", "part-x.csv", true),
            ("part-[^0-9].csv", "part-7.csv", false),
            ("[abc]", "b", true),
            ("[a-]", "-", true),
            ("[]a]", "]", true),
            ("[]a]", "b", false),
            ("[a]*", "a[1", true),
            ("a[*", "a[b", true),
            ("a[*", "ab", false),
        ] {
            let parsed = Pattern::parse(pattern).unwrap();
            assert_eq!(parsed.matches(name), wanted, "{pattern} {name}");
        }
    }

    #[test]
    fn a_text_without_wildcards_is_no_pattern() {
        for text in ["", "a.csv", "a]", "a[1", "[]", "[!]", "ü-.csv"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}
