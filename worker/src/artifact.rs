//! How an attempt and a model version are committed: written aside, synced, renamed once.
