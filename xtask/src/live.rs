//! Live comparisons: the real program against scikit-learn, onnxruntime, joblib and pandas of several years, and MLflow.
//!
//! The comparing is done by the Python scripts in `xtask/live/`, each of which says what it holds; here they get their
//! interpreters and the release build.

use crate::python::Environment;
use crate::step::{self, Checked, Step};
use crate::{command, repository};
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use std::process::ExitCode;

/// What `cargo xtask live` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Random problems and tables are made from it; a failure names it.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// How many random problems, and how many tables.
    #[arg(long, default_value_t = PROBLEMS)]
    problems: u32,
}

/// The same problems every time, so that a red build is about the change and not about luck.
const SEED: u64 = 1;
/// Twelve of every shape; about a minute.
const PROBLEMS: u32 = 200;
/// Every kind of table: with and without preprocess, text, missing cells, more than two classes.
const MLFLOW_TABLES: u32 = 24;

/// The peer as it is today.
pub(crate) const NEWEST: Environment = Environment {
    requirements: "xtask/live/requirements-newest.txt",
    oldest: 11,
    newest: 14,
};
/// Older scikit-learns that must open our pickles.
const OLDER: [Environment; 2] = [
    Environment {
        requirements: "xtask/live/requirements-1.6.txt",
        oldest: 10,
        newest: 13,
    },
    Environment {
        requirements: "xtask/live/requirements-1.3.txt",
        oldest: 9,
        newest: 12,
    },
];

/// Each is trained on once, which takes some 50 ms.
const SPLIT_TABLES: u32 = 1_000;

/// MLflow, which loads the versions' folders.
const MLFLOW: Environment = Environment {
    requirements: "xtask/live/requirements-mlflow.txt",
    oldest: 11,
    newest: 14,
};

/// The steps, for `cargo xtask test`; they need the release build.
pub(crate) const STEPS: [Step; 6] = [
    Step {
        name: "models and preprocess against scikit-learn, onnxruntime and joblib",
        run: || models(SEED, PROBLEMS),
    },
    Step {
        name: "tables against pandas",
        run: || tables(SEED, PROBLEMS),
    },
    Step {
        name: "metrics against scikit-learn",
        run: || metrics(SEED, PROBLEMS),
    },
    Step {
        name: "a key is always on the same side of a split",
        run: || splits(SEED, SPLIT_TABLES),
    },
    Step {
        name: "versions in MLflow",
        run: || mlflow(SEED, MLFLOW_TABLES),
    },
    Step {
        name: "the same bytes with one thread and many",
        run: identical,
    },
];

/// `cargo xtask live`: a release build and all comparisons, with a seed of one's own.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    build_release()?;
    let Arguments { seed, problems } = *arguments;
    if (seed, problems) == (SEED, PROBLEMS) {
        return Ok(step::run_all(&STEPS));
    }
    models(seed, problems)?;
    tables(seed, problems)?;
    metrics(seed, problems)?;
    splits(seed, SPLIT_TABLES)?;
    mlflow(seed, problems)?;
    identical()?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the `trainyard` command as users build it.
pub(crate) fn build_release() -> Result<()> {
    command::run(&mut command::cargo([
        "build",
        "--release",
        "--locked",
        "--package",
        "trainyard-cli",
    ]))
}

fn models(seed: u64, problems: u32) -> Result<Checked> {
    let pickles = fresh_folder("live-pickles")?;
    let (seed, problems) = (seed.to_string(), problems.to_string());
    let numbers = ["--seed", &seed, "--problems", &problems, "--pickles", pickles.as_str()];
    let Some(newest) = NEWEST.interpreter()? else {
        return Ok(Checked::AllBut(NEWEST.missing()));
    };
    script(&newest, "check_models.py", &numbers)?;
    script(&newest, "check_preprocess.py", &numbers)?;
    pickle_script(&newest, &pickles)?;
    let mut missing = Vec::new();
    for older in OLDER {
        match older.interpreter()? {
            Some(python) => pickle_script(&python, &pickles)?,
            None => missing.push(older.missing()),
        }
    }
    Ok(if missing.is_empty() {
        Checked::Whole
    } else {
        Checked::AllBut(missing.join(", "))
    })
}

fn tables(seed: u64, tables: u32) -> Result<Checked> {
    newest_script(
        "check_tables.py",
        &["--seed", &seed.to_string(), "--tables", &tables.to_string()],
    )
}

fn metrics(seed: u64, tables: u32) -> Result<Checked> {
    newest_script(
        "check_metrics.py",
        &["--seed", &seed.to_string(), "--problems", &tables.to_string()],
    )
}

fn splits(seed: u64, tables: u32) -> Result<Checked> {
    newest_script(
        "check_splits.py",
        &["--seed", &seed.to_string(), "--tables", &tables.to_string()],
    )
}

fn mlflow(seed: u64, tables: u32) -> Result<Checked> {
    let Some(python) = MLFLOW.interpreter()? else {
        return Ok(Checked::AllBut(MLFLOW.missing()));
    };
    let (seed, tables) = (seed.to_string(), tables.to_string());
    script(&python, "check_mlflow.py", &["--seed", &seed, "--tables", &tables]).map(|()| Checked::Whole)
}

fn identical() -> Result<Checked> {
    newest_script("check_identical.py", &[])
}

fn newest_script(name: &str, arguments: &[&str]) -> Result<Checked> {
    match NEWEST.interpreter()? {
        Some(python) => script(&python, name, arguments).map(|()| Checked::Whole),
        None => Ok(Checked::AllBut(NEWEST.missing())),
    }
}

/// A script of `xtask/live/`, with the release build as its `--trainyard`.
fn script(python: &Utf8Path, name: &str, arguments: &[&str]) -> Result<()> {
    let script = repository::root().join("xtask/live").join(name);
    let trainyard = repository::trainyard();
    let all = [&[script.as_str(), "--trainyard", trainyard.as_str()], arguments].concat();
    command::run(quiet(&mut command::command(python, all)))
}

fn pickle_script(python: &Utf8Path, pickles: &Utf8Path) -> Result<()> {
    let script = repository::root().join("xtask/live/check_pickles.py");
    command::run(quiet(&mut command::command(
        python,
        [script.as_str(), pickles.as_str()],
    )))
}

/// One thread a process: dozens of tiny fits are no work for a pool. And no `__pycache__` in the repository.
fn quiet(command: &mut std::process::Command) -> &mut std::process::Command {
    command.envs([
        ("OPENBLAS_NUM_THREADS", "1"),
        ("OMP_NUM_THREADS", "1"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ])
}

/// An empty folder below `target/`.
fn fresh_folder(name: &str) -> Result<Utf8PathBuf> {
    let folder = repository::target().join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {folder}"))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder}"))?;
    Ok(folder)
}
