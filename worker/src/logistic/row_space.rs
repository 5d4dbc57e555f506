//! A table with fewer rows than features, seen in the space that its rows span.
//!
//! At the optimum every vector of coefficients is a combination of the centred rows, since the penalty charges what is
//! orthogonal to them and the loss does not see it. So `n` rows of `p` features are `n` rows of at most `n` coordinates, in
//! an orthonormal basis of the rows' space: the same problem with the same penalty, small enough for a Hessian.
//!
//! In: the scaled problem and its rows. Out: the problem in coordinates, and the ways between them and the features. The
//! basis comes from a split of the products between rows, in double precision: what that loses, polishing in the full space
//! makes good, for which [`RowSpace::step`] turns a full gradient into a full step.

use super::design::{DesignBlock, MemoryDesign};
use super::factor::Factor;
use super::scaled::Scaled;

/// Columns whose products are added up together: that many of some hundred rows stay in the cache.
const COLUMNS_AT_ONCE: usize = 128;

/// A row whose square, less what earlier rows explain, is below this part of it adds no direction: the products are off by as
/// much. (Centred rows always depend on each other: they sum to zero.)
const DEPENDENT: f64 = 1e-13;

/// The space of the rows.
pub(super) struct RowSpace {
    /// Orthonormal directions in original units, each a coefficient a feature.
    basis: Vec<Vec<f64>>,
    /// The problem in coordinates: centred, unscaled.
    pub(super) scaled: Scaled,
    /// The rows in coordinates.
    pub(super) design: MemoryDesign,
}

impl RowSpace {
    /// Finds a basis for the rows of a table.
    pub(super) fn new(scaled: &Scaled, rows: &DesignBlock) -> Self {
        let tiles = || {
            (0..scaled.features)
                .step_by(COLUMNS_AT_ONCE)
                .map(|first| tile(scaled, rows, first))
        };
        let mut products = vec![vec![0.0; rows.rows()]; rows.rows()];
        for tile in tiles() {
            for (i, of_row) in products.iter_mut().enumerate() {
                for (j, product) in of_row[..=i].iter_mut().enumerate() {
                    *product += inner(&tile[i], &tile[j]);
                }
            }
        }
        let (coordinates, kept) = triangle(&products);
        let mut basis = vec![Vec::with_capacity(scaled.features); kept.len()];
        for mut tile in tiles() {
            for (at, &i) in kept.iter().enumerate() {
                let mut direction = std::mem::take(&mut tile[i]);
                for (&coordinate, &earlier) in coordinates[i].iter().zip(&kept[..at]) {
                    add(&mut direction, -coordinate, &tile[earlier]);
                }
                for x in &mut direction {
                    *x /= coordinates[i][at];
                }
                basis[at].extend_from_slice(&direction);
                tile[i] = direction;
            }
        }
        let column = |k: usize| coordinates.iter().map(|c| c.get(k).copied().unwrap_or(0.0)).collect();
        let design = MemoryDesign::new((0..kept.len()).map(column).collect(), rows.classes.clone());
        Self {
            basis,
            scaled: scaled.in_coordinates(kept.len()),
            design,
        }
    }

    /// Unknowns in coordinates as unknowns of the features, in the units of `full`.
    pub(super) fn unknowns(&self, full: &Scaled, theta: &[f64]) -> Vec<f64> {
        let mut all = Vec::with_capacity(full.unknowns());
        for vector in theta.chunks(self.scaled.width()) {
            let mut w = vec![0.0; full.features];
            for (&u, direction) in vector.iter().zip(&self.basis) {
                add(&mut w, u, direction);
            }
            all.extend(
                w.iter()
                    .zip(&full.inverse_scale)
                    .map(|(w, inverse_scale)| w / inverse_scale),
            );
            all.push(vector[self.scaled.features]);
        }
        all
    }

    /// The Newton step for a full gradient, where `factor` is that of the Hessian in coordinates. What of the gradient is
    /// orthogonal to the rows meets the penalty alone.
    pub(super) fn step(&self, full: &Scaled, factor: &Factor<f64>, gradient: &[f64]) -> Vec<f64> {
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for vector in gradient.chunks(full.width()) {
            let mut g: Vec<f64> = vector
                .iter()
                .zip(&full.inverse_scale)
                .map(|(g, inverse_scale)| g / inverse_scale)
                .collect();
            for direction in &self.basis {
                inside.push(-inner(&g, direction));
            }
            inside.push(-vector[full.features]);
            for (coordinate, direction) in inside[inside.len() - self.scaled.width()..].iter().zip(&self.basis) {
                add(&mut g, *coordinate, direction);
            }
            outside.push(g);
        }
        factor.solve(&mut inside);
        let mut step = self.unknowns(full, &inside);
        // The penalty couples the vectors by I - 11'/K, whose inverse is I + 11'.
        for j in 0..full.features {
            // In original units the penalty is penalty / inverse_scale^2, and a scaled step is the original / inverse_scale.
            let stiffness = full.penalty[j].high / full.inverse_scale[j];
            let shared = if full.vectors == 1 {
                0.0
            } else {
                outside.iter().map(|g| g[j]).sum()
            };
            for (k, g) in outside.iter().enumerate() {
                step[k * full.width() + j] -= (g[j] + shared) / stiffness;
            }
        }
        step
    }
}

/// Some columns of all rows, centred, row by row.
fn tile(scaled: &Scaled, rows: &DesignBlock, first: usize) -> Vec<Vec<f64>> {
    let columns = first..scaled.features.min(first + COLUMNS_AT_ONCE);
    let row = |i: usize| columns.clone().map(|j| rows.columns[j][i] - scaled.centre[j]).collect();
    (0..rows.rows()).map(row).collect()
}

/// The triangular factor of the products between rows: the coordinates of each row, and which rows brought a new direction.
fn triangle(products: &[Vec<f64>]) -> (Vec<Vec<f64>>, Vec<usize>) {
    let (mut coordinates, mut kept): (Vec<Vec<f64>>, Vec<usize>) = (Vec::new(), Vec::new());
    for (i, of_row) in products.iter().enumerate() {
        let mut row: Vec<f64> = Vec::with_capacity(kept.len() + 1);
        for (at, &j) in kept.iter().enumerate() {
            let known = inner(&row, &coordinates[j][..at]);
            row.push((of_row[j] - known) / coordinates[j][at]);
        }
        let own = of_row[i] - inner(&row, &row);
        if own > DEPENDENT * of_row[i] {
            row.push(own.sqrt());
            kept.push(i);
        }
        coordinates.push(row);
    }
    (coordinates, kept)
}

/// In eight running sums, which do not wait for each other.
fn inner(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += times * what;
    }
}
