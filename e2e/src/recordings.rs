//! Runs as they went on a cluster: recorded by the operators of the tests and, where that is asked for, kept beside the tests of the
//! engine, which replay them.
//!
//! Of all the runs of the tests those are kept that show something no other shows, the shortest first: a few dozen of a thousand.

use crate::image::build;
use anyhow::{Context, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use trainyard_engine::recorded::{Call, RecordedPass, Recording, Sight};
use trainyard_engine::{Action, Event};

/// Set to anything, operators record, and what they recorded takes the place of what is kept of the same tests.
const UPDATE_VARIABLE: &str = "UPDATE_RECORDINGS";
/// Where recordings are kept, from the root of the repository.
const KEPT: &str = "engine/tests/recorded";
/// Tests of which a run is kept whatever it shows: what they do to a run is not to be seen in it.
const KEPT_ANYHOW: [&str; 5] = [
    "a-typo-in-the-image-is-named-and-ends-th",
    "end-in-one-artifact-and-one-model",
    "killed-at-random-moments-amid-a-stream-o",
    "late-jobs",
    "suspended-and-resumed-answer-lost",
];
/// How long the end is that the API server adds to a generated name.
const GENERATED_LENGTH: usize = 5;
/// The letters of such an end: no vowels, and nothing that looks like another.
const GENERATED_LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";

/// The folder into which operators record; none where nobody asked for it.
pub(crate) fn folder() -> Option<Utf8PathBuf> {
    std::env::var_os(UPDATE_VARIABLE).map(|_| build::target().join("recorded-passes"))
}

/// Removes what earlier tests recorded.
pub(crate) fn forget() -> Result<()> {
    match folder() {
        Some(folder) if folder.exists() => {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {folder}"))
        }
        _ => Ok(()),
    }
}

/// Keeps what was recorded, where that was asked for. `all`: every test ran, so that no older recording stays.
pub(crate) fn keep(all: bool) -> Result<()> {
    let Some(folder) = folder() else {
        return Ok(());
    };
    let recorded = recorded_in(&folder)?;
    ensure!(!recorded.is_empty(), "{folder}: no operator has recorded anything");
    let kept = build::root().join(KEPT);
    let names: BTreeSet<_> = recorded.iter().map(|recording| recording.of.clone()).collect();
    let mut known = BTreeSet::new();
    for path in files_in(&kept)? {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let old = Recording::parse(&text).ok();
        match old.filter(|old| !all && !names.contains(&old.of)) {
            Some(old) => known.extend(shows(&old)),
            None => fs::remove_file(&path).with_context(|| format!("cannot remove {path}"))?,
        }
    }
    fs::create_dir_all(&kept).with_context(|| format!("cannot make {kept}"))?;
    let mut number = BTreeMap::new();
    let all = recorded.len();
    for recording in chosen(recorded, known) {
        let number: &mut usize = number.entry(recording.of.clone()).or_default();
        *number += 1;
        let path = kept.join(format!("{}-{number}.jsonl", recording.of));
        fs::write(&path, recording.to_string()).with_context(|| format!("cannot write {path}"))?;
    }
    eprintln!(
        "{} of {all} recorded runs are kept in {kept}",
        number.values().sum::<usize>()
    );
    Ok(())
}

fn files_in(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = folder
        .read_dir_utf8()
        .with_context(|| format!("cannot read {folder}"))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.into_path()))
        .collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// The runs that came to an end, the shortest first.
fn recorded_in(folder: &Utf8Path) -> Result<Vec<Recording>> {
    let mut all = Vec::new();
    for path in files_in(folder)? {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let calls = text.lines().map(serde_json::from_str).collect::<Result<Vec<Call>, _>>();
        all.extend(recording(calls.with_context(|| format!("{path} is not ours"))?));
    }
    all.sort_by_cached_key(|recording| (recording.to_string().len(), recording.of.clone()));
    Ok(all)
}

/// The calls of one run; nothing of a run that has not ended.
fn recording(calls: Vec<Call>) -> Option<Recording> {
    let Call {
        namespace,
        pipeline,
        run,
        ..
    } = calls.first()?.clone();
    let mut passes: Vec<RecordedPass> = Vec::new();
    for call in calls {
        let pass = call.pass.sorted();
        if passes.last().is_none_or(|last| !pass.says_the_same_as(last)) {
            passes.push(pass);
        }
    }
    let ended = passes.last()?.plan.status.phase.is_final();
    ended.then(|| Recording {
        of: test_of(&namespace),
        pipeline,
        run,
        passes,
    })
}

/// The test, or the shape of a walk, that a namespace was made for: its name without numbers and without what the API server added.
fn test_of(namespace: &str) -> String {
    let is_generated =
        |part: &str| part.len() == GENERATED_LENGTH && part.chars().all(|letter| GENERATED_LETTERS.contains(letter));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<_> = namespace.split('-').filter(|part| !is_number(part)).collect();
    match parts.split_last() {
        Some((last, before)) if is_generated(last) => before.join("-"),
        _ => parts.join("-"),
    }
}

/// Those that show something that was not shown before.
fn chosen(recorded: Vec<Recording>, mut known: BTreeSet<String>) -> Vec<Recording> {
    let mut chosen = Vec::new();
    for recording in recorded {
        let mut shows = shows(&recording);
        if KEPT_ANYHOW.contains(&recording.of.as_str()) {
            shows.insert(format!("the test {}", recording.of));
        }
        if !shows.is_subset(&known) {
            known.extend(shows);
            chosen.push(recording);
        }
    }
    chosen
}

/// What can be seen in a recording, by kind.
fn shows(recording: &Recording) -> BTreeSet<String> {
    let kinds = recording
        .pipeline
        .stages
        .iter()
        .map(|stage| (stage.spec.kind(), stage.depends_on.len()));
    let mut all = BTreeSet::from([format!("the stages {:?}", kinds.collect::<Vec<_>>())]);
    let mut sight = Sight::default();
    let mut asked_before: Vec<&Action> = Vec::new();
    let mut kept_before = None;
    for pass in &recording.passes {
        let steps = sight.look(&pass.observed.attempts);
        all.extend(steps.iter().map(|step| format!("an attempt: {step}")));
        let lost = kept_before.is_some_and(|kept| kept != &pass.status);
        kept_before = Some(&pass.plan.status);
        all.insert(format!("{:?} wanted in phase {}", pass.state, pass.status.phase));
        for action in &pass.plan.actions {
            let again = asked_before.contains(&action);
            all.insert(format!(
                "{}, again: {again}, the last status lost: {lost}",
                what(action)
            ));
        }
        all.extend(pass.plan.events.iter().map(happened));
        asked_before.extend(&pass.plan.actions);
    }
    all
}

fn what(action: &Action) -> String {
    match action {
        Action::StartAttempt(start) => format!("start, recover: {}", start.recover),
        Action::StopAttempt { reason, .. } => format!("stop: {reason:?}"),
        Action::RegisterModelVersion { .. } => "register".to_owned(),
        Action::MoveChampion { .. } => "champion".to_owned(),
    }
}

fn happened(event: &Event) -> String {
    match event {
        Event::Stage { phase, class, .. } => format!("a stage: {phase} {class:?}"),
        Event::Run { phase, .. } => format!("the run: {phase}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_tells_its_test() {
        for (namespace, test) in [
            (
                "end-in-one-artifact-and-one-model-x7k2p",
                "end-in-one-artifact-and-one-model",
            ),
            ("retry-killed-after-12", "retry-killed-after"),
            ("retry-write-3-refused-429", "retry-write-refused"),
            ("fifty-stages-undisturbed", "fifty-stages-undisturbed"),
        ] {
            assert_eq!(test_of(namespace), test);
        }
    }
}
