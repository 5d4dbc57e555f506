//! Numbers of about 32 digits: the unevaluated sum of two doubles.
//!
//! In and out: [`Twofold`]. Sums and products are those of Dekker and Knuth, without FMA: `high`
//! is the double nearest to the number, `low` what it lacks. Relative errors are near `2^-100`, for magnitudes from 1e-250 to
//! 1e290.

#![expect(
    clippy::inline_always,
    reason = "a kernel is compiled for AVX2 only where all it calls is inlined into it"
)]

use super::exponential::LOG2_E;
use super::real::Real;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// `2^27 + 1`: a double times it, less the rest, is the double's leading half.
const SPLITTER: f64 = 134_217_729.0;

/// `ln 2` and what a double of it lacks.
const LN_2: Twofold<f64> = Twofold {
    high: std::f64::consts::LN_2,
    low: 2.319_046_813_846_299_6e-17,
};

/// Below it [`Twofold::exp`] is taken at it: some 1e-304, and still precise.
const EXP_MIN: f64 = -700.0;

/// The exponential is that of the 64th part, squared six times.
const EXP_SQUARINGS: u32 = 6;

/// `1 / n!` for n from 13 to 6, where a double is enough: the term is below `2^-53` of the sum.
const EXP_TERMS: [f64; 8] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
];

/// `1 / n!` for n from 5 to 3.
const EXP_TERMS_TWOFOLD: [Twofold<f64>; 3] = [
    Twofold {
        high: 8.333_333_333_333_333e-3,
        low: 1.156_482_317_317_871_4e-19,
    },
    Twofold {
        high: 4.166_666_666_666_666_4e-2,
        low: 2.312_964_634_635_742_8e-18,
    },
    Twofold {
        high: 1.666_666_666_666_666_6e-1,
        low: 9.251_858_538_542_97e-18,
    },
];

/// The sum of two numbers, `low` at most half a unit in the last place of `high`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Twofold<R> {
    /// The number, rounded.
    pub high: R,
    /// What `high` lacks.
    pub low: R,
}

impl<R: Real> Twofold<R> {
    /// A number that needs no second half.
    #[inline(always)]
    pub fn from_single(high: R) -> Self {
        Self {
            high,
            low: R::splat(0.0),
        }
    }

    /// `a + b`, exactly.
    #[inline(always)]
    pub fn sum_of(a: R, b: R) -> Self {
        let high = a + b;
        let b_seen = high - a;
        let low = (a - (high - b_seen)) + (b - b_seen);
        Self { high, low }
    }

    /// `a * b`, exactly.
    #[inline(always)]
    pub fn product_of(a: R, b: R) -> Self {
        let high = a * b;
        let (a_high, a_low) = split(a);
        let (b_high, b_low) = split(b);
        let low = ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low;
        Self { high, low }
    }

    /// `high + low`, exactly, where `high` is the larger one.
    #[inline(always)]
    fn renormalised(high: R, low: R) -> Self {
        let sum = high + low;
        Self {
            high: sum,
            low: low - (sum - high),
        }
    }
}

impl Twofold<f64> {
    /// The number rounded to a double.
    pub fn to_f64(self) -> f64 {
        self.high + self.low
    }

    /// The same number in all lanes.
    #[inline(always)]
    pub fn spread<R: Real>(self) -> Twofold<R> {
        Twofold {
            high: R::splat(self.high),
            low: R::splat(self.low),
        }
    }
}

impl From<Twofold<f64>> for f64 {
    fn from(number: Twofold<f64>) -> Self {
        number.to_f64()
    }
}

impl AddAssign<f64> for Twofold<f64> {
    #[inline(always)]
    fn add_assign(&mut self, x: f64) {
        *self = *self + Self::from_single(x);
    }
}

#[inline(always)]
fn split<R: Real>(a: R) -> (R, R) {
    let scaled = a * R::splat(SPLITTER);
    let high = scaled - (scaled - a);
    (high, a - high)
}

impl<R: Real> Add for Twofold<R> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let high = Self::sum_of(self.high, other.high);
        let low = Self::sum_of(self.low, other.low);
        let once = Self::renormalised(high.high, high.low + low.high);
        Self::renormalised(once.high, once.low + low.low)
    }
}

impl<R: Real> Neg for Twofold<R> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self {
            high: -self.high,
            low: -self.low,
        }
    }
}

impl<R: Real> Sub for Twofold<R> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self + (-other)
    }
}

impl<R: Real> Mul for Twofold<R> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let product = Self::product_of(self.high, other.high);
        Self::renormalised(
            product.high,
            product.low + (self.high * other.low + self.low * other.high),
        )
    }
}

impl<R: Real> Div for Twofold<R> {
    type Output = Self;

    #[inline(always)]
    fn div(self, by: Self) -> Self {
        let first = self.high / by.high;
        let rest = self - by * Self::from_single(first);
        let second = rest.high / by.high;
        let rest = rest - by * Self::from_single(second);
        let third = rest.high / by.high;
        let two = Self::renormalised(first, second);
        two + Self::from_single(third)
    }
}

impl<R: Real> Real for Twofold<R> {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self::from_single(R::splat(x))
    }

    #[inline(always)]
    fn pick(self, nonnegative: Self, otherwise: Self) -> Self {
        Self {
            high: self.high.pick(nonnegative.high, otherwise.high),
            low: self.high.pick(nonnegative.low, otherwise.low),
        }
    }

    #[inline(always)]
    fn times_power_of_two(self, exponent: Self) -> Self {
        Self {
            high: self.high.times_power_of_two(exponent.high),
            low: self.low.times_power_of_two(exponent.high),
        }
    }

    #[inline(always)]
    fn exponent(self) -> Self {
        Self::from_single(self.high.exponent())
    }

    /// For arguments up to 700.
    #[inline(always)]
    fn exp(self) -> Self {
        let x = (Self::splat(EXP_MIN) - self).pick(Self::splat(EXP_MIN), self);
        let k = (x.high * R::splat(LOG2_E)).round();
        let part = R::splat(1.0 / f64::from(1_u32 << EXP_SQUARINGS));
        let r = x - LN_2.spread() * Self::from_single(k);
        let r = Self {
            high: r.high * part,
            low: r.low * part,
        };
        // less_one = e^r - 1 = r + r^2 (1/2 + r (1/6 + ...)), and (1 + e)^2 - 1 = 2 e + e^2: no digit of a small r is lost.
        let mut tail = R::splat(EXP_TERMS[0]);
        for &term in &EXP_TERMS[1..] {
            tail = tail * r.high + R::splat(term);
        }
        let mut series = Self::from_single(tail);
        for term in EXP_TERMS_TWOFOLD {
            series = series * r + term.spread();
        }
        series = series * r + Self::splat(0.5);
        let mut less_one = r + r * r * series;
        for _ in 0..EXP_SQUARINGS {
            less_one = less_one + less_one + less_one * less_one;
        }
        (Self::splat(1.0) + less_one).times_power_of_two(Self::from_single(k))
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        Self::from_single(self.high.ln_1p())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Number = Twofold<f64>;

    /// `|a - b| <= 2^-98 |b|`.
    fn agree(a: Number, b: Number) -> bool {
        (a - b).high.abs() <= b.high.abs() * 2.0_f64.powi(-98)
    }

    fn number() -> impl Strategy<Value = Number> {
        (-1e6..1e6_f64, -1.0..1.0_f64).prop_map(|(high, low)| Number::sum_of(high, low * 1e-12))
    }

    #[test]
    fn the_constants_are_what_they_say() {
        let one = Number::splat(1.0);
        for (term, factorial) in EXP_TERMS_TWOFOLD.into_iter().zip([120.0, 24.0, 6.0]) {
            assert!(agree(term * Number::splat(factorial), one), "{factorial}");
        }
        // e^(ln 2 / 2^n) by the series alone, with k = 0, doubled n times, is 2.
        let root = Number {
            high: LN_2.high * 0.25,
            low: LN_2.low * 0.25,
        }
        .exp();
        assert!(agree(root * root * root * root, Number::splat(2.0)), "{root:?}");
    }

    #[test]
    fn e_has_its_digits() {
        let e = Number::splat(1.0).exp();
        assert!(
            agree(
                e,
                Number {
                    high: std::f64::consts::E,
                    low: 1.445_646_891_729_250_2e-16
                }
            ),
            "{e:?}"
        );
        let tiny = Number::splat(-1e-20).exp() - Number::splat(1.0);
        assert!((tiny.high + 1e-20).abs() < 1e-31, "{tiny:?}");
        assert!(Number::splat(-1e9).exp().high < 1e-300);
    }

    proptest! {
        #[test]
        fn sums_products_and_quotients_undo_each_other(a in number(), b in number()) {
            prop_assume!(a.high.abs() > 1e-3 && b.high.abs() > 1e-3);
            prop_assert!(agree(a / b * b, a));
            prop_assert!(agree(a * b / a, b));
            prop_assert!(((a + b - a) - b).high.abs() <= (a.high.abs() + b.high.abs()) * 2.0_f64.powi(-98));
        }

        #[test]
        fn exponentials_multiply(x in -300.0..300.0_f64, y in -300.0..300.0_f64) {
            let (x, y) = (Number::sum_of(x, 1e-17), Number::splat(y));
            let (whole, parts) = ((x + y).exp(), x.exp() * y.exp());
            prop_assert!((whole / parts - Number::splat(1.0)).high.abs() < 1e-28, "{whole:?} {parts:?}");
        }
    }
}
