//! What README and other pages show is what the command writes: the console blocks of a page, one after the other in one workspace.

#![expect(clippy::unwrap_used, reason = "a test stops where README is not as it thinks")]

mod vocabulary;

use std::fs;
use std::path::Path;
use vocabulary::transcript::filtered;
use vocabulary::{Workspace, workspace};

/// A command of README and what stands below it.
struct Shown {
    words: String,
    output: String,
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The workspace that README speaks of: the repository's data, and the two files with a mistake.
fn readers_workspace() -> Workspace {
    let data = |name: &str| fs::read_to_string(repository().join("data").join(name)).unwrap();
    let seed = data("ml-production-pipeline.yaml");
    let changed = |from: &str, to: &str| {
        assert!(seed.contains(from), "{from}");
        seed.replace(from, to)
    };
    workspace()
        .with("data/ml-production-pipeline.yaml", &seed)
        .with("data/sample_data.csv", data("sample_data.csv"))
        .with(
            "bad.csv",
            "age,salary,target\n25,50000,0\n,60000,1\n45,,1\n22,40000,0\n",
        )
        .with(
            "bad.yaml",
            changed("configMap: {name: sample-data, key: sample_data.csv}", "path: bad.csv"),
        )
        .with("typo.yaml", changed("features:", "feature:"))
}

/// The commands of the console blocks that run this binary.
fn shown(readme: &str) -> Vec<Shown> {
    let blocks = readme.split("```console\n").skip(1);
    let commands = blocks.flat_map(|rest| rest.split("```").next().unwrap().split("$ ").skip(1));
    commands
        .filter_map(|command| {
            let (line, output) = command.split_once('\n')?;
            let words = line
                .strip_prefix("trainyard ")
                .or_else(|| line.strip_prefix("cargo run --release -- "))?;
            Some(Shown {
                words: words.to_owned(),
                output: output.trim_end().to_owned(),
            })
        })
        .collect()
}

/// Runs the commands of a page, one after the other.
fn assert_shown(page: &str, least: usize, workspace: &Workspace) {
    let commands = shown(&fs::read_to_string(repository().join(page)).unwrap());
    assert!(commands.len() >= least, "{page}: {} commands", commands.len());
    for Shown { words, output } in commands {
        let ran = workspace.trainyard(&words);
        // On a terminal both stand in the order in which they were written, which is not known here.
        let either = [
            format!("{}{}", ran.stderr, ran.stdout),
            format!("{}{}", ran.stdout, ran.stderr),
        ];
        // Whether two runs begin within one second, which the second version's name tells, is chance.
        let either = either.map(|text| filtered(text.trim_end()).replace("<time>_2", "<time>"));
        let [written, turned] = either;
        if turned != filtered(&output) {
            assert_eq!(written, filtered(&output), "{page}: trainyard {words}");
        }
    }
}

#[test]
fn every_command_in_the_readme_writes_what_stands_below_it() {
    assert_shown("README.md", 4, &readers_workspace());
}

#[test]
fn every_command_in_the_page_on_training_writes_what_stands_below_it() {
    let file = |name: &str| fs::read_to_string(repository().join("data").join(name)).unwrap();
    let workspace = workspace()
        .with("data/churn.yaml", file("churn.yaml"))
        .with("data/churn.csv", file("churn.csv"));
    assert_shown("docs/training.md", 1, &workspace);
}

#[test]
fn every_command_in_the_page_on_judging_writes_what_stands_below_it() {
    let file = |name: &str| fs::read_to_string(repository().join("docs/judging").join(name)).unwrap();
    let workspace = workspace()
        .with("docs/judging/visits.yaml", file("visits.yaml"))
        .with("docs/judging/visits.csv", file("visits.csv"));
    assert_shown("docs/judging.md", 2, &workspace);
}

#[test]
fn every_command_in_the_page_on_a_table_of_ones_own_writes_what_stands_below_it() {
    let rows = fs::read(repository().join("data/churn.csv")).unwrap();
    let workspace = workspace().with("customers.csv", rows);
    assert_shown("docs/your-own-table.md", 4, &workspace);
}
