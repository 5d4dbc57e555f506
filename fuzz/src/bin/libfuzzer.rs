//! The targets under libFuzzer; which one, `TRAINYARD_FUZZ_TARGET` says. Started by `cargo xtask fuzz`, never by hand.
#![no_main]

use std::sync::LazyLock;
use trainyard_fuzz::Target;

/// The name of the target, set by `cargo xtask fuzz`.
static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("TRAINYARD_FUZZ_TARGET").unwrap_or_default();
    Target::named(&name).expect("TRAINYARD_FUZZ_TARGET names a target")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET.feed(bytes));
