//! What a number must be able to do for the kernels: one double, eight doubles, and the twofold precision of either.
//!
//! There is no comparison that yields a `bool`, since eight numbers have eight answers: [`Real::pick`] chooses per number.

#![expect(
    clippy::inline_always,
    reason = "a kernel is compiled for AVX2 only where all it calls is inlined into it"
)]

use std::ops::{Add, Div, Mul, Neg, Sub};

/// Adding `1.5 * 2^52` to a double and taking it off again rounds it to a whole number, ties to even, up to `2^51`.
const ROUNDING: f64 = 6_755_399_441_055_744.0;

/// `2^52`, and the bias of a double's exponent.
const BIASED: f64 = 4_503_599_627_370_496.0 + 1_023.0;

/// A number, or several that go the same way.
#[expect(
    clippy::return_self_not_must_use,
    reason = "like those of `Add` and `f64`, nobody calls these for an effect"
)]
pub trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// The number `x`, in all lanes.
    fn splat(x: f64) -> Self;

    /// `nonnegative` where `self >= 0`, `otherwise` where it is below or not a number.
    fn pick(self, nonnegative: Self, otherwise: Self) -> Self;

    /// `self * 2^exponent`, exactly where it is a normal number. The exponent is whole, from -1,100 to 1,100.
    fn times_power_of_two(self, exponent: Self) -> Self;

    /// The whole e with `2^e <= self < 2^(e + 1)`, for a normal number above 0.
    fn exponent(self) -> Self;

    /// The exponential.
    fn exp(self) -> Self;

    /// The logarithm of `1 + self`, for `self >= 0`; to double accuracy whatever the type.
    fn ln_1p(self) -> Self;

    /// The absolute value.
    #[inline(always)]
    fn abs(self) -> Self {
        self.pick(self, -self)
    }

    /// The nearest whole number, for magnitudes up to `2^51`.
    #[inline(always)]
    fn round(self) -> Self {
        (self + Self::splat(ROUNDING)) - Self::splat(ROUNDING)
    }
}

impl Real for f64 {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn pick(self, nonnegative: Self, otherwise: Self) -> Self {
        if self >= 0.0 { nonnegative } else { otherwise }
    }

    #[inline(always)]
    fn times_power_of_two(self, exponent: Self) -> Self {
        // In two steps, since 2^-1074 and 2^1024 are no normal doubles.
        let half = Real::round(exponent * 0.5);
        self * power_of_two(half) * power_of_two(exponent - half)
    }

    #[inline(always)]
    fn exponent(self) -> Self {
        /// The bits of `2^52`, whose lowest bits count whole numbers.
        const COUNTER: u64 = 0x4330 << 48;
        f64::from_bits((self.to_bits() >> 52) | COUNTER) - BIASED
    }

    #[inline(always)]
    fn exp(self) -> Self {
        super::exponential::exp(self)
    }

    #[inline(always)]
    fn ln_1p(self) -> Self {
        super::exponential::ln_1p(self)
    }
}

/// `2^exponent` for a whole exponent from -1,022 to 1,023: `2^52 + n` has `n` as its lowest bits, and the shift makes them
/// the exponent.
#[inline(always)]
pub fn power_of_two(exponent: f64) -> f64 {
    f64::from_bits((exponent + BIASED).to_bits() << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_exact() {
        for exponent in -1022..=1023 {
            assert_eq!(
                power_of_two(f64::from(exponent)).to_bits(),
                libm::ldexp(1.0, exponent).to_bits(),
                "{exponent}"
            );
        }
        for exponent in -1100..=1100 {
            let got = 1.0_f64.times_power_of_two(f64::from(exponent));
            assert_eq!(got.to_bits(), libm::ldexp(1.0, exponent).to_bits(), "{exponent}");
        }
    }

    #[test]
    fn exponents_are_those_of_the_bits() {
        for (x, want) in [
            (1.0, 0.0),
            (1.999, 0.0),
            (2.0, 1.0),
            (0.75, -1.0),
            (1e300, 996.0),
            (1e-300, -997.0),
        ] {
            assert_eq!(f64::exponent(x).to_bits(), f64::to_bits(want), "{x}");
        }
    }

    #[test]
    fn rounding_goes_to_the_nearest_and_ties_to_even() {
        for (x, want) in [
            (0.4, 0.0),
            (0.5, 0.0),
            (0.6, 1.0),
            (1.5, 2.0),
            (-2.5, -2.0),
            (-1074.7, -1075.0),
        ] {
            assert_eq!(Real::round(x).to_bits(), (want + 0.0_f64).to_bits(), "{x}");
        }
    }

    #[test]
    fn pick_takes_zero_for_nonnegative_and_nan_for_neither() {
        for (x, want) in [(1.0, 1.0), (0.0, 1.0), (-0.0, 1.0), (-1e-300, 2.0), (f64::NAN, 2.0)] {
            assert_eq!(x.pick(1.0, 2.0).to_bits(), f64::to_bits(want), "{x}");
        }
    }
}
