//! A fit from beginning to end: sample, start, Newton's method, the last digits.
//!
//! In: blocks of a table, options. Out: a [`Fitted`]. A table that fits in memory is read once; a larger one starts from the
//! optimum of a sample, so that about three passes over it are enough.

use super::design::{DesignBlock, DesignBlocks, MemoryDesign};
use super::evaluate::{Evaluation, evaluate, evaluate_and_survey};
use super::newton::{End, Limits, Solution, curvature_for, newton};
use super::polish::polish;
use super::problem::{FitError, FitOptions, Fitted, check};
use super::sample::{sample, sample_rows, thinned};
use super::scaled::Scaled;
use super::survey::{Survey, find_unusable, refuse_unusable};
use crate::numeric::{Eight, Twofold};

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
    if sample.whole {
        let memory = MemoryDesign::from_block(sample.rows);
        let scaled = Scaled::new(memory.table(), classes, options);
        return fit_scaled(&scaled, &memory, memory.table(), options).map_err(FitError::widen);
    }
    let scaled = Scaled::new(&sample.rows, classes, options);
    fit_scaled(&scaled, data, &sample.rows, options)
}

fn fit_scaled<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    sample: &DesignBlock,
    options: &FitOptions,
) -> Result<Fitted, FitError<D::Error>> {
    let limits = Limits {
        max_iterations: options.max_iterations,
        tolerance: options.tolerance,
    };
    let (start, survey) = start(scaled, data, sample)?;
    let solution = newton(scaled, data, &survey, start, limits)?;
    finish(scaled, data, survey, solution)
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
    let theta = start_from_sample(scaled, data.rows(), sample).unwrap_or_else(|| zero.clone());
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
fn start_from_sample(scaled: &Scaled, rows: usize, sample: &DesignBlock) -> Option<Vec<Twofold<f64>>> {
    let wanted = sample_rows(scaled.features);
    if rows < SAMPLE_PAYS * wanted {
        return None;
    }
    let memory = MemoryDesign::from_block(thinned(sample, (sample.rows() / wanted).max(1)));
    let scaled = scaled.for_part_of_rows(memory.rows() as f64 / rows as f64);
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

/// The last digits, and the way back to original units.
fn finish<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    survey: Survey,
    mut solution: Solution,
) -> Result<Fitted, FitError<D::Error>> {
    let mut converged = solution.end == End::Reached;
    if solution.end != End::RanOut
        && let Some(polished) = polish(scaled, data, &mut solution)?
    {
        converged = polished.reached;
    }
    let (coefficients, intercepts) = scaled.original(&solution.theta);
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
