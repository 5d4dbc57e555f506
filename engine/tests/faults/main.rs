//! What is refused, and in which words: one table a topic, whole faults at a time.

mod fixtures;
mod stages;
mod values;
