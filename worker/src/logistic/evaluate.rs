//! The scaled objective with its derivatives, over all blocks: [`block_pass`](super::block_pass) and the penalty.

use super::block_pass::{BlockPass, Buffers, Curvature, Precision, Sums};
use super::design::DesignBlocks;
use super::in_block_order::in_block_order;
use super::problem::FitError;
use super::scaled::Scaled;
use super::survey::Survey;
use crate::numeric::{Eight, Real, Twofold};

/// The objective at some point, with the penalty, and its derivatives; `sums.curvature` is of the loss alone.
#[derive(Clone, Debug)]
pub(super) struct Evaluation {
    pub(super) sums: Sums,
    curvature: Curvature,
}

/// Evaluates at `theta` in the precision of `N`.
pub(super) fn evaluate<N: Precision, D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    theta: &[Twofold<f64>],
    curvature: Curvature,
) -> Result<Evaluation, FitError<D::Error>> {
    let mut sums = Sums::new(scaled, curvature);
    in_block_order(
        data,
        scaled.classes,
        scaled.threads,
        || (Sums::new(scaled, curvature), Buffers::<N>::new(scaled)),
        |block, (sums, buffers)| {
            N::pass(BlockPass {
                scaled,
                theta,
                block,
                curvature,
                buffers,
                sums,
            });
        },
        |(part, _)| sums.absorb(part),
    )?;
    Ok(Evaluation::with_penalty(scaled, theta, sums, curvature))
}

/// The first evaluation, which surveys the table on the way.
pub(super) fn evaluate_and_survey<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    theta: &[Twofold<f64>],
    curvature: Curvature,
) -> Result<(Evaluation, Survey), FitError<D::Error>> {
    let new_survey = || Survey::new(scaled.features, scaled.classes);
    let (mut sums, mut survey) = (Sums::new(scaled, curvature), new_survey());
    in_block_order(
        data,
        scaled.classes,
        scaled.threads,
        || {
            (
                Sums::new(scaled, curvature),
                Buffers::<Eight>::new(scaled),
                new_survey(),
            )
        },
        |block, (sums, buffers, survey)| {
            survey.add(block);
            Eight::pass(BlockPass {
                scaled,
                theta,
                block,
                curvature,
                buffers,
                sums,
            });
        },
        |(part, _, part_survey)| {
            sums.absorb(part);
            survey.absorb(part_survey);
        },
    )?;
    Ok((Evaluation::with_penalty(scaled, theta, sums, curvature), survey))
}

impl Evaluation {
    fn with_penalty(scaled: &Scaled, theta: &[Twofold<f64>], mut sums: Sums, curvature: Curvature) -> Self {
        sums.objective = sums.objective + scaled.penalty_of(theta);
        scaled.add_penalty_gradient(theta, &mut sums.gradient);
        Self { sums, curvature }
    }

    pub(super) fn objective(&self) -> f64 {
        self.sums.objective.to_f64()
    }

    /// The gradient, rounded.
    pub(super) fn gradient(&self) -> Vec<f64> {
        self.sums.gradient.iter().map(|g| g.to_f64()).collect()
    }

    /// The diagonal of the Hessian.
    pub(super) fn diagonal(&self, scaled: &Scaled) -> Vec<f64> {
        let own = 1.0 - scaled.coupling();
        let width = scaled.width();
        let loss = self.sums.curvature.iter().map(|h| h.to_f64());
        loss.enumerate()
            .map(|(at, h)| h + scaled.penalty.get(at % width).map_or(0.0, |p| own * p.high))
            .collect()
    }

    /// The Hessian, row by row; the lower triangle is what counts. Only of a pass with [`Curvature::Full`].
    pub(super) fn hessian<R: From<Twofold<f64>> + Real>(&self, scaled: &Scaled) -> Vec<R> {
        debug_assert_eq!(self.curvature, Curvature::Full);
        let (width, unknowns) = (scaled.width(), scaled.unknowns());
        let mut matrix = vec![R::splat(0.0); unknowns * unknowns];
        let mut packed = self.sums.curvature.iter();
        for k in 0..scaled.vectors {
            for l in k..scaled.vectors {
                for i in 0..width {
                    for (j, &h) in (i..width).zip(packed.by_ref()) {
                        let penalty = if i == j {
                            penalty_between(scaled, k, l, i)
                        } else {
                            Twofold::splat(0.0)
                        };
                        let h = R::from(h + penalty);
                        matrix[(l * width + j) * unknowns + k * width + i] = h;
                        matrix[(l * width + i) * unknowns + k * width + j] = h;
                    }
                }
            }
        }
        matrix
    }
}

/// The penalty's second derivative by feature `j` of vectors `k` and `l`.
fn penalty_between(scaled: &Scaled, k: usize, l: usize, j: usize) -> Twofold<f64> {
    let Some(&penalty) = scaled.penalty.get(j) else {
        return Twofold::splat(0.0);
    };
    penalty * Twofold::splat(f64::from(u8::from(k == l)) - scaled.coupling())
}
