//! One pass over the rows of one block for a product of the Hessian of the loss with a vector.
//!
//! In: the scaled problem, the unknowns, a direction, a block. Out: sums, added to `sums`. The margins and probabilities are
//! computed anew each time, by [`block_pass`](super::block_pass): nothing is kept per row, so a table of any length will do.

#![expect(
    clippy::inline_always,
    reason = "a kernel is compiled for AVX2 only where all it calls is inlined into it"
)]

use super::block_pass::{Buffers, Chunk, add_products};
use super::design::DesignBlock;
use super::scaled::Scaled;
use crate::numeric::{Eight, Kernel, Real, Twofold, vectorised};

/// Buffers of [`BlockProduct`].
pub(super) struct ProductBuffers {
    rows: Buffers<Eight>,
    /// Per class: how the margin changes along the direction, then how the residual does.
    change: Vec<Eight>,
}

impl ProductBuffers {
    pub(super) fn new(scaled: &Scaled) -> Self {
        let rows = Buffers::new(scaled);
        let change = vec![Eight::splat(0.0); scaled.classes * rows.packs];
        Self { rows, change }
    }
}

/// The product over one block.
pub(super) struct BlockProduct<'a> {
    pub(super) scaled: &'a Scaled,
    pub(super) theta: &'a [Twofold<f64>],
    pub(super) direction: &'a [Twofold<f64>],
    pub(super) block: &'a DesignBlock,
    pub(super) buffers: &'a mut ProductBuffers,
    pub(super) sums: &'a mut [Twofold<f64>],
}

impl BlockProduct<'_> {
    /// Adds the product over the block.
    pub(super) fn add(self) {
        vectorised(self);
    }
}

impl Kernel for BlockProduct<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            scaled,
            theta,
            direction,
            block,
            buffers: ProductBuffers { rows, change },
            sums,
        } = self;
        let width = scaled.width();
        for at in Chunk::all::<Eight>(block, rows.packs) {
            rows.load(scaled, block, &at);
            rows.margins(scaled, direction, at.packs);
            change.copy_from_slice(&rows.probability);
            rows.margins(scaled, theta, at.packs);
            rows.probabilities(scaled, at.packs);
            change_of_residuals(scaled, at.packs, rows, change);
            for k in 0..scaled.vectors {
                let residual = &change[scaled.class_of(k) * rows.packs..][..at.packs];
                add_products(residual, rows, at.packs, 0, &mut sums[k * width..][..width]);
            }
        }
    }
}

/// Turns the changes of the margins, `u`, into those of the residuals: `p_k (u_k - sum_l p_l u_l)`.
#[inline(always)]
fn change_of_residuals(scaled: &Scaled, packs: usize, rows: &Buffers<Eight>, change: &mut [Eight]) {
    let stride = rows.packs;
    for i in 0..packs {
        let weight = rows.weight[i];
        if scaled.vectors == 1 {
            let at = stride + i;
            change[at] = weight * rows.probability[at] * rows.complement[at] * change[at];
            continue;
        }
        let mut mean = Eight::splat(0.0);
        for c in 0..scaled.classes {
            mean = mean + rows.probability[c * stride + i] * change[c * stride + i];
        }
        for c in 0..scaled.classes {
            let at = c * stride + i;
            change[at] = weight * rows.probability[at] * (change[at] - mean);
        }
    }
}
