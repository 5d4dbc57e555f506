//! Trainyard's stages: what runs inside an attempt, from a JSON document to a committed folder and a JSON result.
//!
//! Knows no cluster and decides nothing about what comes next (`engine`). Start with [`process`] (a worker's life) and
//! [`attempt`] (the frame round every stage), then [`stage`]: one file a stage kind.

pub mod attempt;
pub mod process;
pub mod stage;

pub mod artifact;
pub mod failure;

pub mod csv;

pub mod parquet;
pub mod source;

pub mod dataset;
pub mod table_file;

mod in_order;
mod row_filter;
mod similar;

pub mod logistic;
pub mod metrics;
pub mod model;
pub mod numeric;
pub mod preprocess;
pub mod profile;

pub use failure::StageError;
