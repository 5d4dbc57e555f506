//! Eight rows at once in double precision, and what the kernels need of that and of one row in twofold precision.
//!
//! Sums over rows go lane by lane and the lanes are added at the end in one order, so that two vectors of four, four of two
//! or single numbers all come to the same bits.

#![expect(
    clippy::inline_always,
    reason = "a kernel is compiled for AVX2 only where all it calls is inlined into it"
)]

use super::real::Real;
use super::twofold::Twofold;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Rows in an [`Eight`].
pub const LANES: usize = 8;

/// Eight doubles, one a row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(64))]
pub struct Eight(pub [f64; LANES]);

/// Some rows in some precision: what the kernels compute with.
#[expect(
    clippy::return_self_not_must_use,
    reason = "like those of `Add` and `f64`, nobody calls these for an effect"
)]
pub trait Pack: Real + Send + Sync + 'static {
    /// Rows in it.
    const ROWS: usize;

    /// The first [`Self::ROWS`] numbers of `values`; missing ones are `missing`.
    fn load(values: &[f64], missing: f64) -> Self;

    /// `(self - centre) * scale` per row, for a scale that is a power of two; exact in twofold precision, for numbers that
    /// were loaded.
    fn standardised(self, centre: f64, scale: f64) -> Self;

    /// The number in all rows, rounded to this precision.
    fn spread(number: Twofold<f64>) -> Self;

    /// The sum of the rows, in one order.
    fn total(self) -> Twofold<f64>;
}

impl Eight {
    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        let mut lanes = self.0;
        for lane in &mut lanes {
            *lane = f(*lane);
        }
        Self(lanes)
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let mut lanes = self.0;
        for (lane, other) in lanes.iter_mut().zip(other.0) {
            *lane = f(*lane, other);
        }
        Self(lanes)
    }
}

impl Pack for Eight {
    const ROWS: usize = LANES;

    #[inline(always)]
    fn load(values: &[f64], missing: f64) -> Self {
        if let Some(all) = values.first_chunk::<LANES>() {
            return Self(*all);
        }
        let mut lanes = [missing; LANES];
        lanes[..values.len()].copy_from_slice(values);
        Self(lanes)
    }

    #[inline(always)]
    fn standardised(self, centre: f64, scale: f64) -> Self {
        self.map(|x| (x - centre) * scale)
    }

    #[inline(always)]
    fn spread(number: Twofold<f64>) -> Self {
        Self::splat(number.high)
    }

    #[inline(always)]
    fn total(self) -> Twofold<f64> {
        let lanes = self.0;
        let halves = [
            lanes[0] + lanes[4],
            lanes[1] + lanes[5],
            lanes[2] + lanes[6],
            lanes[3] + lanes[7],
        ];
        Twofold::from_single((halves[0] + halves[2]) + (halves[1] + halves[3]))
    }
}

/// One row: twofold sums of eight at once would be a lot of code for the few rows that need them.
impl Pack for Twofold<f64> {
    const ROWS: usize = 1;

    #[inline(always)]
    fn load(values: &[f64], missing: f64) -> Self {
        Self::from_single(values.first().copied().unwrap_or(missing))
    }

    #[inline(always)]
    fn standardised(self, centre: f64, scale: f64) -> Self {
        let difference = Self::sum_of(self.high, -centre);
        Self {
            high: difference.high * scale,
            low: difference.low * scale,
        }
    }

    #[inline(always)]
    fn spread(number: Twofold<f64>) -> Self {
        number
    }

    #[inline(always)]
    fn total(self) -> Twofold<f64> {
        self
    }
}

impl Real for Eight {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self([x; LANES])
    }

    #[inline(always)]
    fn pick(self, nonnegative: Self, otherwise: Self) -> Self {
        let mut lanes = [0.0; LANES];
        for (i, lane) in lanes.iter_mut().enumerate() {
            *lane = self.0[i].pick(nonnegative.0[i], otherwise.0[i]);
        }
        Self(lanes)
    }

    #[inline(always)]
    fn times_power_of_two(self, exponent: Self) -> Self {
        self.zip(exponent, f64::times_power_of_two)
    }

    #[inline(always)]
    fn exponent(self) -> Self {
        self.map(f64::exponent)
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

impl Add for Eight {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Eight {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl Mul for Eight {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

impl Div for Eight {
    type Output = Self;

    #[inline(always)]
    fn div(self, by: Self) -> Self {
        self.zip(by, |a, b| a / b)
    }
}

impl Neg for Eight {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectorised::{Kernel, vectorised};
    use super::*;
    use proptest::prelude::*;

    /// `e^x` and `ln(1 + e^x)` of every number, in both precisions.
    struct Tables<'a>(&'a [Eight]);

    impl Kernel for Tables<'_> {
        type Output = Vec<u64>;

        #[inline(always)]
        fn run(self) -> Vec<u64> {
            let mut bits = Vec::new();
            for &x in self.0 {
                for result in [
                    x.exp(),
                    x.exp().ln_1p(),
                    (x / x.exp()).abs(),
                    x.standardised(0.3, 0.125),
                ] {
                    bits.extend(result.0.map(f64::to_bits));
                }
            }
            bits
        }
    }

    proptest! {
        #[test]
        fn avx2_or_not_the_bits_agree(values in prop::collection::vec(prop::array::uniform8(-740.0..650.0_f64), 1..20)) {
            let packs: Vec<Eight> = values.into_iter().map(Eight).collect();
            prop_assert_eq!(vectorised(Tables(&packs)), Tables(&packs).run());
        }

        #[test]
        fn a_number_gives_the_same_bits_alone_and_in_any_lane(x in -740.0..650.0_f64, lane in 0..LANES) {
            let mut pack = [0.25; LANES];
            pack[lane] = x;
            prop_assert_eq!(Eight(pack).exp().0[lane].to_bits(), Real::exp(x).to_bits());
            prop_assert_eq!(Eight(pack).abs().ln_1p().0[lane].to_bits(), Real::ln_1p(x.abs()).to_bits());
        }
    }

    #[test]
    fn a_short_load_is_filled_up() {
        assert_eq!(
            Eight::load(&[1.0, 2.0], 7.0),
            Eight([1.0, 2.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0])
        );
        assert_eq!(Eight::load(&[1.0; 9], 7.0), Eight([1.0; 8]));
    }
}
