//! `trainyard logs RUN [STAGE]`: what the stages of a run logged, in the manifest's order, each attempt of each.
//!
//! An attempt that runs just now, or that was killed, is shown as far as it came.

use crate::arguments::folder;
use crate::exit::Exit;
use crate::host::run_folders::{self, RunFolder};
use crate::host::workspace::Workspace;
use crate::print::{self, Complaint, Reader};
use crate::verb::did_you_mean;
use camino::Utf8PathBuf;
use std::fs;
use trainyard_contract::layout;
use trainyard_worker::attempt::Event;

/// Shows what the stages of a run logged
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The run, as in `ml-production-pipeline-1`, or its folder's name
    run: String,
    /// Only this stage
    stage: Option<String>,
    /// The folder with `runs/` in it [default: the current folder]
    #[arg(long, value_name = "DIR", value_parser = folder)]
    workspace: Option<Utf8PathBuf>,
}

/// Shows them. A run or stage that is not there is a mistake of the command line: exit code 2.
pub fn run(arguments: &Arguments) -> Exit {
    match show(arguments) {
        Ok(()) => Exit::Done,
        Err((complaint, exit)) => {
            print::error(&complaint);
            exit
        }
    }
}

type Failure = (Complaint, Exit);

fn show(arguments: &Arguments) -> Result<(), Failure> {
    let unreadable =
        |e: crate::host::workspace::WorkspaceError| (Complaint::new(e.to_string()).hint(e.hint()), Exit::Failed);
    let workspace = Workspace::existing(arguments.workspace.as_deref())
        .map_err(|e| (Complaint::new(e.to_string()).hint(e.hint()), Exit::Usage))?;
    let folders = run_folders::all(&workspace).map_err(unreadable)?;
    let folder = find(&folders, &arguments.run).ok_or_else(|| {
        let names: Vec<String> = folders.iter().map(|folder| folder.run.to_string()).collect();
        let message = format!(
            "there is no run `{}` in {}",
            arguments.run,
            workspace.join(layout::RUNS)
        );
        (
            Complaint::new(message).hint(did_you_mean(&arguments.run, &names)),
            Exit::Usage,
        )
    })?;
    let stages = stages_of(folder);
    let Some(stage) = &arguments.stage else {
        return all(folder, &stages);
    };
    if !stages.contains(stage) {
        let complaint = Complaint::new(format!("run `{}` has no stage `{stage}`", folder.run));
        return Err((complaint.hint(did_you_mean(stage, &stages)), Exit::Usage));
    }
    match logs_of(folder, stage).as_slice() {
        [] => print::note(&format!("stage `{stage}` of run `{}` has logged nothing", folder.run)),
        [only] => {
            write(&only.text)?;
        }
        _ => all(folder, std::slice::from_ref(stage))?,
    }
    Ok(())
}

/// Every attempt's log under its title.
fn all(folder: &RunFolder, stages: &[String]) -> Result<(), Failure> {
    for stage in stages {
        for log in logs_of(folder, stage) {
            let title = format!("==> {stage}, {} <==\n", log.attempt);
            if write(&(title + &log.text))? == Reader::Gone {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn write(text: &str) -> Result<Reader, Failure> {
    print::data(text).map_err(|e| (Complaint::new(format!("cannot write the log: {e}")), Exit::Failed))
}

/// The run of that name, or the folder. Of several runs of a name (the folder of names was removed) the newest.
fn find<'a>(folders: &'a [RunFolder], name: &str) -> Option<&'a RunFolder> {
    if let Some(folder) = folders.iter().find(|folder| folder.name == name) {
        return Some(folder);
    }
    let started = |folder: &&RunFolder| folder.summary().map(|summary| summary.started_at);
    folders
        .iter()
        .filter(|folder| folder.run.as_str() == name)
        .max_by_key(started)
}

/// The stages in the manifest's order; by name where `run.json` is lost.
fn stages_of(folder: &RunFolder) -> Vec<String> {
    if let Some(summary) = folder.summary().filter(|summary| !summary.stages.is_empty()) {
        return summary.stages;
    }
    let mut names = run_folders::names_in(&folder.path);
    names.retain(|name| folder.stage(name).is_dir() && !name.starts_with('.'));
    names.sort_unstable();
    names
}

struct Log {
    /// `attempt 2`, or that it is not finished.
    attempt: String,
    text: String,
}

/// The attempts that are done by number, then one that is not.
fn logs_of(folder: &RunFolder, stage: &str) -> Vec<Log> {
    let stage_folder = folder.stage(stage);
    let unfinished = run_folders::names_in(&stage_folder)
        .into_iter()
        .filter(|name| name.starts_with(layout::UNFINISHED_PREFIX))
        .map(|name| ("an attempt that is not finished".to_owned(), name));
    let mut numbers = run_folders::attempts(&stage_folder);
    numbers.sort_unstable();
    let finished = numbers
        .into_iter()
        .map(|number| (format!("attempt {number}"), number.to_string()));
    finished
        .chain(unfinished)
        .filter_map(|(attempt, name)| {
            let log = fs::read(stage_folder.join(name).join(layout::LOG_FILE)).ok()?;
            Some(Log {
                attempt,
                text: for_people(&log),
            })
        })
        .collect()
}

/// The lines as sentences; one that is no event stays as it is.
fn for_people(log: &[u8]) -> String {
    let text = String::from_utf8_lossy(log);
    let sentences = text.lines().map(|line| match serde_json::from_str(line) {
        Ok(Event::Log(event)) => format!("{event}\n"),
        Ok(Event::Progress { .. } | Event::Result { .. }) | Err(_) => format!("{line}\n"),
    });
    sentences.collect()
}
