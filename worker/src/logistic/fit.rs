//! A fit from beginning to end: sample, start, Newton's method, the last digits.
//!
//! In: blocks of a table, options. Out: a [`Fitted`]. A table that fits in memory is read once; a larger one starts from the
//! optimum of a sample, so that about three passes over it are enough.

use super::block_pass::Curvature;
use super::design::{DesignBlock, DesignBlocks, MemoryDesign};
use super::evaluate::{Evaluation, evaluate, evaluate_and_survey};
use super::newton::{End, Limits, Solution, curvature_for, factor_of, hessian_pays, newton};
use super::polish::{Solver, polish};
use super::problem::{FitError, FitOptions, Fitted, check};
use super::row_space::RowSpace;
use super::sample::{sample, sample_rows, thinned};
use super::scaled::Scaled;
use super::survey::{Survey, find_unusable, refuse_unusable};
use super::zero::zeros;
use crate::numeric::{Eight, Twofold};
use std::convert::Infallible;

/// A table this many times longer than a sample starts from a sample's optimum.
const SAMPLE_PAYS: usize = 3;

/// The start need not be better: the sample itself is further from the table's optimum.
const START_TOLERANCE: f64 = 1e-8;

/// Steps that the start may take.
const START_ITERATIONS_MAX: u32 = 30;

/// Fits a logistic regression on `data`, whose classes are numbered from 0 to `classes - 1` and all have rows.
///
/// # Errors
/// Options that allow no fit, a table that cannot be read, a class without rows, a value that is not finite or too large, an
/// optimum beyond the range of double precision. Iterations that ran out are no error: the result says `converged: false`.
pub fn fit<D: DesignBlocks>(data: &D, classes: usize, options: &FitOptions) -> Result<Fitted, FitError<D::Error>> {
    check(classes, options)?;
    let sample = sample(data, classes)?;
    if !sample.whole {
        let scaled = Scaled::new(&sample.rows, data.rows(), classes, options);
        return fit_scaled(&scaled, data, &sample.rows, options);
    }
    let memory = MemoryDesign::from_block(sample.rows);
    let scaled = Scaled::new(memory.table(), memory.rows(), classes, options);
    if curvature_for(&scaled) != Curvature::Full && hessian_pays(memory.rows(), memory.rows() * scaled.vectors) {
        return fit_in_row_space(&scaled, &memory, options).map_err(FitError::widen);
    }
    fit_scaled(&scaled, &memory, memory.table(), options).map_err(FitError::widen)
}

fn fit_scaled<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    sample: &DesignBlock,
    options: &FitOptions,
) -> Result<Fitted, FitError<D::Error>> {
    let (start, survey) = start(scaled, data, sample)?;
    let mut solution = newton(scaled, data, &survey, start, Limits::of(options))?;
    let solver = Solver::of(scaled, &solution.before);
    let converged = polished(scaled, data, &survey, &mut solution, &solver, options)?;
    fitted(scaled, survey, &solution, converged)
}

/// A table of few rows and many features.
fn fit_in_row_space(
    scaled: &Scaled,
    memory: &MemoryDesign,
    options: &FitOptions,
) -> Result<Fitted, FitError<Infallible>> {
    let mut survey = Survey::new(scaled.features, scaled.classes);
    survey.add(memory.table());
    refuse_unusable(memory, &survey)?;
    find_unusable(memory, scaled.classes)?;
    let space = RowSpace::new(scaled, memory.table());
    let zero = vec![Twofold::from_single(0.0); space.scaled.unknowns()];
    let (at, survey_of_space) = evaluate_and_survey(&space.scaled, &space.design, &zero, Curvature::Full)?;
    let inside = newton(
        &space.scaled,
        &space.design,
        &survey_of_space,
        (zero, at),
        Limits::of(options),
    )?;
    let solver = Solver::RowSpace(&space, factor_of(&space.scaled, &inside.before));
    let theta: Vec<f64> = inside.theta.iter().map(|t| t.to_f64()).collect();
    let theta = space
        .unknowns(scaled, &theta)
        .into_iter()
        .map(Twofold::from_single)
        .collect();
    let mut solution = Solution { theta, ..inside };
    let converged = polished(scaled, memory, &survey, &mut solution, &solver, options)?;
    fitted(scaled, survey, &solution, converged)
}

/// A point to start from, evaluated: the optimum of a sample where it is better than zero, else zero.
#[expect(
    clippy::type_complexity,
    reason = "a point, its evaluation and the survey made on the way, taken apart at once"
)]
fn start<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    sample: &DesignBlock,
) -> Result<((Vec<Twofold<f64>>, Evaluation), Survey), FitError<D::Error>> {
    let zero = vec![Twofold::from_single(0.0); scaled.unknowns()];
    let theta = start_from_sample(scaled, sample).unwrap_or_else(|| zero.clone());
    let (at, survey) = evaluate_and_survey(scaled, data, &theta, curvature_for(scaled))?;
    refuse_unusable(data, &survey)?;
    let weights = scaled.weights.iter().zip(&survey.class_rows);
    let at_zero = weights.map(|(w, &rows)| w * rows as f64).sum::<f64>() * libm::log(scaled.classes as f64);
    if theta == zero || at.objective() <= at_zero {
        if !at.objective().is_finite() {
            find_unusable(data, scaled.classes)?;
            return Err(FitError::Diverged);
        }
        return Ok(((theta, at), survey));
    }
    find_unusable_if_infinite(scaled, data, &at)?;
    let at = evaluate::<Eight, D>(scaled, data, &zero, curvature_for(scaled))?;
    Ok(((zero, at), survey))
}

fn find_unusable_if_infinite<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    at: &Evaluation,
) -> Result<(), FitError<D::Error>> {
    if at.objective().is_finite() {
        Ok(())
    } else {
        find_unusable(data, scaled.classes)
    }
}

/// The optimum of some rows, with the penalty in proportion; none where the table is hardly longer, or some class has no row
/// among them.
fn start_from_sample(scaled: &Scaled, sample: &DesignBlock) -> Option<Vec<Twofold<f64>>> {
    let wanted = sample_rows(scaled.features);
    if scaled.rows < SAMPLE_PAYS * wanted {
        return None;
    }
    let memory = MemoryDesign::from_block(thinned(sample, (sample.rows() / wanted).max(1)));
    let scaled = scaled.for_some_rows(memory.rows());
    let zero = vec![Twofold::from_single(0.0); scaled.unknowns()];
    let (at, survey) = evaluate_and_survey(&scaled, &memory, &zero, curvature_for(&scaled)).ok()?;
    refuse_unusable(&memory, &survey).ok()?;
    let limits = Limits {
        max_iterations: START_ITERATIONS_MAX,
        tolerance: START_TOLERANCE,
    };
    newton(&scaled, &memory, &survey, (zero, at), limits)
        .ok()
        .map(|solution| solution.theta)
}

/// Adds the last digits, and says whether the optimum is reached.
fn polished<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    survey: &Survey,
    solution: &mut Solution,
    solver: &Solver<'_>,
    options: &FitOptions,
) -> Result<bool, FitError<D::Error>> {
    if solution.end == End::RanOut {
        return Ok(false);
    }
    polish(scaled, data, survey, solution, solver, options.max_iterations)
}

/// Back to original units.
fn fitted<E>(scaled: &Scaled, survey: Survey, solution: &Solution, converged: bool) -> Result<Fitted, FitError<E>> {
    let (coefficients, intercepts) = scaled.original(&solution.theta, &zeros(scaled, &survey));
    if !coefficients.iter().flatten().chain(&intercepts).all(|w| w.is_finite()) {
        return Err(FitError::Diverged);
    }
    Ok(Fitted {
        coefficients,
        intercepts,
        iterations: solution.iterations,
        converged,
        objective: scaled.factor * solution.before.objective(),
        class_rows: survey.class_rows,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> MemoryDesign {
        let columns = vec![
            vec![25.0, 30.0, 45.0, 22.0],
            vec![50_000.0, 60_000.0, 80_000.0, 40_000.0],
        ];
        MemoryDesign::new(columns, vec![0, 1, 1, 0])
    }

    #[test]
    fn the_four_rows_of_the_seed() {
        let fitted = fit(&seed(), 2, &FitOptions::new(2)).unwrap();
        println!("{fitted:?}");
        let near = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-14, "{got} {want}");
        near(fitted.coefficients[0][0], 1.501_826_254_491_992e-6);
        near(fitted.coefficients[0][1], 3.003_652_508_984_092_4e-3);
        near(fitted.intercepts[0], -165.200_929_294_347_12);
        assert!(fitted.converged);
        assert_eq!(fitted.class_rows, [2, 2]);
    }
}
