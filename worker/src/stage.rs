//! The stages, one file a kind.
