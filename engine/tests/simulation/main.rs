//! The engine against simulated worlds: every small pipeline with every ending, and random large ones whose host is killed
//! between any two actions and sees old and missing things; and runs that were recorded on a real cluster.

mod every_history;
mod every_lag;
mod pipelines;
mod random_histories;
mod recordings;
mod replayed;
mod shown;
mod steps;
mod stories;
mod story;
mod world;
