//! Numbers as people read them.

/// Below it a decimal fraction shows too few digits.
const SMALL: f64 = 1e-3;

/// A count with its thousands apart: `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Four digits behind the point; fewer than four of a small number would be left, so it is written with its power of ten.
pub(super) fn decimal(number: f64) -> String {
    let size = number.abs();
    if size > 0.0 && size < SMALL {
        format!("{number:.2e}")
    } else {
        format!("{number:.4}")
    }
}

/// A small change, by four digits behind the point: less than that is none.
pub(super) fn change(number: f64) -> String {
    let text = format!("{number:.4}");
    if text == "-0.0000" { text[1..].to_owned() } else { text }
}

/// At most four digits behind the point: `469`, `0.25`.
pub(super) fn plain(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A share of one as per cent: `83.1 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A count of things by name: `1 row`, `2,000 rows`.
pub(super) fn of(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", count(number))
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(words: &[String]) -> String {
    joined(words, "and")
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn either(words: &[String]) -> String {
    joined(words, "or")
}

fn joined(words: &[String], last_word: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} {last_word} {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_table() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (100_000, "100,000"),
        ] {
            assert_eq!(count(number), text);
        }
        for (number, text) in [
            (0.0, "0.0000"),
            (0.831_24, "0.8312"),
            (-0.5, "-0.5000"),
            (4.2e-5, "4.20e-5"),
            (12.0, "12.0000"),
        ] {
            assert_eq!(decimal(number), text);
        }
        assert_eq!(
            (percent(0.8312), of(1, "row"), of(1_200, "row")),
            ("83.1 %".into(), "1 row".into(), "1,200 rows".into())
        );
        assert_eq!(
            [change(0.2), change(-1e-6), change(-0.002)],
            ["0.2000", "0.0000", "-0.0020"]
        );
        assert_eq!([plain(469.0), plain(0.25), plain(1e-9)], ["469", "0.25", "0"]);
        let words = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(
            [list(&words[..1]), list(&words[..2]), list(&words)],
            ["a", "a and b", "a, b and c"]
        );
    }
}
