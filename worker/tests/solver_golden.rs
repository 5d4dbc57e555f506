//! The solver against optima of 120-digit arithmetic (`golden/make_logistic.py`, which knows nothing of the solver).

use serde::Deserialize;
use trainyard_worker::logistic::{FitOptions, MemoryDesign, Predictions, Predictor, fit};

/// A problem and its optimum.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Golden {
    name: String,
    c: f64,
    class_weights: Vec<f64>,
    rows: Vec<Vec<f64>>,
    classes: Vec<u32>,
    coefficients: Vec<Vec<f64>>,
    intercepts: Vec<f64>,
    objective: f64,
    /// Of the first rows.
    probabilities: Vec<Vec<f64>>,
}

/// The promise to users is 1e-6; the last digits are worth having, and a change that loses them is worth seeing.
const COEFFICIENT_ERROR_MAX: f64 = 1e-12;

/// Likewise for probabilities; on top comes the rounding of the margin, which may be a small difference of large numbers.
const PROBABILITY_ERROR_MAX: f64 = 1e-14;

/// Below this part of the largest coefficient a difference counts as absolute: a coefficient that is 0 by symmetry.
const ZERO: f64 = 1e-18;

#[test]
fn every_golden_optimum_is_reached() {
    let problems: Vec<Golden> = serde_json::from_str(include_str!("golden/logistic.json")).unwrap();
    assert!(problems.len() >= 50);
    let mut misses = Vec::new();
    for golden in problems {
        let columns = (0..golden.rows[0].len())
            .map(|j| golden.rows.iter().map(|row| row[j]).collect())
            .collect();
        let data = MemoryDesign::new(columns, golden.classes.clone());
        let options = FitOptions {
            c: golden.c,
            class_weights: golden.class_weights.clone(),
            ..FitOptions::new(golden.class_weights.len())
        };
        let fitted = fit(&data, golden.class_weights.len(), &options).unwrap();
        let got = fitted.coefficients.iter().flatten().chain(&fitted.intercepts);
        let want: Vec<f64> = golden
            .coefficients
            .iter()
            .flatten()
            .chain(&golden.intercepts)
            .copied()
            .collect();
        let coefficients = worst(got.copied(), &want);
        let objective = worst([fitted.objective].into_iter(), &[golden.objective]);
        let rounding = margin_rounding(&golden);
        let probabilities = probability_error(&golden, &fitted.predictor());
        println!(
            "{:45} coefficients {coefficients:.1e} probabilities {probabilities:.1e} objective {objective:.1e} in {} steps{}",
            golden.name,
            fitted.iterations,
            if fitted.converged { "" } else { ", NOT CONVERGED" },
        );
        let good = coefficients <= COEFFICIENT_ERROR_MAX && probabilities <= PROBABILITY_ERROR_MAX + rounding;
        if !(good && objective <= 1e-9 && fitted.converged) {
            misses.push(golden.name);
        }
    }
    assert!(misses.is_empty(), "{misses:?}");
}

/// The largest relative difference; a 0 must be 0.
#[expect(
    clippy::float_cmp,
    reason = "equal to the last bit is no difference, also where both are 0"
)]
fn worst(got: impl Iterator<Item = f64>, want: &[f64]) -> f64 {
    let largest = want.iter().fold(0.0_f64, |largest, w| largest.max(w.abs()));
    let error = |(got, want): (f64, &f64)| {
        if got == *want {
            0.0
        } else {
            (got - want).abs() / want.abs().max(ZERO * largest)
        }
    };
    got.zip(want).map(error).fold(0.0, f64::max)
}

/// What rounding the coefficients and adding up the margin may change of a margin, and so relatively of a probability.
fn margin_rounding(golden: &Golden) -> f64 {
    let terms = |row: &[f64], w: &[f64]| row.iter().zip(w).map(|(x, w)| (x * w).abs()).sum::<f64>();
    let of_row = |row: &Vec<f64>| golden.coefficients.iter().map(|w| terms(row, w)).fold(0.0, f64::max);
    4.0 * f64::EPSILON * golden.rows.iter().map(of_row).fold(0.0, f64::max)
}

fn probability_error(golden: &Golden, model: &Predictor) -> f64 {
    let rows = &golden.rows[..golden.probabilities.len()];
    let columns: Vec<Vec<f64>> = (0..rows[0].len())
        .map(|j| rows.iter().map(|row| row[j]).collect())
        .collect();
    let mut said = Predictions::default();
    model.predict(&columns, rows.len(), &mut said);
    let got = (0..rows.len()).flat_map(|i| said.probabilities.iter().map(move |p| p[i]));
    let want: Vec<f64> = golden.probabilities.iter().flatten().copied().collect();
    worst(got, &want)
}
