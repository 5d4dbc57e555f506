//! The definitions of our kinds on a real API server: what it admits and refuses, in which words, and how it explains them.

mod applied_twice;
mod bad_manifests;
mod changes;
mod cost;
mod explained;
mod golden_jobs;
mod request;
mod rules;
