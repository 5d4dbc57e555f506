//! Logistic regression: the optimum of scikit-learn's problem, in the original units.
//!
//! The problem is the minimum of `C * sum_i s_i loss_i + 1/2 ||W||^2`, intercepts free, `s_i` the weight of row i's class.
//! Two classes are one logistic vector, more are a softmax. `docs/numerics.md` says how it is solved and to which accuracy.
//! Start with [`design`] (what is read) and [`problem`] (what is asked and answered), then `fit`, which walks through the
//! rest: `sample`, `scaled`, `newton`, `polish`.
//!
//! Not here: files, Arrow, names of columns and classes.

pub mod design;
pub mod problem;

mod fit;

mod sample;
mod scaled;
mod survey;

mod block_pass;
mod evaluate;
mod in_block_order;

mod factor;
mod newton;

mod block_product;
mod conjugate;
mod row_space;

mod polish;
mod twofold_newton;
mod zero;

#[cfg(test)]
mod same_bits;

pub mod linfa;
pub mod predict;

pub use design::{DesignBlock, DesignBlocks, MemoryDesign, block_rows};
pub use fit::fit;
pub use predict::{Predictions, Predictor};
pub use problem::{FEATURE_MAX, FitError, FitOptions, Fitted, balanced_weights};
