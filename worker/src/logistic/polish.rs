//! The last digits: steps towards the point where the gradient, computed to 32 digits, is zero.
//!
//! In: where Newton's method ended. Out: the same, closer. Double precision finds a gradient only up to its rounding, and a
//! near-singular problem (collinear or far from centred columns, separable classes, a large C) makes an error of the
//! coefficients many thousand times larger of it. Here the unknowns and the gradient have 32 digits, while the Hessian that
//! turns a gradient into a step needs only a few: each step leaves the next a small part of the error. Where it does not, the
//! Hessian too is computed and split in 32 digits.
//!
//! It costs some hundred operations a number, so a large table is polished only where its coefficients need it.

use super::block_pass::Curvature;
use super::conjugate::conjugate_step;
use super::design::DesignBlocks;
use super::evaluate::{Evaluation, evaluate};
use super::factor::Factor;
use super::newton::{End, Solution, curvature_for, factor_of, moved_by};
use super::problem::FitError;
use super::row_space::RowSpace;
use super::scaled::Scaled;
use super::survey::Survey;
use super::twofold_newton::descend;
use super::zero::zeros;
use crate::numeric::Twofold;

/// Numbers (rows times features times vectors) up to which a table is always polished: some tenths of a second.
const ALWAYS_WORK_MAX: usize = 1 << 20;

/// A larger table is polished where a coefficient's relative error may be above this: a tenth of what is promised. The estimate is
/// that of the worst case; columns that add up to one, as those of categories do, reach some 1e-8 by it.
const ERROR_TO_POLISH: f64 = 1e-7;

/// Products of rows and Hessian entries up to which the Hessian may be computed in 32 digits: some seconds.
const HESSIAN_WORK_MAX: usize = 1 << 28;

/// A Hessian of more unknowns takes too long to factor in 32 digits.
const FACTOR_UNKNOWNS_MAX: usize = 600;

/// Steps at most.
const STEPS_MAX: u32 = 20;

/// A step that changes no coefficient by more than this, relative, is the last.
pub(super) const DONE: f64 = 1e-17;

/// A coefficient this much smaller than the largest of its vector, in scaled units, is zero but for rounding: its own digits
/// are not waited for.
const NEGLIGIBLE: f64 = 1e-26;

/// A step this large a part of the one before shows that the Hessian has too few digits.
const SLOW: f64 = 0.1;

/// The relative change of a coefficient by the last step up to which the optimum counts as reached where rounding ended the
/// way, and how much smaller than the largest of its vector a coefficient may be to be looked at.
const REACHED: f64 = 1e-7;
const LOOKED_AT: f64 = 1e-12;

/// What turns a gradient into a step.
pub(super) enum Solver<'a> {
    /// A Hessian in double precision.
    Double(Factor<f64>),
    /// The rows' space, and the Hessian in its coordinates.
    RowSpace(&'a RowSpace, Factor<f64>),
    /// Passes over the data, with the Hessian's diagonal and the objective.
    Passes(Vec<f64>, f64),
}

impl Solver<'_> {
    /// The solver that Newton's method ended with.
    pub(super) fn of(scaled: &Scaled, before: &Evaluation) -> Self {
        match curvature_for(scaled) {
            Curvature::Full => Self::Double(factor_of(scaled, before)),
            Curvature::Diagonal | Curvature::Without => Self::Passes(before.diagonal(scaled), before.objective()),
        }
    }
}

/// Polishes a solution where that is worth its time, and says whether the optimum is reached.
pub(super) fn polish<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    survey: &Survey,
    solution: &mut Solution,
    solver: &Solver<'_>,
    iterations_max: u32,
) -> Result<bool, FitError<D::Error>> {
    let zeros = zeros(scaled, survey);
    let theta = &mut solution.theta;
    let work = data
        .rows()
        .saturating_mul(scaled.features.max(1))
        .saturating_mul(scaled.vectors);
    let reached = solution.end == End::Reached;
    let is_worth_it = || match solver {
        // Each step is hundreds of passes: where Newton's method ended has to do.
        Solver::Passes(..) => false,
        Solver::Double(factor) if reached && factor.raised == 0 => has_lost_digits(scaled, factor, theta, &zeros),
        Solver::Double(_) | Solver::RowSpace(..) => true,
    };
    if work > ALWAYS_WORK_MAX && !is_worth_it() {
        return Ok(reached);
    }
    let mut size_before = f64::INFINITY;
    for _ in 0..STEPS_MAX {
        let step = step(scaled, data, solver, theta)?;
        let size = relative_size(scaled, theta, &step, &zeros);
        if size <= DONE {
            return Ok(true);
        }
        if !size.is_finite() || size > SLOW * size_before {
            let is_near = is_near(scaled, theta, &step, &zeros);
            return at_last(scaled, data, solution, &zeros, is_near, iterations_max);
        }
        *theta = moved_by(theta, &step, 1.0);
        size_before = size;
    }
    Ok(false)
}

/// The Hessian has too few digits to go on: the rest is done with one of 32, where that takes seconds and not hours.
fn at_last<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    solution: &mut Solution,
    zeros: &[f64],
    is_near: bool,
    iterations_max: u32,
) -> Result<bool, FitError<D::Error>> {
    let work = data.rows().saturating_mul(Curvature::Full.len(scaled));
    if work > HESSIAN_WORK_MAX || scaled.unknowns() > FACTOR_UNKNOWNS_MAX {
        return Ok(is_near);
    }
    let steps_max = iterations_max.saturating_sub(solution.iterations);
    let descent = descend(scaled, data, &mut solution.theta, zeros, steps_max)?;
    solution.iterations += descent.steps;
    Ok(descent.reached)
}

fn step<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    solver: &Solver<'_>,
    theta: &[Twofold<f64>],
) -> Result<Vec<f64>, FitError<D::Error>> {
    let at = evaluate::<Twofold<f64>, D>(scaled, data, theta, Curvature::Without)?;
    let downhill: Vec<Twofold<f64>> = at.sums.gradient.iter().map(|&g| -g).collect();
    let rounded = || downhill.iter().map(|g| g.to_f64()).collect::<Vec<f64>>();
    match solver {
        Solver::Double(factor) => {
            let mut step = rounded();
            factor.solve(&mut step);
            Ok(step)
        }
        Solver::RowSpace(space, factor) => {
            let gradient: Vec<f64> = at.sums.gradient.iter().map(|g| g.to_f64()).collect();
            Ok(space.step(scaled, factor, &gradient))
        }
        Solver::Passes(diagonal, objective) => conjugate_step(scaled, data, theta, diagonal, &rounded(), *objective),
    }
}

/// The largest change of a coefficient by `step`, relative to it. (The intercept's is taken relative to the whole vector: its
/// own size depends on the centre.)
/// What is zero but for rounding has no size to compare with: its changes within that do not count.
pub(super) fn relative_size(scaled: &Scaled, theta: &[Twofold<f64>], step: &[f64], zeros: &[f64]) -> f64 {
    relative_size_above(scaled, theta, step, zeros, NEGLIGIBLE)
}

/// Whether `step`, the last that rounding allowed, says that the optimum is reached.
pub(super) fn is_near(scaled: &Scaled, theta: &[Twofold<f64>], step: &[f64], zeros: &[f64]) -> bool {
    relative_size_above(scaled, theta, step, zeros, LOOKED_AT) <= REACHED
}

fn relative_size_above(scaled: &Scaled, theta: &[Twofold<f64>], step: &[f64], zeros: &[f64], negligible: f64) -> f64 {
    let mut largest = 0.0;
    for (vector, step) in theta.chunks(scaled.width()).zip(step.chunks(scaled.width())) {
        let norm = vector.iter().fold(0.0_f64, |norm, v| norm.max(v.high.abs()));
        for (j, (v, step)) in vector.iter().zip(step).enumerate() {
            let own = if j == scaled.features {
                norm
            } else {
                v.high.abs().max(negligible * norm)
            };
            if step.is_nan() || step.abs() > zeros[j] {
                let size = step.abs() / own.max(zeros[j]);
                largest = if size > largest || size.is_nan() { size } else { largest };
            }
        }
    }
    largest
}

/// Whether rounding in double precision may have cost a coefficient its digits.
///
/// A row's part of the gradient is off by some units in the last place of its weight, and the inverse Hessian says what
/// becomes of that.
fn has_lost_digits(scaled: &Scaled, factor: &Factor<f64>, theta: &[Twofold<f64>], zeros: &[f64]) -> bool {
    let unknowns = scaled.unknowns();
    let heaviest = scaled.weights.iter().copied().fold(0.0, f64::max);
    // Errors of single rows point either way, so that they add up like the root of their number; sums are compensated.
    let noise = 8.0 * f64::EPSILON * heaviest * (scaled.rows as f64).sqrt();
    let mut error = vec![0.0; unknowns];
    for column in 0..unknowns {
        let mut unit = vec![0.0; unknowns];
        unit[column] = noise;
        factor.solve(&mut unit);
        error
            .iter_mut()
            .zip(unit)
            .for_each(|(error, of_column)| *error += of_column.abs());
    }
    relative_size(scaled, theta, &error, zeros) > ERROR_TO_POLISH
}
