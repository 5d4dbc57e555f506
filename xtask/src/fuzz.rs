//! Long fuzz runs: the targets of `fuzz/` under libFuzzer, guided by coverage, built by the stable compiler.
//!
//! cargo-fuzz does the same with a nightly compiler and a sanitizer; ours is safe Rust, so that the counters of coverage
//! are all that is needed, and those the stable compiler has. libFuzzer prints executions and coverage (`cov:`).

use crate::{command, repository};
use anyhow::{Context, Result, ensure};
use camino::Utf8PathBuf;
use std::fs;

/// What `cargo xtask fuzz` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The target, one of the folders of fuzz/corpus; all of them when left out.
    target: Option<String>,
    /// Executions a target.
    #[arg(long, default_value_t = 1_000_000)]
    runs: u64,
    /// The seed of libFuzzer's random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Counters at every edge, and the operands of comparisons, which lead to words such as `Infinity`.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions=on -Coverflow-checks=on -Ccodegen-units=1";

/// Builds the fuzzer and runs the targets, one after the other.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let corpus = repository::root().join("fuzz/corpus");
    let all = targets()?;
    if let Some(target) = &arguments.target {
        ensure!(
            all.contains(target),
            "`{target}` is no fuzz target; there are {}",
            all.join(", ")
        );
    }
    let fuzzer = build()?;
    for target in all
        .iter()
        .filter(|name| arguments.target.as_ref().is_none_or(|wanted| wanted == *name))
    {
        let found = repository::target().join("fuzz-found").join(target);
        fs::create_dir_all(&found).with_context(|| format!("cannot make {found}"))?;
        let given = corpus.join(target);
        let options = [
            format!("-runs={}", arguments.runs),
            format!("-seed={}", arguments.seed),
            format!("-artifact_prefix={found}/"),
            "-max_len=4096".to_owned(),
            "-timeout=10".to_owned(),
            "-print_final_stats=1".to_owned(),
            "-verbosity=1".to_owned(),
        ];
        // libFuzzer writes what it finds into the first folder: not into the checked-in corpus.
        let places = [found.into_string(), given.into_string()];
        let command = &mut command::command(&fuzzer, options.iter().chain(&places));
        command::run(command.env("TRAINYARD_FUZZ_TARGET", target))?;
    }
    Ok(())
}

/// The names of the targets: the folders of the corpora.
fn targets() -> Result<Vec<String>> {
    let corpora = repository::root().join("fuzz/corpus");
    let mut names = Vec::new();
    for entry in corpora
        .read_dir_utf8()
        .with_context(|| format!("cannot list {corpora}"))?
    {
        names.push(
            entry
                .with_context(|| format!("cannot list {corpora}"))?
                .file_name()
                .to_owned(),
        );
    }
    names.sort();
    Ok(names)
}

fn build() -> Result<Utf8PathBuf> {
    let folder = repository::target().join("fuzz");
    // A named platform keeps the flags away from build scripts and derives.
    let platform = platform()?;
    let arguments = [
        "build",
        "--release",
        "--locked",
        "--package",
        "trainyard-fuzz",
        "--features",
        "libfuzzer",
        "--target",
        &platform,
        "--target-dir",
        folder.as_str(),
    ];
    command::run(
        command::cargo(arguments)
            .env("RUSTFLAGS", COVERAGE)
            .env("CARGO_PROFILE_RELEASE_LTO", "off"),
    )?;
    Ok(folder.join(platform).join("release/libfuzzer"))
}

/// The platform that rustc builds for, `x86_64-unknown-linux-gnu`.
fn platform() -> Result<String> {
    let text = command::output(&mut command::command("rustc", ["-vV"]))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}
