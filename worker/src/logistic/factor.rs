//! A positive definite matrix split into `L D L'`, and systems solved with it.
//!
//! In: the lower triangle, in double or twofold precision. Out: a [`Factor`]. There are no roots and no pivots: so scaling a
//! row and a column by a power of two changes no digit of the rest. Where rounding has left nothing of a pivot, it is raised
//! to what rounding could have left: the factor is then that of a slightly larger matrix, and still gives descent.

use crate::numeric::Real;

/// `L D L'`.
#[derive(Clone, Debug)]
pub(super) struct Factor<R> {
    size: usize,
    /// `L` below the diagonal, `1 / D` on it.
    lower: Vec<R>,
    /// Pivots that had to be raised.
    pub(super) raised: usize,
}

impl<R: Real + Comparable> Factor<R> {
    /// Splits a matrix of `size` rows, given row by row. `rounding` is the relative error of its numbers.
    pub(super) fn new(mut matrix: Vec<R>, size: usize, rounding: f64) -> Self {
        let floor = R::splat(rounding * size as f64);
        let mut raised = 0;
        let mut scaled_row = vec![R::splat(0.0); size];
        for i in 0..size {
            let original = matrix[i * size + i];
            // Row i of L D: l_ij d_j = a_ij - sum_k l_ik d_k l_jk.
            for j in 0..i {
                let sum = dot(&scaled_row[..j], &matrix[j * size..][..j]);
                scaled_row[j] = matrix[i * size + j] - sum;
            }
            let mut pivot = original;
            for j in 0..i {
                let l = scaled_row[j] * matrix[j * size + j];
                matrix[i * size + j] = l;
                pivot = pivot - scaled_row[j] * l;
            }
            let least = floor * original;
            if !pivot.above(least) {
                pivot = least;
                raised += 1;
            }
            matrix[i * size + i] = R::splat(1.0) / pivot;
        }
        Self {
            size,
            lower: matrix,
            raised,
        }
    }

    /// Solves `L D L' x = b`, in place.
    pub(super) fn solve(&self, b: &mut [R]) {
        for i in 0..self.size {
            b[i] = b[i] - dot(&self.lower[i * self.size..][..i], &b[..i]);
        }
        for (b, &inverse_pivot) in b.iter_mut().zip(self.lower.iter().step_by(self.size + 1)) {
            *b = *b * inverse_pivot;
        }
        for i in (0..self.size).rev() {
            let x = b[i];
            for (b, &l) in b[..i].iter_mut().zip(&self.lower[i * self.size..][..i]) {
                *b = *b - x * l;
            }
        }
    }
}

/// A number that can be compared.
pub(super) trait Comparable {
    /// Whether it is above `other`; false where either is not a number.
    fn above(self, other: Self) -> bool;
}

impl Comparable for f64 {
    fn above(self, other: Self) -> bool {
        self > other
    }
}

impl Comparable for crate::numeric::Twofold<f64> {
    fn above(self, other: Self) -> bool {
        (self - other).high > 0.0
    }
}

/// In eight running sums, so that they need not wait for each other.
fn dot<R: Real>(a: &[R], b: &[R]) -> R {
    let mut sums = [R::splat(0.0); 8];
    let (a_whole, a_rest) = a.as_chunks::<8>();
    let (b_whole, b_rest) = b.as_chunks::<8>();
    for (a, b) in a_whole.iter().zip(b_whole) {
        for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum = *sum + a * b;
        }
    }
    for (sum, (&a, &b)) in sums.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *sum = *sum + a * b;
    }
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Twofold;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_solution_satisfies_its_system(
            size in 1..20_usize,
            numbers in prop::collection::vec(-1.0..1.0_f64, 400),
            x in prop::collection::vec(-1.0..1.0_f64, 20),
        ) {
            // G G' + I is positive definite.
            let entry = |i: usize, j: usize| {
                (0..size).map(|k| numbers[i * 20 + k] * numbers[j * 20 + k]).sum::<f64>() + f64::from(u8::from(i == j))
            };
            let matrix: Vec<f64> = (0..size * size).map(|at| entry(at / size, at % size)).collect();
            let mut b: Vec<f64> = (0..size).map(|i| (0..size).map(|j| entry(i, j) * x[j]).sum()).collect();
            let mut wide: Vec<Twofold<f64>> = b.iter().map(|&b| Twofold::splat(b)).collect();
            let factor = Factor::new(matrix.clone(), size, f64::EPSILON);
            factor.solve(&mut b);
            prop_assert_eq!(factor.raised, 0);
            Factor::new(matrix.iter().map(|&a| Twofold::splat(a)).collect(), size, 1e-30).solve(&mut wide);
            for i in 0..size {
                prop_assert!((b[i] - x[i]).abs() < 1e-12, "{} {}", b[i], x[i]);
                prop_assert!((wide[i].high - x[i]).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn a_singular_matrix_still_gives_a_finite_step() {
        let factor = Factor::new(vec![1.0, 1.0, 1.0, 1.0], 2, f64::EPSILON);
        let mut b = [1.0, 1.0];
        factor.solve(&mut b);
        assert_eq!(factor.raised, 1);
        assert!((b[0] + b[1] - 1.0).abs() < 1e-12, "{b:?}");
    }
}
