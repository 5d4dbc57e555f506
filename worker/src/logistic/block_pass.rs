//! One pass over the rows of one block: objective, gradient and curvature of the loss, without the penalty.
//!
//! In: the scaled problem, the unknowns, a block. Out: sums, added to [`Sums`]. Rows go in packs of eight, packs in chunks
//! that stay in the processor's cache; the order of all additions depends on the shape of the block alone. The same code runs
//! in double and in twofold precision.
//!
//! A saturated row keeps its digits: what it adds is computed from the small probability itself, never from 1 minus the
//! large one.

#![expect(
    clippy::inline_always,
    reason = "a kernel is compiled for AVX2 only where all it calls is inlined into it"
)]

use super::design::DesignBlock;
use super::scaled::Scaled;
use crate::numeric::{Eight, Kernel, LANES, Pack, Twofold, vectorised};
use std::ops::Range;

/// Packs in a chunk, at most: 512 rows of three columns are 12 KiB.
const CHUNK_PACKS_MAX: usize = 64;

/// Packs in all buffers of a chunk together, 1 MiB in double precision: about a processor's second cache.
const BUFFER_PACKS_MAX: usize = 16_384;

/// Rows of the largest pack.
const ROWS_MAX: usize = LANES;

/// Which second derivatives a pass adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curvature {
    /// None.
    Without,
    /// The diagonal of the Hessian.
    Diagonal,
    /// The Hessian: for each pair of vectors `k <= l` the upper triangle, row by row.
    Full,
}

impl Curvature {
    /// Numbers it takes.
    pub(super) fn len(self, scaled: &Scaled) -> usize {
        match self {
            Self::Without => 0,
            Self::Diagonal => scaled.unknowns(),
            Self::Full => triangle(scaled.vectors) * triangle(scaled.width()),
        }
    }
}

/// `1 + 2 + ... + n`.
pub(super) fn triangle(n: usize) -> usize {
    n * (n + 1) / 2
}

/// The sums of a pass.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    pub(super) objective: Twofold<f64>,
    pub(super) gradient: Vec<Twofold<f64>>,
    pub(super) curvature: Vec<Twofold<f64>>,
}

impl Sums {
    pub(super) fn new(scaled: &Scaled, curvature: Curvature) -> Self {
        let zero = Twofold::from_single(0.0);
        Self {
            objective: zero,
            gradient: vec![zero; scaled.unknowns()],
            curvature: vec![zero; curvature.len(scaled)],
        }
    }

    /// Takes over what `part` holds, and empties it.
    pub(super) fn absorb(&mut self, part: &mut Self) {
        let zero = Twofold::from_single(0.0);
        let take = |to: &mut Twofold<f64>, from: &mut Twofold<f64>| *to = *to + std::mem::replace(from, zero);
        take(&mut self.objective, &mut part.objective);
        self.gradient
            .iter_mut()
            .zip(&mut part.gradient)
            .for_each(|(to, from)| take(to, from));
        self.curvature
            .iter_mut()
            .zip(&mut part.curvature)
            .for_each(|(to, from)| take(to, from));
    }
}

/// Buffers for the packs of a chunk: each holds `packs` packs for each of some columns, vectors or classes.
#[derive(Clone, Debug)]
pub(super) struct Buffers<N> {
    pub(super) packs: usize,
    /// Scaled columns, then a column of ones for the intercept.
    columns: Vec<N>,
    /// The class of each row.
    class: Vec<N>,
    /// The weight of each row, 0 past the end.
    pub(super) weight: Vec<N>,
    /// Per class: the margin, then the probability.
    pub(super) probability: Vec<N>,
    /// Per class: 1 minus the probability, without cancellation.
    pub(super) complement: Vec<N>,
    /// Per vector: the derivative of the loss by the margin.
    residual: Vec<N>,
    /// A column times the second derivative by the margins.
    curved: Vec<N>,
}

impl<N: Pack> Buffers<N> {
    pub(super) fn new(scaled: &Scaled) -> Self {
        let all = scaled.width() + 2 * scaled.classes + scaled.vectors + 3;
        let packs = (BUFFER_PACKS_MAX / all).clamp(1, CHUNK_PACKS_MAX);
        let some = |n: usize| vec![N::splat(0.0); n * packs];
        let mut columns = some(scaled.width());
        columns[scaled.features * packs..].fill(N::splat(1.0));
        Self {
            packs,
            columns,
            class: some(1),
            weight: some(1),
            probability: some(scaled.classes),
            complement: some(scaled.classes),
            residual: some(scaled.vectors),
            curved: some(1),
        }
    }

    /// Fills the columns, classes and weights of a chunk. Past the end a row is all zeros and weighs nothing.
    #[inline(always)]
    pub(super) fn load(&mut self, scaled: &Scaled, block: &DesignBlock, chunk: &Chunk) {
        for (j, column) in block.columns.iter().enumerate() {
            let (centre, inverse_scale) = (scaled.centre[j], scaled.inverse_scale[j]);
            let to = &mut self.columns[j * self.packs..][..chunk.packs];
            for (to, values) in to.iter_mut().zip(column[chunk.rows.clone()].chunks(N::ROWS)) {
                *to = N::load(values, centre).standardised(centre, inverse_scale);
            }
        }
        for (i, classes) in block.classes[chunk.rows.clone()].chunks(N::ROWS).enumerate() {
            let (mut class, mut weight) = ([0.0; ROWS_MAX], [0.0; ROWS_MAX]);
            for (row, &of_row) in classes.iter().enumerate() {
                class[row] = f64::from(of_row);
                weight[row] = scaled.weights[of_row as usize];
            }
            (self.class[i], self.weight[i]) = (N::load(&class, 0.0), N::load(&weight, 0.0));
        }
    }

    /// The margin of each class in each row, feature after feature; the reference class' is 0.
    #[inline(always)]
    pub(super) fn margins(&mut self, scaled: &Scaled, theta: &[Twofold<f64>], packs: usize) {
        let (stride, width) = (self.packs, scaled.width());
        self.probability[scaled.reference * stride..][..packs].fill(N::splat(0.0));
        for k in 0..scaled.vectors {
            let vector = &theta[k * width..][..width];
            let margin = &mut self.probability[scaled.class_of(k) * stride..][..packs];
            margin.fill(N::spread(vector[scaled.features]));
            for (j, &v) in vector[..scaled.features].iter().enumerate() {
                let (v, column) = (N::spread(v), &self.columns[j * stride..][..packs]);
                for (margin, &z) in margin.iter_mut().zip(column) {
                    *margin = *margin + v * z;
                }
            }
        }
    }

    /// Turns margins into probabilities and residuals, and returns the loss.
    #[inline(always)]
    pub(super) fn probabilities(&mut self, scaled: &Scaled, packs: usize) -> N {
        if scaled.vectors == 1 {
            logistic_rows(packs, self)
        } else {
            softmax_rows(scaled, packs, self)
        }
    }

    /// The chunk's packs of column `j`.
    #[inline(always)]
    fn column(&self, j: usize, packs: usize) -> &[N] {
        &self.columns[j * self.packs..][..packs]
    }
}

/// A precision that a pass can be made in. Each has its own compiled pass: a fit is generic in what it reads, and would
/// otherwise be compiled with all its kernels wherever it is called.
pub(super) trait Precision: Pack {
    /// Makes the pass.
    fn pass(pass: BlockPass<'_, Self>);
}

impl Precision for Eight {
    fn pass(pass: BlockPass<'_, Self>) {
        vectorised(pass);
    }
}

impl Precision for Twofold<f64> {
    fn pass(pass: BlockPass<'_, Self>) {
        pass.run();
    }
}

/// One pass over one block.
pub(super) struct BlockPass<'a, N> {
    pub(super) scaled: &'a Scaled,
    pub(super) theta: &'a [Twofold<f64>],
    pub(super) block: &'a DesignBlock,
    pub(super) curvature: Curvature,
    pub(super) buffers: &'a mut Buffers<N>,
    pub(super) sums: &'a mut Sums,
}

/// Some rows of a block, small enough for the cache.
pub(super) struct Chunk {
    pub(super) rows: Range<usize>,
    pub(super) packs: usize,
}

impl Chunk {
    /// The chunks of a block, at most `packs` packs of type `N` each.
    #[inline(always)]
    pub(super) fn all<N: Pack>(block: &DesignBlock, packs: usize) -> impl Iterator<Item = Self> + use<N> {
        let all = block.rows();
        (0..all).step_by(packs * N::ROWS).map(move |start| {
            let rows = start..all.min(start + packs * N::ROWS);
            Self {
                packs: rows.len().div_ceil(N::ROWS),
                rows,
            }
        })
    }
}

impl<N: Pack> Kernel for BlockPass<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        for chunk in Chunk::all::<N>(self.block, self.buffers.packs) {
            self.buffers.load(self.scaled, self.block, &chunk);
            self.buffers.margins(self.scaled, self.theta, chunk.packs);
            let loss = self.buffers.probabilities(self.scaled, chunk.packs);
            self.sums.objective = self.sums.objective + loss.total();
            self.add_gradient(chunk.packs);
            match self.curvature {
                Curvature::Without => {}
                Curvature::Diagonal => self.add_diagonal(chunk.packs),
                Curvature::Full => self.add_hessian(chunk.packs),
            }
        }
    }
}

impl<N: Pack> BlockPass<'_, N> {
    #[inline(always)]
    fn add_gradient(&mut self, packs: usize) {
        let width = self.scaled.width();
        for k in 0..self.scaled.vectors {
            let residual = &self.buffers.residual[k * self.buffers.packs..][..packs];
            add_products(
                residual,
                self.buffers,
                packs,
                0,
                &mut self.sums.gradient[k * width..][..width],
            );
        }
    }

    #[inline(always)]
    fn add_diagonal(&mut self, packs: usize) {
        let width = self.scaled.width();
        for k in 0..self.scaled.vectors {
            for j in 0..width {
                self.curve(k, k, j, packs);
                let product = dot(&self.buffers.curved[..packs], self.buffers.column(j, packs));
                let sum = &mut self.sums.curvature[k * width + j];
                *sum = *sum + product.total();
            }
        }
    }

    #[inline(always)]
    fn add_hessian(&mut self, packs: usize) {
        let width = self.scaled.width();
        let mut at = 0;
        for k in 0..self.scaled.vectors {
            for l in k..self.scaled.vectors {
                for j in 0..width {
                    self.curve(k, l, j, packs);
                    let row = &mut self.sums.curvature[at..][..width - j];
                    add_products(&self.buffers.curved[..packs], self.buffers, packs, j, row);
                    at += width - j;
                }
            }
        }
    }

    /// Column `j` times the second derivative of the loss by the margins of vectors `k` and `l`.
    #[inline(always)]
    fn curve(&mut self, k: usize, l: usize, j: usize, packs: usize) {
        let (class_k, class_l) = (self.scaled.class_of(k), self.scaled.class_of(l));
        let Buffers {
            packs: stride,
            columns,
            weight,
            probability,
            complement,
            curved,
            ..
        } = &mut *self.buffers;
        for i in 0..packs {
            let p = probability[class_k * *stride + i];
            let other = if k == l {
                complement[class_k * *stride + i]
            } else {
                -probability[class_l * *stride + i]
            };
            curved[i] = weight[i] * p * other * columns[j * *stride + i];
        }
    }
}

/// Two classes: turns margins into the probability of class 1, and returns the loss.
#[inline(always)]
fn logistic_rows<N: Pack>(packs: usize, buffers: &mut Buffers<N>) -> N {
    let stride = buffers.packs;
    let one = N::splat(1.0);
    let mut loss = N::splat(0.0);
    for i in 0..packs {
        let weight = buffers.weight[i];
        let sign = buffers.class[i] + buffers.class[i] - one;
        let towards = sign * buffers.probability[stride + i];
        let e = (-towards.abs()).exp();
        let likely = one / (one + e);
        let unlikely = e * likely;
        loss = loss + weight * (e.ln_1p() + towards.pick(N::splat(0.0), -towards));
        buffers.residual[i] = -(sign * weight * towards.pick(unlikely, likely));
        buffers.probability[stride + i] = likely;
        buffers.complement[stride + i] = unlikely;
    }
    loss
}

/// More classes: turns margins into probabilities, and returns the loss.
#[inline(always)]
fn softmax_rows<N: Pack>(scaled: &Scaled, packs: usize, buffers: &mut Buffers<N>) -> N {
    let stride = buffers.packs;
    let (zero, one, half) = (N::splat(0.0), N::splat(1.0), N::splat(0.5));
    let mut loss = zero;
    for i in 0..packs {
        let weight = buffers.weight[i];
        let class = buffers.class[i];
        // A chosen class is known by its number: |a - b| - 1/2 is below 0 where a and b are the same.
        let (mut top, mut top_margin, mut margin) = (zero, buffers.probability[i], zero);
        for c in 0..scaled.classes {
            let (number, of_class) = (N::splat(c as f64), buffers.probability[c * stride + i]);
            top = (top_margin - of_class).pick(top, number);
            top_margin = (top_margin - of_class).pick(top_margin, of_class);
            margin = ((class - number).abs() - half).pick(margin, of_class);
        }
        let mut others = zero;
        for c in 0..scaled.classes {
            let e = (buffers.probability[c * stride + i] - top_margin).exp();
            others = others + ((top - N::splat(c as f64)).abs() - half).pick(e, zero);
            buffers.probability[c * stride + i] = e;
        }
        loss = loss + weight * (others.ln_1p() + (top_margin - margin));
        let inverse = one / (one + others);
        let top_complement = others * inverse;
        for c in 0..scaled.classes {
            let number = N::splat(c as f64);
            let p = buffers.probability[c * stride + i] * inverse;
            let complement = ((top - number).abs() - half).pick(one - p, top_complement);
            buffers.probability[c * stride + i] = p;
            buffers.complement[c * stride + i] = complement;
            if c != scaled.reference {
                let k = c - usize::from(c > scaled.reference);
                buffers.residual[k * stride + i] = weight * ((class - number).abs() - half).pick(p, -complement);
            }
        }
    }
    loss
}

/// Adds the products of `with` and the columns from `first` on to `sums`, four columns at a time.
#[inline(always)]
pub(super) fn add_products<N: Pack>(
    with: &[N],
    buffers: &Buffers<N>,
    packs: usize,
    first: usize,
    sums: &mut [Twofold<f64>],
) {
    let (fours, rest) = sums.as_chunks_mut::<4>();
    for (at, sums) in fours.iter_mut().enumerate() {
        let columns = [0, 1, 2, 3].map(|offset| buffers.column(first + 4 * at + offset, packs));
        let mut products = [N::splat(0.0); 4];
        for i in 0..packs {
            for (product, column) in products.iter_mut().zip(columns) {
                *product = *product + with[i] * column[i];
            }
        }
        for (sum, product) in sums.iter_mut().zip(products) {
            *sum = *sum + product.total();
        }
    }
    for (offset, sum) in rest.iter_mut().enumerate() {
        let product = dot(with, buffers.column(first + 4 * fours.len() + offset, packs));
        *sum = *sum + product.total();
    }
}

#[inline(always)]
fn dot<N: Pack>(a: &[N], b: &[N]) -> N {
    let mut sum = N::splat(0.0);
    for (&a, &b) in a.iter().zip(b) {
        sum = sum + a * b;
    }
    sum
}
