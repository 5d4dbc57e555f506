//! The local host of the engine: carries out on one machine what the engine decides for a run.
//!
//! Not here: any decision about what comes next (`engine`), the work of a stage (`worker`), what people read (`progress`).

pub mod begin;
pub mod run_name;
pub mod workspace;

pub mod drive;

pub mod attempt;
pub mod champion;
pub mod clock;
pub mod source;
pub mod stop_signals;

pub mod outcome;
pub mod run_record;
pub mod tell;

pub mod model_versions;
pub mod retention;
pub mod run_folders;
