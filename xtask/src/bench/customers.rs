//! A customer table of 20 columns, with missing cells and categories, from CSV to a judged model: beside the same in pandas and scikit-learn.

use super::contenders::Contenders;
use super::figures::{self, Machine, median};
use super::measure::{Peak, peak_memory, wall};
use crate::{cache, command, repository};
use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;

/// The promise: how many times faster.
const FASTER_AT_LEAST: f64 = 6.0;
/// The promise: the peak of all our processes.
const MEMORY_AT_MOST_MIB: f64 = 256.0;

/// The promise: seconds that `init` looks at a gigabyte.
const INIT_AT_MOST_SECONDS: f64 = 3.0;
const INIT_ROUNDS: u32 = 5;
/// The column that is predicted.
const TARGET: &str = "churned";
const GIGABYTE: f64 = 1e9;

/// Everything that was measured.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Figures {
    machine: Machine,
    rows: u64,
    trainyard_memory: Peak,
    peer_memory: Peak,
    /// Wall seconds.
    rounds: Vec<Round>,
    init: Init,
    /// Seconds of each of our stages, in a further run.
    stages: Value,
    /// What the peer said of its last run.
    peer: Value,
}

#[derive(Debug, Serialize, Deserialize)]
struct Round {
    peer: f64,
    trainyard: f64,
}

/// `trainyard init` on the table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Init {
    table_bytes: u64,
    memory: Peak,
    /// Wall seconds.
    rounds: Vec<f64>,
}

/// Measures.
pub(super) fn measure(contenders: &Contenders, rows: u64, pairs: u32) -> Result<Figures> {
    let table = table(contenders, rows)?;
    let manifest = contenders.manifest(&stages(&table))?;
    let script = repository::root().join("benches/peer/mixed_pipeline.py");
    let models = repository::target().join("bench-peer-models");
    let peer = || {
        contenders.python([
            "-W",
            "ignore",
            script.as_str(),
            table.as_str(),
            "--models",
            models.as_str(),
        ])
    };
    let trainyard_memory = peak_memory(&mut contenders.run(&manifest)?)?;
    let peer_memory = peak_memory(&mut peer())?;
    eprintln!("memory: {trainyard_memory:?}, peer {peer_memory:?}");
    let mut rounds = Vec::new();
    for _ in 0..pairs {
        let round = Round {
            peer: wall(&mut peer())?,
            trainyard: wall(&mut contenders.run(&manifest)?)?,
        };
        eprintln!("{round:?}");
        rounds.push(round);
    }
    let init = || Contenders::init(&table, TARGET);
    let init = Init {
        table_bytes: fs::metadata(&table)
            .with_context(|| format!("cannot look at {table}"))?
            .len(),
        memory: peak_memory(&mut init())?,
        rounds: (0..INIT_ROUNDS).map(|_| wall(&mut init())).collect::<Result<_>>()?,
    };
    eprintln!("{init:?}");
    Ok(Figures {
        machine: figures::machine()?,
        rows,
        init,
        trainyard_memory,
        peer_memory,
        rounds,
        stages: Contenders::stage_seconds(contenders.run(&manifest)?)?,
        peer: serde_json::from_str(&command::output(&mut peer())?)?,
    })
}

/// The table, kept in the cache.
fn table(contenders: &Contenders, rows: u64) -> Result<Utf8PathBuf> {
    let folder = cache::prepared(&format!("bench-customers-{rows}-rows"), |folder| {
        let script = repository::root().join("benches/peer/make_mixed_data.py");
        let out = folder.join("table.csv");
        command::run(&mut contenders.python([script.as_str(), &rows.to_string(), out.as_str()]))
    })?;
    Ok(folder.join("table.csv"))
}

fn stages(table: &Utf8PathBuf) -> Value {
    let numbers: Vec<String> = (1..=10).map(|k| format!("n{k}")).collect();
    let categories: Vec<String> = (1..=5).map(|k| format!("c{k}")).collect();
    let features = [numbers.clone(), categories.clone()].concat();
    json!([
        {"name": "extract", "extract": {"csv": {"path": table}}},
        {"name": "validate", "dependsOn": ["extract"], "validate": {}},
        {"name": "train", "dependsOn": ["validate"], "train": {
            "features": features,
            "target": TARGET,
            "split": {"holdout": 0.2, "random": {"seed": 0, "stratified": true}},
            "preprocess": [
                {"columns": numbers, "impute": {"strategy": "Median"}},
                {"columns": numbers, "scale": {}},
                {"columns": categories, "impute": {"strategy": "MostFrequent"}},
                {"columns": categories, "oneHot": {}},
            ],
            "logisticRegression": {},
        }},
        {"name": "evaluate", "dependsOn": ["train"], "evaluate": {}},
    ])
}

/// Writes the part of the page.
pub(super) fn write(page: &mut String, figures: &Figures) -> std::fmt::Result {
    let Figures {
        machine,
        rows,
        trainyard_memory,
        peer_memory,
        rounds,
        init,
        stages,
        peer,
    } = figures;
    let faster = median(rounds.iter().map(|round| round.peer / round.trainyard));
    let ours = median(rounds.iter().map(|round| round.trainyard));
    let theirs = median(rounds.iter().map(|round| round.peer));
    let memory = trainyard_memory.together;
    let kept = |is: bool| if is { "yes" } else { "**no**" };
    writeln!(page, "\n## A customer table to a judged model, on one machine\n")?;
    writeln!(
        page,
        "Made by `cargo xtask bench data`; the raw figures are in [benchmarks/customers.json](benchmarks/customers.json). {} rows of 20 \
         columns (10 numbers with 3 % missing, 5 texts of 3 to 30 categories, a key, a date, two that no model uses) go through extract, \
         validate, impute + one-hot + scale, train and evaluate on a stratified fifth; the peer does the same with `train_test_split` and a \
         `Pipeline` ([mixed_pipeline.py](../benches/peer/mixed_pipeline.py), which reads only the columns that it uses). pandas {}, \
         scikit-learn {}. {} rounds, in turn.\n",
        super::report::grouped(*rows),
        peer["pandas"].as_str().unwrap_or("?"),
        peer["scikit-learn"].as_str().unwrap_or("?"),
        rounds.len(),
    )?;
    writeln!(
        page,
        "Machine: {} cores of {}; {}; commit {}.\n",
        machine.cores, machine.processor, machine.rustc, machine.commit
    )?;
    writeln!(page, "| what | promise | measured | kept |\n|---|---|---|---|")?;
    writeln!(
        page,
        "| faster than the peer | {FASTER_AT_LEAST} x | {faster:.1} x ({theirs:.1} s to {ours:.1} s) | {} |",
        kept(faster >= FASTER_AT_LEAST)
    )?;
    writeln!(
        page,
        "| peak memory | {MEMORY_AT_MOST_MIB} MiB | {memory:.0} MiB (the peer: {:.0} MiB) | {} |",
        peer_memory.together,
        kept(memory <= MEMORY_AT_MOST_MIB)
    )?;
    let gigabytes = init.table_bytes as f64 / GIGABYTE;
    let took = median(init.rounds.iter().copied());
    writeln!(
        page,
        "| `trainyard init`, for each GB of the table | {INIT_AT_MOST_SECONDS} s | {:.2} s ({gigabytes:.2} GB in {took:.2} s, {:.0} MiB) | {} |\n",
        took / gigabytes,
        init.memory.together,
        kept(took / gigabytes <= INIT_AT_MOST_SECONDS)
    )?;
    let seconds = |of: &Value| {
        let of = of.as_object().into_iter().flatten();
        let words: Vec<String> = of
            .map(|(name, seconds)| format!("{name} {:.1}", seconds.as_f64().unwrap_or(f64::NAN)))
            .collect();
        words.join(", ")
    };
    writeln!(
        page,
        "Seconds of the stages: {}. Of the peer's phases: {}.",
        seconds(stages),
        seconds(&peer["seconds"])
    )
}
