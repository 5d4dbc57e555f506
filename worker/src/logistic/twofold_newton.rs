//! Newton's method in twofold precision, with a line search: slow, and sure.
//!
//! Rows of different classes at the same place leave a floor in the objective. What is to be gained beside it (other rows that
//! are told apart ever better, against a penalty of hardly anything) can lie below the rounding of that floor in double
//! precision, and the curvature in that direction below the rounding of the Hessian. In 32 digits both are there.
//!
//! In: the scaled problem, the data, a point. Out: the optimum.

use super::block_pass::Curvature;
use super::design::DesignBlocks;
use super::evaluate::{Evaluation, evaluate};
use super::factor::Factor;
use super::newton::moved_by;
use super::polish::{DONE, is_near, relative_size};
use super::problem::FitError;
use super::scaled::Scaled;
use crate::numeric::Twofold;

/// The relative error of the sums in the Hessian, in twofold precision.
const ROUNDING: f64 = 1e-29;

/// A whole step that changes no unknown by more than this, relative, leaves an error of its square.
const LAST_STEP: f64 = 1e-9;

/// A step is accepted where the objective's slope along it, at its end, is at most this part of the slope's magnitude at its
/// beginning. The objective is convex: where its slope is not yet positive, it has fallen all the way.
const RISING: f64 = 0.5;

/// Halvings after which a direction is given up.
const HALVINGS_MAX: u32 = 60;

/// How the way to the optimum ended.
pub(super) struct Descent {
    /// Whether it is reached.
    pub(super) reached: bool,
    /// Steps taken.
    pub(super) steps: u32,
}

/// Goes from `theta` to the optimum in at most `steps_max` steps.
pub(super) fn descend<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    theta: &mut Vec<Twofold<f64>>,
    zeros: &[f64],
    steps_max: u32,
) -> Result<Descent, FitError<D::Error>> {
    let mut at = evaluate::<Twofold<f64>, D>(scaled, data, theta, Curvature::Full)?;
    for steps in 0..steps_max {
        let (step, slope) = step_and_slope(scaled, &at);
        let size = relative_size(scaled, theta, &step, zeros);
        if size <= DONE {
            return Ok(Descent { reached: true, steps });
        }
        let Some((is_whole, next, next_at)) = forward(scaled, data, theta, &step, slope)? else {
            let reached = is_near(scaled, theta, &step, zeros);
            return Ok(Descent { reached, steps });
        };
        *theta = next;
        at = next_at;
        if is_whole && size <= LAST_STEP {
            return Ok(Descent {
                reached: true,
                steps: steps + 1,
            });
        }
    }
    Ok(Descent {
        reached: false,
        steps: steps_max,
    })
}

fn step_and_slope(scaled: &Scaled, at: &Evaluation) -> (Vec<f64>, f64) {
    let factor = Factor::<Twofold<f64>>::new(at.hessian(scaled), scaled.unknowns(), ROUNDING);
    let mut step: Vec<Twofold<f64>> = at.sums.gradient.iter().map(|&g| -g).collect();
    factor.solve(&mut step);
    let step: Vec<f64> = step.iter().map(|s| s.to_f64()).collect();
    let slope = slope_along(at, &step);
    (step, slope)
}

fn slope_along(at: &Evaluation, step: &[f64]) -> f64 {
    let products = at.sums.gradient.iter().zip(step);
    let sum = products.fold(Twofold::from_single(0.0), |sum, (&g, &s)| {
        sum + g * Twofold::from_single(s)
    });
    sum.to_f64()
}

/// Whether the whole step leads downhill, where it or the part of it that does leads, and the evaluation there; none where
/// rounding leaves none.
///
/// It goes by the slope and not by the objective, whose logarithms have the digits of double precision only.
#[expect(
    clippy::type_complexity,
    reason = "three parts of one answer, taken apart at once by the one caller"
)]
fn forward<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    theta: &[Twofold<f64>],
    step: &[f64],
    slope: f64,
) -> Result<Option<(bool, Vec<Twofold<f64>>, Evaluation)>, FitError<D::Error>> {
    let mut length = 1.0;
    for halvings in 0..HALVINGS_MAX {
        let next = moved_by(theta, step, length);
        let at = evaluate::<Twofold<f64>, D>(scaled, data, &next, Curvature::Full)?;
        // Not a number is not below: a step into infinity is halved.
        if slope_along(&at, step) <= -RISING * slope {
            return Ok(Some((halvings == 0, next, at)));
        }
        length /= 2.0;
    }
    Ok(None)
}
