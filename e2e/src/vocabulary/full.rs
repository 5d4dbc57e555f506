//! Slow tests: only `--full` runs them. The others are named at the end, not passed in silence.

use super::not_here;

/// Set to anything, slow tests run too, and tests on faults try all of their cases: `cargo xtask test --full` sets it.
pub(crate) const FULL_VARIABLE: &str = "TRAINYARD_E2E_FULL";
/// Names the file that takes a line for each test that was left out.
pub(crate) const LEFT_OUT_VARIABLE: &str = "TRAINYARD_E2E_LEFT_OUT";

/// Whether everything shall be tried, however long it takes.
pub fn full() -> bool {
    std::env::var_os(FULL_VARIABLE).is_some()
}

/// Whether this test is left out, which is slow because of `why`; then it is written down. A slow test begins with it, and returns.
pub fn left_out(why: &str) -> bool {
    if full() {
        return false;
    }
    // libtest calls a test's thread as the test.
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("test");
    let line = format!("{test}: {why}; `--full` runs it\n");
    eprint!("LEFT OUT: {line}");
    not_here::write_down(LEFT_OUT_VARIABLE, &line);
    true
}
