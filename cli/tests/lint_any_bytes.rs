//! Whatever the bytes are, they are checked without a panic and in a bounded time, and each fault stands in the file.

use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use trainyard_cli::manifest::check;

const SEED: &str = include_str!("../../data/ml-production-pipeline.yaml");

/// Far above what any of these takes on a slow machine, far below what one of quadratic cost would.
const LONGEST: Duration = Duration::from_secs(60);

/// Checks the text, and that the faults are in order and have places.
fn checked(bytes: &[u8]) -> usize {
    let begun = Instant::now();
    let faults = check("m.yaml", bytes);
    assert!(
        begun.elapsed() < LONGEST,
        "{} bytes took {:?}",
        bytes.len(),
        begun.elapsed()
    );
    let places: Vec<(u64, u64)> = faults.iter().map(|fault| (fault.line, fault.column)).collect();
    assert!(places.is_sorted(), "{places:?}");
    for fault in &faults {
        assert!(fault.line >= 1 && fault.column >= 1, "{fault}");
        assert!(!fault.to_string().contains('\n'), "{fault:?}");
    }
    faults.len()
}

/// A change of a text: at a place, some bytes are replaced by others.
type Change = (prop::sample::Index, usize, Vec<u8>);

/// Pieces that mean something to YAML, to the schema or to the rules.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "\n",
        "  ",
        "\t",
        "- ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        "&a ",
        "*a",
        "<<: ",
        "!x ",
        "'",
        "\"",
        "#",
        "|",
        "---\n",
        "null",
        "yes",
        "0",
        "-1",
        ".nan",
        "1e999",
        "train: {}",
        "extract: ",
        "name: a",
        "$(parameters.x)",
        "é",
        "\u{0}",
    ];
    prop_oneof![
        proptest::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        vec(any::<u8>(), 0..4)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_spoilt_seed(changes in vec((any::<prop::sample::Index>(), 0..30_usize, piece()), 1..6)) {
        let mut bytes = SEED.as_bytes().to_vec();
        let changes: Vec<Change> = changes;
        for (at, length, piece) in changes {
            let start = at.index(bytes.len() + 1).min(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, piece);
        }
        checked(&bytes);
    }

    #[test]
    fn any_bytes(pieces in vec(piece(), 0..60)) {
        checked(&pieces.concat());
    }
}

#[test]
fn a_seed_cut_at_every_place() {
    for end in 0..SEED.len() {
        checked(&SEED.as_bytes()[..end]);
    }
}

#[test]
fn large_and_deep_texts() {
    let head = "apiVersion: trainyard.dev/v1alpha1\nkind: MLPipeline\nmetadata: {name: a}\nspec:\n  stages:\n";
    let mut stages = head.to_owned();
    for i in 0..20_000 {
        let _ = writeln!(stages, "  - {{name: s{i}, dependsOn: [s{}], trian: {{x: 1}}}}", i / 2);
    }
    let many = |count: usize, entry: &dyn Fn(usize) -> String| (0..count).map(entry).collect::<Vec<_>>().concat();
    let features = many(60_000, &|i| format!("f{},", i % 50_000));
    let wide =
        format!("{head}  - {{name: t, train: {{features: [{features}], target: f1, logisticRegression: {{}}}}}}\n");
    let keys = many(60_000, &|i| format!("k{i}: 1\n"));
    let labels = many(30_000, &|i| format!("k{i}: 1, "));
    for text in [
        stages,
        wide,
        keys.clone(),
        format!(
            "{head}  - {{name: a, extract: {{csv: {{path: a.csv}}}}}}\n{}",
            keys.replace('k', "  k")
        ),
        format!(
            "{head}  - {{name: t, train: {{features: [{}], target: f, logisticRegression: {{}}}}}}\n",
            "f,".repeat(9_999)
        ),
        format!(
            "{head}  - {{name: v, validate: {{columns: [{}]}}}}\n",
            "{type: x},".repeat(9_999)
        ),
        format!("{head}  worker: {{podLabels: {{{labels}}}}}\n"),
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        format!("a: {}", "x ".repeat(1_000_000)),
        format!("a: \"{}", "x\n".repeat(500_000)),
        format!("a: &a [{}]\n{}", "x, ".repeat(1_000), "b: *a\n".repeat(10_000)),
        format!("x: &x {}\ny: [{}]\n", "t".repeat(1_000_000), "*x, ".repeat(10_000)),
        "---\n".repeat(200_000),
        "#\n".repeat(500_000),
    ] {
        assert!(
            checked(text.as_bytes()) > 0,
            "{}",
            text.chars().take(40).collect::<String>()
        );
    }
}
