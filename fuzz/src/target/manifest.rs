//! A manifest file: YAML of any kind, looked through as `lint` and `run` do before anything else.

use trainyard_cli::manifest;

/// Every fault names the file and a place in it, and stays a line.
pub(super) fn feed(bytes: &[u8]) {
    for fault in manifest::check("fuzz.yaml", bytes) {
        let line = fault.to_string();
        assert!(line.starts_with("fuzz.yaml:"), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
}
