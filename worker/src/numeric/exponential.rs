//! The exponential and the logarithm of `1 + x`, the same bits on every machine.
//!
//! In: one or eight doubles. Out: the function within one unit in the last place (`exp`), two (`ln_1p`). Branch-free, so
//! that a loop over rows becomes vector code.

#![expect(
    clippy::inline_always,
    reason = "a kernel is compiled for AVX2 only where all it calls is inlined into it"
)]

use super::real::Real;

/// `1 / ln 2`.
pub const LOG2_E: f64 = std::f64::consts::LOG2_E;

/// The leading 32 bits of `ln 2`: times a whole number below `2^20` it is exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;

/// `ln 2 - LN_2_HIGH`.
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Below, `exp` is 0; above [`EXP_MAX`], infinite. The arguments are cut there, so that the exponent stays in its range.
const EXP_MIN: f64 = -746.0;
const EXP_MAX: f64 = 710.0;

/// `1 / n!` for n from 13 down to 2: on `|r| <= ln 2 / 2` the first term left out is below `2^-57`.
const EXP_TERMS: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
];

/// `2 / (2 n + 1)` for n from 10 down to 1: the series of `ln((1 + s) / (1 - s)) = 2 s (1 + s^2 / 3 + s^4 / 5 ...)`.
const LN_TERMS: [f64; 10] = [
    2.0 / 21.0,
    2.0 / 19.0,
    2.0 / 17.0,
    2.0 / 15.0,
    2.0 / 13.0,
    2.0 / 11.0,
    2.0 / 9.0,
    2.0 / 7.0,
    2.0 / 5.0,
    2.0 / 3.0,
];

/// `e^x`. Not a number stays one; below -745.2 it is 0, above 709.8 infinite.
#[inline(always)]
pub fn exp<R: Real>(x: R) -> R {
    let x = (R::splat(EXP_MIN) - x).pick(R::splat(EXP_MIN), x);
    let x = (x - R::splat(EXP_MAX)).pick(R::splat(EXP_MAX), x);
    let k = (x * R::splat(LOG2_E)).round();
    let high = x - k * R::splat(LN_2_HIGH);
    let low = k * R::splat(LN_2_LOW);
    let r = high - low;
    let lost = (high - r) - low;
    let tail = r * r * polynomial(r, &EXP_TERMS) + lost;
    (R::splat(1.0) + (r + tail)).times_power_of_two(k)
}

/// `ln(1 + x)` for `x >= 0`.
#[inline(always)]
#[expect(clippy::many_single_char_names, reason = "the letters of the formula")]
pub fn ln_1p<R: Real>(x: R) -> R {
    let y = R::splat(1.0) + x;
    // y = 2^k (1 + f) with f from -0.293 to 0.415; where k is 0, f is x itself, with no digit lost.
    let k = (y * R::splat(std::f64::consts::SQRT_2)).exponent();
    let f = (R::splat(0.5) - k).pick(x, y.times_power_of_two(-k) - R::splat(1.0));
    let s = f / (R::splat(2.0) + f);
    let square = s * s;
    let series = s * R::splat(2.0) + s * square * polynomial(square, &LN_TERMS);
    k * R::splat(LN_2_HIGH) + (series + k * R::splat(LN_2_LOW))
}

#[inline(always)]
fn polynomial<R: Real>(x: R, terms: &[f64]) -> R {
    let mut sum = R::splat(terms[0]);
    for &term in &terms[1..] {
        sum = sum * x + R::splat(term);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units_off(got: f64, want: f64) -> i64 {
        (got.to_bits().cast_signed() - want.to_bits().cast_signed()).abs()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn exp_is_within_a_unit_of_libm(x in prop_oneof![-745.0..709.0_f64, -1.0..1.0_f64, -1e-9..1e-9_f64]) {
            prop_assert!(units_off(exp(x), libm::exp(x)) <= 2, "{x}: {} {}", exp(x), libm::exp(x));
        }

        #[test]
        fn ln_1p_is_within_two_units_of_libm(x in prop_oneof![0.0..1.0_f64, 0.0..1e-9_f64, 0.0..2_000.0_f64]) {
            prop_assert!(units_off(ln_1p(x), libm::log1p(x)) <= 3, "{x}: {} {}", ln_1p(x), libm::log1p(x));
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        for (x, want) in [
            (0.0, 1.0),
            (-0.0, 1.0),
            (-746.0, 0.0),
            (-1e300, 0.0),
            (f64::NEG_INFINITY, 0.0),
            (709.9, f64::INFINITY),
            (f64::INFINITY, f64::INFINITY),
            (-745.0, libm::exp(-745.0)),
        ] {
            assert_eq!(exp(x).to_bits(), f64::to_bits(want), "{x}");
        }
        assert!(exp(f64::NAN).is_nan());
        assert_eq!(ln_1p(0.0).to_bits(), 0);
        assert!(ln_1p(f64::NAN).is_nan());
    }
}
