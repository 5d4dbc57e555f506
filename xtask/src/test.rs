//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest.

use crate::step::{self, Checked, Step};
use crate::{cluster, command, crds, deny, live};
use anyhow::Result;
use std::process::ExitCode;

/// The cluster of the tests: another one than people use, which stays as it is.
const CLUSTER: &str = "test";

/// Runs all steps; 0 when every one succeeded. `full`: slow tests too.
pub(crate) fn run(full: bool) -> ExitCode {
    let [models, tables, metrics, splits, mlflow, identical] = live::STEPS;
    step::run_all(&[
        Step {
            name: "format",
            run: || {
                install_components();
                cargo(&["fmt", "--all", "--check"])
            },
        },
        Step {
            name: "lints",
            run: || {
                // Those of other systems too: who depends on whom is looked up offline.
                cargo(&["fetch", "--locked"])?;
                cargo(&[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--features",
                    "trainyard-e2e/cluster",
                    "--locked",
                    "--",
                    "--deny",
                    "warnings",
                ])
            },
        },
        Step {
            name: "tests",
            run: || {
                cargo(&["test", "--workspace", "--locked"])?;
                // Once more, to show how many histories of runs were walked through.
                let walked = ["test", "--workspace", "--locked", "--test", "simulation"];
                cargo(&[&walked[..], &["--", "--nocapture", "every_"]].concat())
            },
        },
        Step {
            name: "generated files",
            run: crds::check,
        },
        Step {
            name: "licences, duplicates, sources, vulnerabilities",
            run: deny::check,
        },
        Step {
            name: "release build",
            run: || live::build_release().map(|()| Checked::Whole),
        },
        models,
        tables,
        metrics,
        splits,
        mlflow,
        identical,
        Step {
            name: "cluster: Kubernetes and what belongs to it",
            run: || cluster::step(&["binaries"]),
        },
        Step {
            name: "cluster: our images",
            run: || cluster::step(&["images"]),
        },
        Step {
            name: "cluster: tests",
            run: if full {
                || cluster::step(&["test", "--name", CLUSTER, "--full"])
            } else {
                || cluster::step(&["test", "--name", CLUSTER])
            },
        },
    ])
}

fn cargo(arguments: &[&str]) -> Result<Checked> {
    command::run(&mut command::cargo(arguments)).map(|()| Checked::Whole)
}

/// Some installations of Rust come without rustfmt and clippy; rustup can add them. Where it cannot, the steps say so.
fn install_components() {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !command::succeeds(&mut command::cargo([subcommand, "--version"])) {
            command::succeeds(&mut command::command("rustup", ["component", "add", component]));
        }
    }
}
