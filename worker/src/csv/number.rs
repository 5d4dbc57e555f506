//! Whether a cell is a number, and which.
//!
//! In: a cell's bytes. Out: [`CellNumber`]. A number is an optional sign, digits with at most one `.`, and an optional decimal
//! exponent; spaces and tabs round it do not count. `1_000`, `0x1F`, `1,000` and `39,1` are text. Every number is rounded
//! correctly: the nearest float64, ties to even.
//!
//! Not here: null words (`null_words.rs`); what a column makes of its cells (`column.rs`).

/// What a cell is, seen as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellNumber {
    /// A whole number that an `i64` holds, written without point and exponent.
    Whole(i64),
    /// Any other finite number.
    Float(f64),
    /// `inf`, `-Infinity`, `1e999`.
    NotFinite,
    /// Nothing but spaces and tabs.
    Blank,
    /// Text.
    NotANumber,
}

/// Up to here every whole number is a float64, so a mantissa and one exact power of ten round once.
const EXACT_MANTISSA_MAX: u64 = 1 << 53;
/// More significant digits might not fit a `u64`.
const MANTISSA_DIGITS_MAX: u32 = 19;
/// The powers of ten that are exact as float64.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

impl CellNumber {
    /// What `cell` is.
    pub fn parse(cell: &[u8]) -> Self {
        let text = trimmed(cell);
        if text.is_empty() {
            return Self::Blank;
        }
        match Decimal::scan(text) {
            Some(decimal) => decimal.value(text),
            None if is_infinity(text) => Self::NotFinite,
            None => Self::NotANumber,
        }
    }
}

/// The cell without the spaces and tabs round it.
fn trimmed(cell: &[u8]) -> &[u8] {
    let is_space = |b: &u8| *b == b' ' || *b == b'\t';
    let Some(start) = cell.iter().position(|b| !is_space(b)) else {
        return &[];
    };
    let end = cell.iter().rposition(|b| !is_space(b)).map_or(start, |last| last + 1);
    &cell[start..end]
}

fn is_infinity(text: &[u8]) -> bool {
    let word = text
        .strip_prefix(b"-")
        .or_else(|| text.strip_prefix(b"+"))
        .unwrap_or(text);
    word.eq_ignore_ascii_case(b"inf") || word.eq_ignore_ascii_case(b"infinity")
}

/// The parts of a decimal number.
struct Decimal {
    negative: bool,
    /// The first significant digits as one whole number.
    mantissa: u64,
    /// Some digits did not fit the mantissa.
    cut: bool,
    /// The number is `mantissa * 10^exponent`.
    exponent: i64,
    /// Neither point nor exponent stands in it.
    whole: bool,
}

impl Decimal {
    fn scan(text: &[u8]) -> Option<Self> {
        let mut decimal = Self {
            negative: text[0] == b'-',
            mantissa: 0,
            cut: false,
            exponent: 0,
            whole: true,
        };
        let mut at = usize::from(matches!(text[0], b'-' | b'+'));
        let mut significant = 0;
        let before = decimal.digits(&text[at..], &mut significant, 0);
        at += before;
        let mut after = 0;
        if text.get(at) == Some(&b'.') {
            decimal.whole = false;
            after = decimal.digits(&text[at + 1..], &mut significant, -1);
            at += 1 + after;
        }
        if before + after == 0 {
            return None;
        }
        if matches!(text.get(at), Some(b'e' | b'E')) {
            decimal.whole = false;
            let (exponent, length) = scan_exponent(&text[at + 1..])?;
            decimal.exponent = decimal.exponent.saturating_add(exponent);
            at += 1 + length;
        }
        (at == text.len()).then_some(decimal)
    }

    /// Takes the digits that `text` begins with and says how many there are. Each moves the exponent by `shift`, and by one
    /// more when it does not fit.
    fn digits(&mut self, text: &[u8], significant: &mut u32, shift: i64) -> usize {
        let mut length = 0;
        for &byte in text {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            length += 1;
            self.exponent += shift;
            if *significant < MANTISSA_DIGITS_MAX {
                self.mantissa = self.mantissa * 10 + u64::from(digit);
                *significant += u32::from(self.mantissa != 0);
            } else {
                self.cut = true;
                self.exponent += 1;
            }
        }
        length
    }

    fn value(&self, text: &[u8]) -> CellNumber {
        if self.whole
            && !self.cut
            && let Some(value) = self.as_i64()
        {
            return CellNumber::Whole(value);
        }
        let float = self.exact().or_else(|| std::str::from_utf8(text).ok()?.parse().ok());
        match float {
            Some(float) if float.is_finite() => CellNumber::Float(float),
            Some(_) => CellNumber::NotFinite,
            None => CellNumber::NotANumber,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        if self.negative {
            0_i64.checked_sub_unsigned(self.mantissa)
        } else {
            i64::try_from(self.mantissa).ok()
        }
    }

    /// The value where one operation on exact operands gives it, which rounds correctly.
    fn exact(&self) -> Option<f64> {
        if self.cut || self.mantissa > EXACT_MANTISSA_MAX {
            return None;
        }
        let power = EXACT_POWERS.get(usize::try_from(self.exponent.unsigned_abs()).ok()?)?;
        let mantissa = self.mantissa as f64;
        let size = if self.exponent < 0 {
            mantissa / power
        } else {
            mantissa * power
        };
        Some(if self.negative { -size } else { size })
    }
}

/// The exponent's value (saturating) and its length; `None` without a digit.
fn scan_exponent(text: &[u8]) -> Option<(i64, usize)> {
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let digits = text[sign..].iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let size = text[sign..sign + digits].iter().fold(0_i64, |size, &byte| {
        size.saturating_mul(10).saturating_add(i64::from(byte - b'0'))
    });
    let value = if text[0] == b'-' { -size } else { size };
    Some((value, sign + digits))
}

/// The value and length of one to seven digits that stand at `bytes[at..]` before something else; `None` for anything
/// else. This is what most cells of most tables are, so eight bytes are looked at in one go.
#[inline]
pub(crate) fn few_digits(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    /// Carries into a byte's top bit from 10 on.
    const FROM_TEN: u64 = 0x7676_7676_7676_7676;
    const TOP_BITS: u64 = 0x8080_8080_8080_8080;
    let eight: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
    let digits = u64::from_le_bytes(eight) ^ ZEROS;
    let others = (digits | digits.wrapping_add(FROM_TEN)) & TOP_BITS;
    let length = others.trailing_zeros() / 8;
    if length == 0 || length == 8 {
        return None;
    }
    // Leading zeros in front, then pairs, fours and eights of digits are added up at once.
    let digits = digits << (64 - 8 * length);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let even = (pairs & 0x0000_00FF_0000_00FF).wrapping_mul(0x000F_4240_0000_0064);
    let odd = ((pairs >> 16) & 0x0000_00FF_0000_00FF).wrapping_mul(0x0000_2710_0000_0001);
    let value = even.wrapping_add(odd) >> 32;
    Some((value as u32, length as usize))
}

#[cfg(test)]
mod tests {
    use super::CellNumber::{Blank, Float, NotANumber, NotFinite, Whole};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_a_number_table() {
        for (cell, wanted) in [
            ("0", Whole(0)),
            ("25", Whole(25)),
            ("-25", Whole(-25)),
            ("+5", Whole(5)),
            ("007", Whole(7)),
            ("-0", Whole(0)),
            (" 39 ", Whole(39)),
            ("\t39\t", Whole(39)),
            ("9223372036854775807", Whole(i64::MAX)),
            ("-9223372036854775808", Whole(i64::MIN)),
            ("0000000000000000000000001", Whole(1)),
            ("9223372036854775808", Float(9_223_372_036_854_775_808.0)),
            ("-9223372036854775809", Float(-9_223_372_036_854_775_808.0)),
            (
                "123456789012345678901234567890",
                Float(123_456_789_012_345_678_901_234_567_890.0),
            ),
            (".5", Float(0.5)),
            ("5.", Float(5.0)),
            ("-.5", Float(-0.5)),
            (" 39.1 ", Float(39.1)),
            ("1e5", Float(100_000.0)),
            ("1E+5", Float(100_000.0)),
            ("1e-5", Float(1e-5)),
            ("0.1", Float(0.1)),
            ("2.2250738585072011e-308", Float(2.225_073_858_507_201e-308)),
            ("9007199254740993.0", Float(9_007_199_254_740_992.0)),
            ("1e-999", Float(0.0)),
            ("1e-99999999999999999999", Float(0.0)),
            ("0e99999999999999999999", Float(0.0)),
            ("1e999", NotFinite),
            ("-1e99999999999999999999", NotFinite),
            ("inf", NotFinite),
            ("-inf", NotFinite),
            ("+Inf", NotFinite),
            ("-Infinity", NotFinite),
            (" INFINITY ", NotFinite),
            ("", Blank),
            ("  ", Blank),
            ("\t", Blank),
            ("infinityx", NotANumber),
            ("nan", NotANumber),
            ("NaN", NotANumber),
            ("1_000", NotANumber),
            ("0x1F", NotANumber),
            ("1,000", NotANumber),
            ("39,1", NotANumber),
            ("1e", NotANumber),
            ("1e+", NotANumber),
            ("e5", NotANumber),
            ("--1", NotANumber),
            ("+-1", NotANumber),
            ("- 1", NotANumber),
            ("1 2", NotANumber),
            (".", NotANumber),
            ("+", NotANumber),
            ("-.", NotANumber),
            (".e1", NotANumber),
            ("1.2.3", NotANumber),
            ("1\u{a0}", NotANumber),
            ("1\0", NotANumber),
            ("1d", NotANumber),
            ("1f32", NotANumber),
            ("٣", NotANumber),
        ] {
            assert_eq!(CellNumber::parse(cell.as_bytes()), wanted, "{cell:?}");
        }
    }

    #[test]
    fn few_digits_table() {
        for (text, wanted) in [
            ("5,1234567", Some((5, 1))),
            ("25,123456", Some((25, 2))),
            ("1234567,", Some((1_234_567, 7))),
            ("9999999\n", Some((9_999_999, 7))),
            ("0000001\n", Some((1, 7))),
            ("12\u{ff}4567", Some((12, 2))),
            ("12345678,", None),
            (",12345678", None),
            ("-5,123456", None),
            ("5,", None),
        ] {
            assert_eq!(few_digits(text.as_bytes(), 0), wanted, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_rounded_as_the_standard_library_does(bits in any::<u64>(), digits in 0_usize..20) {
            let number = f64::from_bits(bits);
            if number.is_finite() {
                for text in [format!("{number:e}"), format!("{number}"), format!("{number:.digits$}"), format!("{number:.digits$e}")] {
                    let read = match CellNumber::parse(text.as_bytes()) {
                        Whole(whole) => whole as f64,
                        Float(float) => float,
                        other => panic!("{text}: {other:?}"),
                    };
                    prop_assert_eq!(read.abs().to_bits(), text.parse::<f64>().unwrap().abs().to_bits(), "{}", text);
                }
            }
        }

        #[test]
        fn short_decimals_are_rounded_as_the_standard_library_does(text in "[+-]?[0-9]{0,20}[.]?[0-9]{0,25}(e[+-]?[0-9]{1,3})?") {
            match CellNumber::parse(text.as_bytes()) {
                Whole(whole) => prop_assert_eq!(whole, text.parse::<i64>().unwrap()),
                Float(float) => prop_assert_eq!(float.to_bits(), text.parse::<f64>().unwrap().to_bits()),
                NotFinite => prop_assert!(text.parse::<f64>().unwrap().is_infinite()),
                Blank => prop_assert!(text.is_empty()),
                NotANumber => prop_assert!(text.parse::<f64>().is_err()),
            }
        }

        #[test]
        fn few_digits_are_what_the_slow_way_reads(bytes in proptest::collection::vec(prop_oneof![b'0'..=b'9', any::<u8>()], 8..12)) {
            let length = bytes[..8].iter().take_while(|b| b.is_ascii_digit()).count();
            let wanted = (1..8).contains(&length).then(|| (std::str::from_utf8(&bytes[..length]).unwrap().parse().unwrap(), length));
            prop_assert_eq!(few_digits(&bytes, 0), wanted);
        }
    }
}
