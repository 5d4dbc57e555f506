//! Trainyard's decisions: pure functions from what is known to what is to be done.
//!
//! No I/O, no clock, no random source, no Kubernetes type: the caller brings the time and what it observed.
