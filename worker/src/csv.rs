//! CSV to typed columns: fast, exact, and every fault with its line.
