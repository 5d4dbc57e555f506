//! Logistic regression: the optimum of scikit-learn's problem, in the original units.
//!
//! The problem is the minimum of `C * sum_i s_i loss_i + 1/2 ||W||^2`, intercepts free, `s_i` the weight of row i's class.
//! Two classes are one logistic vector, more are a softmax. Start with [`design`] (what is read), then [`problem`] (what is
//! asked and answered).
//!
//! Not here: files, Arrow, names of columns and classes.

pub mod design;
pub mod predict;
pub mod problem;

mod block_pass;
mod block_product;
mod conjugate;
mod evaluate;
mod factor;
mod fit;
mod in_block_order;
mod newton;
mod polish;
mod sample;
mod scaled;
mod survey;

pub use design::{DesignBlock, DesignBlocks, MemoryDesign, block_rows};
pub use fit::fit;
pub use predict::{Predictions, Predictor};
pub use problem::{FitError, FitOptions, Fitted, balanced_weights};
