//! Newton's method in double precision, with a line search.
//!
//! In: the scaled problem, the data, an evaluated start. Out: a [`Solution`]: the unknowns, and how the way there ended. A
//! step is halved until the objective falls. The end: the expected gain of another step, half the Newton decrement, is below
//! the tolerance times the objective, and no margin moves much any more; the step is still taken, and squares the error.
//!
//! Not here: the last digits of a problem that is near-singular (`polish.rs`).

use super::block_pass::Curvature;
use super::conjugate::conjugate_step;
use super::design::DesignBlocks;
use super::evaluate::{Evaluation, evaluate};
use super::factor::Factor;
use super::problem::{FitError, FitOptions};
use super::scaled::Scaled;
use super::survey::Survey;
use crate::numeric::{Eight, Twofold};

/// Up to this many unknowns the Hessian is written down; above, its products with vectors are passes over the data.
const HESSIAN_UNKNOWNS_MAX: usize = 400;

/// Of a short table the Hessian is written down for more unknowns: up to this many, and up to this many products in sum (some
/// seconds a pass): beyond that, conjugate gradients take hundreds of passes.
const SHORT_UNKNOWNS_MAX: usize = 2_000;
const SHORT_PRODUCTS_MAX: usize = 1 << 36;

/// A step is accepted where the objective falls by this part of what its slope promises.
const ARMIJO: f64 = 1e-4;

/// How much of the objective may be rounding: no fall is asked for within it.
const OBJECTIVE_NOISE: f64 = 1e-13;

/// Halvings after which a direction is given up.
const HALVINGS_MAX: u32 = 60;

/// A fit is done only when no margin moves by more than this times the root of the tolerance (1e-5 at 1e-14): the margins of
/// the next point are then within the square of it.
const MARGIN_FACTOR: f64 = 100.0;

/// How long a fit may go on, and when it is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_iterations: u32,
    pub(super) tolerance: f64,
}

impl Limits {
    pub(super) fn of(options: &FitOptions) -> Self {
        Self {
            max_iterations: options.max_iterations,
            tolerance: options.tolerance,
        }
    }
}

/// How a way to the optimum ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The optimum is reached.
    Reached,
    /// No step along the last direction lowered the objective, or what is still to be gained is below its rounding while the
    /// margins go on moving.
    Stalled,
    /// The iterations ran out.
    RanOut,
}

/// Where Newton's method ended.
#[derive(Clone, Debug)]
pub(super) struct Solution {
    pub(super) theta: Vec<Twofold<f64>>,
    /// The evaluation one step before `theta`.
    pub(super) before: Evaluation,
    pub(super) iterations: u32,
    pub(super) end: End,
}

/// The second derivatives that a problem of this size is solved with.
pub(super) fn curvature_for(scaled: &Scaled) -> Curvature {
    if hessian_pays(scaled.rows, scaled.unknowns()) {
        Curvature::Full
    } else {
        Curvature::Diagonal
    }
}

/// Whether a table is small enough for the Hessian.
pub(super) fn hessian_pays(rows: usize, unknowns: usize) -> bool {
    let products = rows.saturating_mul(unknowns).saturating_mul(unknowns);
    unknowns <= HESSIAN_UNKNOWNS_MAX || (unknowns <= SHORT_UNKNOWNS_MAX && products <= SHORT_PRODUCTS_MAX)
}

/// Goes from `theta`, where the evaluation is `at`, to the optimum.
pub(super) fn newton<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    survey: &Survey,
    (mut theta, mut at): (Vec<Twofold<f64>>, Evaluation),
    limits: Limits,
) -> Result<Solution, FitError<D::Error>> {
    let mut moved_before = f64::INFINITY;
    for iterations in 1..=limits.max_iterations {
        let step = newton_step(scaled, data, &theta, &at)?;
        let slope: f64 = at.gradient().iter().zip(&step).map(|(g, s)| g * s).sum();
        if !slope.is_finite() {
            return Err(FitError::Diverged);
        }
        let moved = largest_move(scaled, survey, &step);
        let small = -slope / 2.0 <= limits.tolerance * at.objective();
        let settled = moved <= MARGIN_FACTOR * limits.tolerance.sqrt();
        let gains_nothing = moved >= moved_before / 2.0;
        if small && (settled || gains_nothing) {
            return Ok(Solution {
                theta: moved_by(&theta, &step, 1.0),
                before: at,
                iterations,
                end: if settled { End::Reached } else { End::Stalled },
            });
        }
        let Some((next, next_at)) = lower(scaled, data, (&theta, &at), &step, slope)? else {
            return Ok(Solution {
                theta,
                before: at,
                iterations,
                end: End::Stalled,
            });
        };
        (theta, at, moved_before) = (next, next_at, moved);
    }
    Ok(Solution {
        theta,
        before: at,
        iterations: limits.max_iterations,
        end: End::RanOut,
    })
}

/// A point along `step` with a lower objective, evaluated; none where rounding leaves none.
#[expect(
    clippy::type_complexity,
    reason = "a point and its evaluation, taken apart at once by the one caller"
)]
fn lower<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    (theta, at): (&[Twofold<f64>], &Evaluation),
    step: &[f64],
    slope: f64,
) -> Result<Option<(Vec<Twofold<f64>>, Evaluation)>, FitError<D::Error>> {
    let mut length = 1.0;
    for _ in 0..HALVINGS_MAX {
        let trial = moved_by(theta, step, length);
        let trial_at = evaluate::<Eight, D>(scaled, data, &trial, curvature_for(scaled))?;
        let wanted = at.objective() + ARMIJO * length * slope + OBJECTIVE_NOISE * at.objective();
        // Not a number is not below: a step into infinity is halved.
        if trial_at.objective() <= wanted {
            return Ok(Some((trial, trial_at)));
        }
        length /= 2.0;
    }
    Ok(None)
}

/// The Newton step, `-H^-1 g`, in double precision.
fn newton_step<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    theta: &[Twofold<f64>],
    at: &Evaluation,
) -> Result<Vec<f64>, FitError<D::Error>> {
    let mut step = at.gradient();
    for g in &mut step {
        *g = -*g;
    }
    match curvature_for(scaled) {
        Curvature::Full => factor_of(scaled, at).solve(&mut step),
        Curvature::Diagonal | Curvature::Without => {
            step = conjugate_step(scaled, data, theta, &at.diagonal(scaled), &step, at.objective())?;
        }
    }
    Ok(step)
}

/// The Hessian of `at`, factored.
pub(super) fn factor_of(scaled: &Scaled, at: &Evaluation) -> Factor<f64> {
    Factor::new(at.hessian(scaled), scaled.unknowns(), f64::EPSILON)
}

/// `theta + length * step`.
pub(super) fn moved_by(theta: &[Twofold<f64>], step: &[f64], length: f64) -> Vec<Twofold<f64>> {
    theta
        .iter()
        .zip(step)
        .map(|(&t, s)| t + Twofold::from_single(length * s))
        .collect()
}

/// More than any margin moves with `step`.
fn largest_move(scaled: &Scaled, survey: &Survey, step: &[f64]) -> f64 {
    let of_vector = |vector: &[f64]| {
        let features = (0..scaled.features)
            .map(|j| vector[j].abs() * survey.reach(scaled, j))
            .sum::<f64>();
        features + vector[scaled.features].abs()
    };
    step.chunks(scaled.width()).map(of_vector).fold(0.0, f64::max) * if scaled.vectors == 1 { 1.0 } else { 2.0 }
}
