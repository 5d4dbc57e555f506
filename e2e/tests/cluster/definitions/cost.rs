//! What each rule costs at worst, by the API server's own estimator: below its budget, and all of a definition below theirs.

use std::fs;
use std::io::{Write as _, stdout};
use std::process::Command;
use trainyard_e2e::image::build;
use trainyard_e2e::vocabulary::cluster_under_test;

/// The number before a per cent sign.
fn share(line: &str) -> Option<f64> {
    line.split_once(" %")?.0.rsplit(' ').next()?.parse().ok()
}

#[tokio::test]
async fn each_rule_costs_less_than_it_may() {
    let program = cluster_under_test().await.programs().join("cel-cost");
    let mut definitions = 0;
    for entry in build::root().join("crds/yaml").read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        let output = Command::new(&program).arg(&path).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        // Not by `println!`: the figures are for whoever reads the output of a test that passes, too.
        write!(stdout(), "{said}").unwrap();
        assert!(
            output.status.success(),
            "{path}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let mut lines = said.lines();
        let total = lines.next().and_then(share).unwrap();
        assert!(total < 100.0, "{path}: {total} % for all rules");
        let rules: Vec<_> = lines
            .filter_map(|line| Some((share(line.trim_start())?, line)))
            .collect();
        for (cost, line) in &rules {
            assert!(*cost < 100.0, "{path}: {line}");
        }
        let written = fs::read_to_string(&path).unwrap();
        let written = written
            .lines()
            .filter(|line| line.trim_start().trim_start_matches("- ").starts_with("rule:"));
        assert_eq!(rules.len(), written.count(), "{path}: not every rule has its cost");
        definitions += 1;
    }
    assert_eq!(definitions, 3);
}
