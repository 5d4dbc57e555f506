//! Which unknowns are zero but for rounding.
//!
//! Where the classes are balanced in a column, its true coefficient is 0, and what comes out is the rounding of the sums, which
//! has neither digits to wait for nor a meaning: left as it is, it would decide between classes that are equally likely.

use super::scaled::Scaled;
use super::survey::Survey;
use crate::numeric::Twofold;

/// The rounding of a sum in twofold precision, relative to the sum of the magnitudes, with room to spare.
const SUM_ROUNDING: f64 = 1e-30;

/// No unknown above this counts as zero, whatever the bound says: it can move a probability.
const ZERO_MAX: f64 = 1e-20;

/// The least magnitude up to which an intercept is zero but for rounding.
const INTERCEPT_ZERO: f64 = 1e-28;

/// For each unknown of a vector (the features, then the intercept) the magnitude up to which it is zero but for rounding, in
/// scaled units: the rounding of its gradient over the least curvature that there can be, the penalty's.
pub(super) fn zeros(scaled: &Scaled, survey: &Survey) -> Vec<f64> {
    let weights = scaled.weights.iter().zip(&survey.class_rows);
    let weight: f64 = weights.map(|(weight, &rows)| weight * rows as f64).sum();
    let of_feature = |j: usize| {
        let rounding = SUM_ROUNDING * weight * survey.reach(scaled, j);
        (rounding / scaled.penalty[j].high).min(ZERO_MAX)
    };
    let mut zeros: Vec<f64> = (0..scaled.features).map(of_feature).collect();
    // What a coefficient is off by in a direction that hardly any row sees, the intercept makes good.
    let made_good = (0..scaled.features).map(|j| zeros[j] * survey.reach(scaled, j));
    let intercept = made_good.fold(INTERCEPT_ZERO, f64::max).min(ZERO_MAX);
    zeros.push(intercept);
    zeros
}

/// `v`, or 0 where it is not above `zero`.
pub(super) fn without_rounding(v: Twofold<f64>, zero: f64) -> Twofold<f64> {
    if v.high.abs() <= zero {
        Twofold::from_single(0.0)
    } else {
        v
    }
}
