//! Trainyard's stages: what runs inside an attempt. Knows no cluster.
//!
//! Start with [`stage`]: one file a stage kind.

pub mod artifact;
pub mod csv;
pub mod dataset;
pub mod logistic;
pub mod model;
pub mod numeric;
pub mod stage;
