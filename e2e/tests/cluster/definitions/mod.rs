//! The definitions of our kinds on a real API server: what it admits and refuses, in which words, and how it explains them.

mod bad_manifests;
mod changes;
mod golden_jobs;
mod request;
mod rules;
