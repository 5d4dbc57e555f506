//! Whether a text is a date, by its shape.

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Whether `text` is a date, with or without a time behind it: `2026-11-24`, `2026-11-24T05:30:00Z`, `24.11.2026`,
/// `11/24/2026`, `24 Nov 2026`, `November 24, 2026`.
pub(super) fn is_date(text: &str) -> bool {
    is_date_in_numbers(text) || is_date_in_words(text)
}

fn is_date_in_words(text: &str) -> bool {
    let parts: Vec<&str> = text.split([' ', ',', '-']).filter(|part| !part.is_empty()).collect();
    let [first, second, third] = parts.as_slice() else {
        return false;
    };
    let is_month = |part: &str| {
        let begin = part.get(..3).unwrap_or_default().to_ascii_lowercase();
        MONTHS.contains(&begin.as_str())
            && part.len() <= "september".len()
            && part.bytes().all(|b| b.is_ascii_alphabetic())
    };
    let is_number = |part: &str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    is_number(third) && (is_month(first) && is_number(second) || is_number(first) && is_month(second))
}

fn is_date_in_numbers(text: &str) -> bool {
    let date = text.split([' ', 'T']).next().unwrap_or_default();
    ['-', '/', '.'].into_iter().any(|separator| {
        let parts: Vec<&str> = date.split(separator).collect();
        let [first, second, third] = parts.as_slice() else {
            return false;
        };
        let number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
            let plain = digits.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<u32>().unwrap_or(u32::MAX))
        };
        let is_year_first = number(first, 4..=4).is_some();
        let (year, others) = if is_year_first {
            (first, [second, third])
        } else {
            (third, [first, second])
        };
        let small = others.map(|part| number(part, 1..=2));
        let [Some(one), Some(other)] = small else { return false };
        // Of day and month either may come first.
        number(year, 2..=4).is_some() && (1..=31).contains(&one) && (1..=31).contains(&other) && one.min(other) <= 12
    })
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn dates_table() {
        for (text, wanted) in [
            ("2026-11-24", true),
            ("2026-11-24 05:30:00", true),
            ("2026-11-24T05:30:00Z", true),
            ("24.11.2026", true),
            ("24/11/26", true),
            ("11/24/2026", true),
            ("2026/1/2", true),
            ("Jan 1 2000", true),
            ("24-Nov-2026", true),
            ("November 24, 2026", true),
            ("May be so", false),
            ("Jane 1 2000 x", false),
            ("2026-13-32", false),
            ("13/13/2026", false),
            ("1.5.3", false),
            ("192.168.10.1", false),
            ("2026-11", false),
            ("555-12-1234", false),
            ("pro", false),
            ("", false),
        ] {
            assert_eq!(is_date(text), wanted, "{text}");
        }
    }
}
