//! A sum of many doubles that is as good as one in twice their digits.

use crate::numeric::Twofold;

/// A sum, and what rounding took from it (Neumaier).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    /// Adds a number.
    #[inline]
    pub(super) fn add(&mut self, x: f64) {
        let sum = Twofold::sum_of(self.total, x);
        self.total = sum.high;
        self.lost += sum.low;
    }

    /// Adds all that another sum holds.
    pub(super) fn join(&mut self, other: Self) {
        self.add(other.total);
        self.lost += other.lost;
    }

    /// The sum, rounded.
    pub(super) fn value(self) -> f64 {
        self.total + self.lost
    }

    /// The mean of so many numbers; not finite for none.
    pub(super) fn mean(self, count: u64) -> f64 {
        self.value() / count as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_beside_large_ones_are_not_lost() {
        let mut sum = Sum::default();
        sum.add(1e16);
        for _ in 0..10 {
            sum.add(1.0);
        }
        let mut other = Sum::default();
        other.add(-1e16);
        other.add(0.5);
        sum.join(other);
        assert_eq!(sum.value().to_bits(), 10.5_f64.to_bits());
        assert_eq!(sum.mean(2).to_bits(), 5.25_f64.to_bits());
    }
}
