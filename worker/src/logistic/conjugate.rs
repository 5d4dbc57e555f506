//! A Newton step without the Hessian: preconditioned conjugate gradients, each product with the Hessian a pass over the data.
//!
//! For many unknowns, where the Hessian would be too large. The preconditioner is the Hessian's diagonal. The step is as exact
//! as double precision lets it be, or what [`PRODUCTS_MAX`] passes gave: a descent direction in any case.

use super::block_product::{BlockProduct, ProductBuffers};
use super::design::DesignBlocks;
use super::in_block_order::in_block_order;
use super::problem::FitError;
use super::scaled::Scaled;
use crate::numeric::Twofold;

/// The most products for one step.
const PRODUCTS_MAX: usize = 2_000;

/// The residual, relative to the right side and in the norm of the preconditioner, at which a step is good enough: far from
/// the optimum a rough step will do, near it an exact one squares the error.
const RESIDUAL_MAX: f64 = 0.1;
const RESIDUAL_MIN: f64 = 1e-8;

/// Solves `H x = b` at `theta`, where H has the given diagonal and the scaled objective is `objective`.
pub(super) fn conjugate_step<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    theta: &[Twofold<f64>],
    diagonal: &[f64],
    b: &[f64],
    objective: f64,
) -> Result<Vec<f64>, FitError<D::Error>> {
    let mut x = vec![0.0; b.len()];
    let mut residual = b.to_vec();
    let mut conditioned = quotients(&residual, diagonal);
    let mut direction = conditioned.clone();
    let mut size = inner(&residual, &conditioned);
    let wanted = (size / objective).sqrt().sqrt().clamp(RESIDUAL_MIN, RESIDUAL_MAX);
    let enough = size * wanted * wanted;
    for _ in 0..PRODUCTS_MAX {
        if size <= enough {
            break;
        }
        let product = hessian_times(scaled, data, theta, &direction)?;
        let curvature = inner(&direction, &product);
        if curvature.is_nan() || curvature <= 0.0 {
            break;
        }
        let length = size / curvature;
        add(&mut x, length, &direction);
        add(&mut residual, -length, &product);
        conditioned = quotients(&residual, diagonal);
        let next = inner(&residual, &conditioned);
        let turn = next / size;
        size = next;
        for (d, &c) in direction.iter_mut().zip(&conditioned) {
            *d = c + turn * *d;
        }
    }
    Ok(x)
}

/// The Hessian at `theta` times `direction`, with the penalty.
fn hessian_times<D: DesignBlocks>(
    scaled: &Scaled,
    data: &D,
    theta: &[Twofold<f64>],
    direction: &[f64],
) -> Result<Vec<f64>, FitError<D::Error>> {
    let zeros = || vec![Twofold::from_single(0.0); scaled.unknowns()];
    let direction: Vec<Twofold<f64>> = direction.iter().map(|&d| Twofold::from_single(d)).collect();
    let mut product = zeros();
    in_block_order(
        data,
        scaled.classes,
        scaled.threads,
        || (zeros(), ProductBuffers::new(scaled)),
        |block, (sums, buffers)| {
            BlockProduct {
                scaled,
                theta,
                direction: &direction,
                block,
                buffers,
                sums,
            }
            .add();
        },
        |(part, _)| {
            for (to, from) in product.iter_mut().zip(part) {
                *to = *to + std::mem::take(from);
            }
        },
    )?;
    scaled.add_penalty_gradient(&direction, &mut product);
    Ok(product.iter().map(|p| p.to_f64()).collect())
}

fn quotients(a: &[f64], by: &[f64]) -> Vec<f64> {
    a.iter()
        .zip(by)
        .map(|(a, by)| if *by > 0.0 { a / by } else { *a })
        .collect()
}

/// Compensated, since thousands of products are added.
fn inner(a: &[f64], b: &[f64]) -> f64 {
    let mut sum = Twofold::from_single(0.0);
    for (a, b) in a.iter().zip(b) {
        sum += a * b;
    }
    sum.to_f64()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += times * what;
    }
}
