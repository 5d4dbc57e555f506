//! Arithmetic that gives the same bits everywhere.
