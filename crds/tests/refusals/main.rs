//! What is refused, by whom, and in which words: the offline half. A real API server runs the same tables ([`cases`]).

mod cases;

mod bad_manifests;
mod rules;
