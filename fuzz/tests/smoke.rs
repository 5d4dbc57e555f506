//! Every target swallows its corpus and thousands of random changes of it.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use trainyard_fuzz::mutate::Mutator;
use trainyard_fuzz::{Target, corpus};

/// Random inputs a target; a second or two in a debug build. `cargo xtask fuzz` does millions.
const INPUTS: usize = 3_000;
/// The seed of the random inputs.
const SEED: u64 = 20_261_124;

fn swallows(target: Target) {
    let corpus = corpus::read(target).expect("a corpus");
    assert!(!corpus.is_empty(), "{target} has no corpus");
    let mut mutator = Mutator::new(&corpus, SEED);
    let random = (0..INPUTS).map(|_| mutator.next_input());
    for (number, input) in corpus.iter().cloned().chain(random).enumerate() {
        let fed = catch_unwind(AssertUnwindSafe(|| target.feed(&input)));
        assert!(
            fed.is_ok(),
            "{target}, input {number} of seed {SEED}: {:?}",
            String::from_utf8_lossy(&input)
        );
    }
    // Not by `println!`, which a passing test swallows.
    let files = corpus.len();
    writeln!(
        std::io::stderr(),
        "fuzz {target}: {files} files of the corpus and {INPUTS} changes of them, seed {SEED}"
    )
    .expect("standard error");
}

#[test]
fn a_csv_file_from_anywhere_makes_no_panic() {
    swallows(Target::Csv);
}

#[test]
fn a_manifest_from_anywhere_makes_no_panic() {
    swallows(Target::Manifest);
}

#[test]
fn a_result_from_anywhere_makes_no_panic() {
    swallows(Target::Result);
}
