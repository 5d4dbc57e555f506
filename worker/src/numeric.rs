//! Arithmetic that gives the same bits everywhere.
//!
//! Only `+ - * /` and the bits of doubles: these are the same on every machine, where the `exp` of a system's library is not
//! (glibc's differs with and without FMA). The same code is compiled twice, for any processor and for AVX2, and Rust never
//! fuses a multiplication with an addition by itself. Start with [`real`] (what a number must be able to do), then
//! [`exponential`], [`twofold`] (numbers of about 32 digits) and [`eight`] (eight rows at once).

pub mod eight;
pub mod exponential;
pub mod real;
pub mod twofold;
pub mod vectorised;

pub use eight::{Eight, LANES, Pack};
pub use real::Real;
pub use twofold::Twofold;
pub use vectorised::{Kernel, vectorised};
