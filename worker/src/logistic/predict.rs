//! What a fitted model says about rows.
//!
//! In: coefficients and intercepts in original units, columns of numbers. Out: [`Predictions`]. A row's margins are added up
//! feature after feature, its probabilities come from its margins alone: the same row gives the same bits wherever it stands
//! in a batch, and on every machine.

#![expect(
    clippy::inline_always,
    reason = "a kernel is compiled for AVX2 only where all it calls is inlined into it"
)]

use crate::numeric::{Eight, Kernel, LANES, Pack, Real, vectorised};

/// A model ready to predict.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictor {
    coefficients: Vec<Vec<f64>>,
    intercepts: Vec<f64>,
}

/// What was predicted for a batch of rows. Buffers are kept from one batch to the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Predictions {
    /// One column a class: the probability of it in each row.
    pub probabilities: Vec<Vec<f64>>,
    /// The most probable class of each row, the first of several: a probability of 0.5 predicts class 0.
    pub classes: Vec<u32>,
}

impl Predictor {
    /// Takes one row of coefficients and one intercept for two classes, else one of each a class.
    ///
    /// # Panics
    /// Where there is not one intercept a row of coefficients, or no row.
    pub fn new(coefficients: Vec<Vec<f64>>, intercepts: Vec<f64>) -> Self {
        assert!(
            coefficients.len() == intercepts.len() && !intercepts.is_empty(),
            "one intercept a row of coefficients"
        );
        Self {
            coefficients,
            intercepts,
        }
    }

    /// Number of classes, at least two.
    pub fn classes(&self) -> usize {
        self.intercepts.len().max(2)
    }

    /// Predicts for `rows` rows, given one column a feature.
    ///
    /// # Panics
    /// Where a column is missing or shorter than `rows`.
    pub fn predict<C: AsRef<[f64]>>(&self, columns: &[C], rows: usize, into: &mut Predictions) {
        into.classes.clear();
        into.classes.resize(rows, 0);
        into.probabilities.resize_with(self.classes(), Vec::new);
        for column in &mut into.probabilities {
            column.clear();
            column.resize(rows, 0.0);
        }
        let columns: Vec<&[f64]> = columns.iter().map(AsRef::as_ref).collect();
        self.predict_rows(&columns, into);
    }

    fn predict_rows(&self, columns: &[&[f64]], into: &mut Predictions) {
        vectorised(PredictRows {
            model: self,
            columns,
            into,
        });
    }
}

/// The loop over the rows.
struct PredictRows<'a> {
    model: &'a Predictor,
    columns: &'a [&'a [f64]],
    into: &'a mut Predictions,
}

impl Kernel for PredictRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = self.into.classes.len();
        let mut of_class = vec![Eight::default(); self.model.classes()];
        for start in (0..rows).step_by(LANES) {
            let end = rows.min(start + LANES);
            // Two classes have one margin, that of class 1.
            let first = of_class.len() - self.model.intercepts.len();
            for (k, margin) in of_class[first..].iter_mut().enumerate() {
                *margin = Eight::splat(self.model.intercepts[k]);
                for (&w, column) in self.model.coefficients[k].iter().zip(self.columns) {
                    *margin = *margin + Eight::splat(w) * Eight::load(&column[start..end], 0.0);
                }
            }
            if first == 1 {
                logistic(&mut of_class);
            } else {
                softmax(&mut of_class);
            }
            let mut best = [0; LANES];
            for (class, (p, column)) in (0_u32..).zip(of_class.iter().zip(&mut self.into.probabilities)) {
                column[start..end].copy_from_slice(&p.0[..end - start]);
                for (lane, best) in best.iter_mut().enumerate() {
                    if p.0[lane] > of_class[*best as usize].0[lane] {
                        *best = class;
                    }
                }
            }
            self.into.classes[start..end].copy_from_slice(&best[..end - start]);
        }
    }
}

/// Two classes: each probability from the margin itself, so that a small one keeps its digits.
#[inline(always)]
fn logistic(of_class: &mut [Eight]) {
    let margin = of_class[1];
    let one = Eight::splat(1.0);
    let e = (-margin.abs()).exp();
    let likely = one / (one + e);
    let unlikely = e / (one + e);
    (of_class[0], of_class[1]) = (margin.pick(unlikely, likely), margin.pick(likely, unlikely));
}

#[inline(always)]
fn softmax(of_class: &mut [Eight]) {
    let mut top = of_class[0];
    for &margin in &of_class[1..] {
        top = (top - margin).pick(top, margin);
    }
    let mut sum = Eight::splat(0.0);
    for margin in of_class.iter_mut() {
        *margin = (*margin - top).exp();
        sum = sum + *margin;
    }
    for p in of_class {
        *p = *p / sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn predict(model: &Predictor, columns: &[Vec<f64>], rows: usize) -> Predictions {
        let mut into = Predictions::default();
        model.predict(columns, rows, &mut into);
        into
    }

    #[test]
    fn an_even_chance_predicts_the_first_class() {
        let two = Predictor::new(vec![vec![1.0]], vec![0.0]);
        let said = predict(&two, &[vec![0.0, -0.0, 1e-3, -1e-3]], 4);
        assert_eq!(said.classes, [0, 0, 1, 0]);
        assert_eq!((said.probabilities[0][0], said.probabilities[1][0]), (0.5, 0.5));
        let three = Predictor::new(vec![vec![1.0], vec![1.0], vec![-2.0]], vec![0.0; 3]);
        assert_eq!(predict(&three, &[vec![0.0, 1.0, -1.0]], 3).classes, [0, 0, 2]);
    }

    #[test]
    fn small_probabilities_keep_their_digits() {
        let two = Predictor::new(vec![vec![1.0]], vec![0.0]);
        let said = predict(&two, &[vec![-700.0, 700.0]], 2);
        let want = libm::exp(-700.0);
        assert!((said.probabilities[1][0] / want - 1.0).abs() < 1e-14);
        assert!((said.probabilities[0][1] / want - 1.0).abs() < 1e-14);
        assert_eq!((said.probabilities[0][0], said.probabilities[1][1]), (1.0, 1.0));
    }

    proptest! {
        #[test]
        fn a_row_gives_the_same_bits_wherever_it_stands(
            classes in prop_oneof![Just(1_usize), Just(3), Just(5)],
            numbers in prop::collection::vec(-9.0..9.0_f64, 5 * 4),
            rows in prop::collection::vec(prop::array::uniform3(-50.0..50.0_f64), 1..40),
        ) {
            let coefficients = numbers.chunks(4).take(classes).map(|c| c[..3].to_vec()).collect();
            let model = Predictor::new(coefficients, numbers.chunks(4).take(classes).map(|c| c[3]).collect());
            let columns: Vec<Vec<f64>> = (0..3).map(|j| rows.iter().map(|r| r[j]).collect()).collect();
            let all = predict(&model, &columns, rows.len());
            let mut baseline = all.clone();
            let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            PredictRows { model: &model, columns: &slices, into: &mut baseline }.run();
            prop_assert_eq!(&baseline, &all);
            for (i, row) in rows.iter().enumerate() {
                let alone = predict(&model, &row.map(|x| vec![x]), 1);
                prop_assert_eq!(alone.classes[0], all.classes[i]);
                for (alone, all) in alone.probabilities.iter().zip(&all.probabilities) {
                    prop_assert_eq!(alone[0].to_bits(), all[i].to_bits());
                }
                let sum: f64 = all.probabilities.iter().map(|p| p[i]).sum();
                prop_assert!((sum - 1.0).abs() < 1e-14);
            }
        }
    }
}
