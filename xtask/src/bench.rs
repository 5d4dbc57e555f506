//! `cargo xtask bench data | cluster | scale`: how fast and how small we are, beside pandas and scikit-learn, on this machine.
//!
//! Contenders run in turn (A B C, A B C, …), so that what disturbs the machine disturbs all; ratios are of one round, and the
//! median of them is what counts. Memory is measured in a round of its own that is not timed. Writes `docs/benchmarks.md` and
//! the raw figures beside it. No test: times depend on who else uses the machine.

mod cluster;
mod contenders;
mod customers;
mod figures;
mod measure;
mod report;
mod scale;

use crate::{live, repository};
use anyhow::{Context, Result, bail};
use camino::Utf8PathBuf;
use contenders::Contenders;
use figures::{Chain, Cold, Figures, Huge, Memory, Round};
use measure::{peak_memory, wall};
use std::fs;

/// What is measured.
#[derive(clap::Subcommand)]
pub(crate) enum Benchmark {
    /// CSV to a saved model, all three stages, beside the same pipeline in pandas and scikit-learn.
    Data(Arguments),
    /// The sample pipeline on a real cluster, beside three bare pods and three Jobs; what the operator writes.
    Cluster(cluster::Arguments),
    /// Thousands of runs through one operator, its start with all of them kept, bursts of runs on one kubelet.
    Scale(scale::Arguments),
    /// Nothing: the page is written anew from the figures that are kept.
    Page,
}

/// How much of it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rows of the table.
    #[arg(long, default_value_t = 10_000_000)]
    rows: u64,
    /// Rounds, each with every contender once.
    #[arg(long, default_value_t = 5)]
    pairs: u32,
    /// Only one of the two tables.
    #[arg(long, value_enum)]
    only: Option<Table>,
    /// Rounds with that table, which take minutes each.
    #[arg(long, default_value_t = 3)]
    customer_pairs: u32,
    /// One run with ten times the rows too, of ours only: its memory must be the same, its time ten times as long.
    #[arg(long)]
    huge: bool,
}

/// What is learned from.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Table {
    /// Three columns of numbers, as in the sample pipeline.
    Sample,
    /// Twenty columns, with missing cells and categories.
    Customers,
}

/// How many times the rows of `--huge` are the rows.
const HUGE_FACTOR: u64 = 10;
/// Rounds of what takes less than a second.
const SHORT_ROUNDS: u32 = 11;
/// Stages of the chain.
const CHAIN_STAGES: usize = 40;

/// Measures, writes the page and the raw figures.
pub(crate) fn run(benchmark: &Benchmark) -> Result<()> {
    match benchmark {
        Benchmark::Data(arguments) => data(arguments)?,
        Benchmark::Cluster(arguments) => cluster::run(arguments)?,
        Benchmark::Scale(arguments) => scale::run(arguments)?,
        Benchmark::Page => {}
    }
    let page = repository::root().join("docs/benchmarks.md");
    fs::write(&page, report::page()?).with_context(|| format!("cannot write {page}"))?;
    eprintln!("written: {page}");
    Ok(())
}

/// Where the raw figures of a benchmark are kept.
fn raw_file(name: &str) -> Utf8PathBuf {
    repository::root().join("docs/benchmarks").join(name)
}

fn keep(name: &str, figures: &impl serde::Serialize) -> Result<()> {
    let raw = raw_file(name);
    if let Some(folder) = raw.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {folder}"))?;
    }
    let text = serde_json::to_string_pretty(figures).context("the figures as JSON")?;
    fs::write(&raw, text + "\n").with_context(|| format!("cannot write {raw}"))?;
    eprintln!("written: {raw}");
    Ok(())
}

fn data(arguments: &Arguments) -> Result<()> {
    live::build_release()?;
    let Some(python) = live::NEWEST.interpreter()? else {
        bail!("the peer needs {}", live::NEWEST.missing());
    };
    let contenders = Contenders::new(python, arguments.rows)?;
    if arguments.only != Some(Table::Sample) {
        let figures = customers::measure(&contenders, arguments.rows, arguments.customer_pairs)?;
        keep("customers.json", &figures)?;
    }
    if arguments.only == Some(Table::Customers) {
        return Ok(());
    }
    let figures = Figures {
        machine: figures::machine()?,
        rows: arguments.rows,
        memory: memory(&contenders)?,
        rounds: (0..arguments.pairs)
            .map(|number| round(&contenders, number))
            .collect::<Result<_>>()?,
        huge: if arguments.huge { Some(huge(&contenders)?) } else { None },
        cold: cold(&contenders)?,
        chain: chain(&contenders)?,
        peer: contenders.peer_document()?,
    };
    keep("data.json", &figures)
}

fn memory(contenders: &Contenders) -> Result<Memory> {
    let memory = Memory {
        trainyard: peak_memory(&mut contenders.trainyard(&contenders.table)?)?,
        peer_scaled: peak_memory(&mut contenders.peer(&["--scale"]))?,
        peer_raw: peak_memory(&mut contenders.peer(&[]))?,
    };
    eprintln!("memory: {memory:?}");
    Ok(memory)
}

fn round(contenders: &Contenders, number: u32) -> Result<Round> {
    let round = Round {
        peer_scaled: wall(&mut contenders.peer(&["--scale"]))?,
        trainyard: wall(&mut contenders.trainyard(&contenders.table)?)?,
        peer_raw: wall(&mut contenders.peer(&[]))?,
        stages: Contenders::stage_seconds(contenders.trainyard(&contenders.table)?)?,
    };
    eprintln!("round {}: {round:?}", number + 1);
    Ok(round)
}

fn huge(contenders: &Contenders) -> Result<Huge> {
    let rows = contenders.rows * HUGE_FACTOR;
    let table = contenders.make_table(rows)?;
    let memory = peak_memory(&mut contenders.trainyard(&table)?)?;
    let seconds = wall(&mut contenders.trainyard(&table)?)?;
    let huge = Huge { rows, seconds, memory };
    eprintln!("huge: {huge:?}");
    Ok(huge)
}

fn cold(contenders: &Contenders) -> Result<Cold> {
    let mut cold = Cold::default();
    for _ in 0..SHORT_ROUNDS {
        cold.imports.push(wall(&mut contenders.imports())?);
        cold.seed.push(wall(&mut contenders.seed()?)?);
    }
    Ok(cold)
}

fn chain(contenders: &Contenders) -> Result<Chain> {
    let mut seconds = Vec::new();
    for _ in 0..SHORT_ROUNDS {
        seconds.push(wall(&mut contenders.chain(CHAIN_STAGES)?)?);
    }
    Ok(Chain {
        stages: CHAIN_STAGES,
        seconds,
    })
}
