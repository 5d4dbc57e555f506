//! Trainyard's Kubernetes API: the kinds, their rules, and the way from a raw object to the engine's validated types.
//!
//! A kind is a struct on the wire, with what schema and CEL can refuse written beside its fields; behind the door
//! ([`door`]) it is the engine's type, and nothing else in the project reads the wire's. This crate never talks to a cluster.
//! Start with [`v1alpha1::MLPipelineSpec`]; [`patterns`] holds what is said of malformed texts, [`generated`] what is made from
//! the types and checked in.

pub mod v1alpha1;

pub mod patterns;

pub mod definition;
pub mod door;
pub mod generated;

mod as_written;
mod in_words;
mod reference;
mod time_zone;
pub mod yaml_text;

pub use definition::Kind;
pub use generated::generated;
pub use v1alpha1::{MLPipeline, MLPipelineSpec, ModelVersion, PipelineRun};
