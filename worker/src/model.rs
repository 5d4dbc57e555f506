//! The files of a model version.
