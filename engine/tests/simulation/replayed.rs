//! Recorded runs, pass by pass through `plan`: as they went, and as they would have gone with a host that is late or is killed.

use super::recordings::{ALL, HOW_TO_RECORD, Recorded};
use super::shown::has_verdict;
use super::world::{World, check_end, check_step, check_written, is_open};
use std::collections::BTreeMap;
use trainyard_engine::recorded::{RecordedPass, Recording};
use trainyard_engine::{Action, DesiredState, ObservedAttempt, RunPhase, RunStatus, StagePhase, StageStatus, Verdict};

/// Questions after the last recorded pass: a run that was disturbed comes to its end within them.
const QUESTIONS_MAX: usize = 50;

/// At so many of its passes a run is disturbed: at all of them, but of the longest runs.
const DISTURBED_MAX: usize = 40;

fn world(recording: &Recording) -> World {
    let (pipeline, run) = recording.start().expect("it once ran");
    World::of(pipeline, run)
}

/// Lets the world stand as it stood in a pass, but for what `plan` knows of it.
fn set(world: &mut World, pass: &RecordedPass) {
    world.now = pass.now;
    world.run.state = pass.state;
}

/// As in `operator/tests/golden`.
#[expect(
    clippy::disallowed_methods,
    reason = "the engine knows no environment, but its tests do"
)]
fn is_to_be_updated() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// The recording with what `plan` answers now. A status that was kept then is kept now.
fn answered_now(recording: &Recording) -> Recording {
    let mut world = world(recording);
    let mut answered = recording.clone();
    for place in 0..answered.passes.len() {
        set(&mut world, &recording.passes[place]);
        if place > 0 && recording.passes[place].status == recording.passes[place - 1].plan.status {
            answered.passes[place].status = answered.passes[place - 1].plan.status.clone();
        }
        let pass = &mut answered.passes[place];
        pass.plan = world.answer(&pass.status, &pass.observed.attempts);
    }
    answered
}

#[test]
fn each_recorded_pass_is_answered_as_it_was() {
    let mut otherwise = Vec::new();
    for recorded in ALL.iter() {
        let now = answered_now(&recorded.recording);
        if now == recorded.recording {
            continue;
        }
        if is_to_be_updated() {
            recorded.replace(&now);
        }
        let passes = recorded.recording.passes.iter().zip(&now.passes);
        for (place, (then, now)) in passes.enumerate().filter(|(_, (then, now))| then != now).take(1) {
            let name = recorded.name();
            otherwise.push(format!(
                "{name}, pass {place}: then {:#?}\nnow {:#?}",
                then.plan, now.plan
            ));
        }
    }
    let passes: usize = ALL.iter().map(|recorded| recorded.recording.passes.len()).sum();
    println!("{} recorded runs, {passes} passes", ALL.len());
    assert!(passes > 0, "nothing is recorded: {HOW_TO_RECORD}");
    assert!(
        otherwise.is_empty(),
        "{} runs are answered otherwise than they were; where that is intended: {HOW_TO_RECORD}\n{}",
        otherwise.len(),
        otherwise[0]
    );
}

#[test]
fn a_recording_reads_back_as_it_was_written() {
    for recorded in ALL.iter() {
        let text = recorded.recording.to_string();
        assert_eq!(Recording::parse(&text).expect("a recording"), recorded.recording);
    }
}

/// The verdict of a stage's latest attempt, if it has one.
fn verdict(stage: &StageStatus) -> Option<Verdict> {
    stage.latest.as_ref().and_then(|latest| latest.verdict)
}

/// What holds of a run from pass to pass, through all that its hosts did.
fn check_history(recorded: &Recorded) {
    let mut world = world(&recorded.recording);
    let mut verdicts = BTreeMap::new();
    let mut finished: Option<&RunStatus> = None;
    let mut stopped = false;
    for pass in &recorded.recording.passes {
        set(&mut world, pass);
        stopped |= pass.state == DesiredState::Stopped;
        world.see(&pass.observed.attempts);
        check_truth(&world, pass);
        let plan = world.ask(&pass.status, &pass.observed.attempts);
        check_written(&plan.status);
        // What a stop came to is recorded.
        let done = plan
            .actions
            .iter()
            .filter(|action| !matches!(action, Action::StopAttempt { .. }));
        done.for_each(|action| world.carry_out(action));
        for stage in pass.status.stages.iter().chain(&plan.status.stages) {
            let Some(verdict) = verdict(stage) else { continue };
            let first = *verdicts.entry((stage.name.clone(), stage.attempts)).or_insert(verdict);
            assert_eq!(verdict, first, "a verdict on `{}` changed", stage.name);
        }
        if let Some(finished) = finished {
            assert_eq!(*finished, pass.status, "a finished run was planned again");
        }
        finished = finished.or(Some(&pass.status).filter(|status| status.phase.is_final()));
    }
    let last = recorded.recording.passes.last().expect("a pass");
    assert!(last.plan.status.phase.is_final(), "it did not end");
    // Whoever wants something else later does not take a stop back.
    if stopped {
        world.run.state = DesiredState::Stopped;
    }
    check_end(&world, &last.plan.status);
}

/// An end stays as it was first seen until it is written down.
fn check_truth(world: &World, pass: &RecordedPass) {
    for known in world.attempts.iter().filter(|attempt| !is_open(attempt)) {
        let seen = pass
            .observed
            .attempts
            .iter()
            .find(|seen| (&seen.stage, seen.attempt) == (&known.stage, known.attempt));
        if let Some(seen) = seen.filter(|seen| !has_verdict(&pass.status, seen)) {
            assert_eq!(
                seen.state, known.state,
                "attempt {} of `{}` ended twice",
                known.attempt, known.stage
            );
        }
    }
}

/// Says of which recording a check fails.
fn each(check: impl Fn(&Recorded)) {
    for recorded in ALL.iter() {
        println!("in {}:", recorded.path);
        check(recorded);
    }
}

#[test]
fn what_must_hold_held_in_each_recorded_run() {
    each(check_history);
}

/// How a host fares otherwise than it did, at one of its passes.
#[derive(Clone, Copy, Debug)]
enum Disturbed {
    /// There is no such pass.
    Dropped(usize),
    /// It is asked twice.
    Repeated(usize),
    /// It sees the attempts as they were in this earlier one.
    Late(usize, usize),
    /// From there on it sees the attempts as they were a pass earlier.
    LateFrom(usize),
    /// It is killed before it kept the status.
    Killed(usize),
}

fn disturbances(passes: usize) -> impl Iterator<Item = Disturbed> {
    use Disturbed::{Dropped, Killed, Late, LateFrom, Repeated};
    (0..passes).step_by(passes.div_ceil(DISTURBED_MAX)).flat_map(|place| {
        let earlier = [place.checked_sub(1), Some(place / 2).filter(|_| place > 2)];
        let late = earlier.into_iter().flatten().map(move |earlier| Late(place, earlier));
        [Dropped(place), Repeated(place), LateFrom(place), Killed(place)]
            .into_iter()
            .chain(late)
    })
}

/// What there was to see in each pass for a host that has written nothing down yet.
fn all_seen(recording: &Recording) -> Vec<Vec<ObservedAttempt>> {
    let mut world = world(recording);
    let mut all = Vec::new();
    for pass in &recording.passes {
        world.see(&pass.observed.attempts);
        let is_seen = |known: &&ObservedAttempt| {
            let mut seen = pass.observed.attempts.iter();
            !is_open(known) || seen.any(|seen| (&seen.stage, seen.attempt) == (&known.stage, known.attempt))
        };
        all.push(world.attempts.iter().filter(is_seen).cloned().collect());
    }
    all
}

/// How a run ends whose host is disturbed. What it does changes nothing: what it sees was recorded.
fn end_of(recorded: &Recorded, seen: &[Vec<ObservedAttempt>], disturbed: Disturbed) -> RunStatus {
    let mut world = world(&recorded.recording);
    let mut status = RunStatus::default();
    let ask = |world: &World, status: &mut RunStatus, place: usize| {
        let plan = world.answer(status, &seen[place]);
        check_step(status, &plan.status);
        *status = plan.status;
        plan.wake_at
    };
    for (place, pass) in recorded.recording.passes.iter().enumerate() {
        set(&mut world, pass);
        let before = status.clone();
        match disturbed {
            Disturbed::Dropped(dropped) if dropped == place => {}
            Disturbed::Late(late, earlier) if late == place => drop(ask(&world, &mut status, earlier)),
            Disturbed::LateFrom(late) if late <= place => drop(ask(&world, &mut status, place.saturating_sub(1))),
            _ => drop(ask(&world, &mut status, place)),
        }
        match disturbed {
            Disturbed::Repeated(repeated) if repeated == place => drop(ask(&world, &mut status, place)),
            Disturbed::Killed(killed) if killed == place => status = before,
            _ => {}
        }
    }
    let last = seen.len() - 1;
    for _ in 0..QUESTIONS_MAX {
        if status.phase.is_final() {
            break;
        }
        let wake_at = ask(&world, &mut status, last);
        world.now = wake_at.map_or(world.now, |wake_at| world.now.max(wake_at));
    }
    status
}

/// What a user would compare of two ends. How far the stages had come when the run was stopped is a matter of time.
fn summary(status: &RunStatus) -> (RunPhase, Vec<(StagePhase, u32)>) {
    let stages = status.stages.iter().filter(|_| status.stop.is_none());
    (
        status.phase,
        stages.map(|stage| (stage.phase, stage.attempts)).collect(),
    )
}

#[test]
fn late_or_killed_a_host_brings_each_recorded_run_to_the_same_end() {
    let mut tried = 0;
    each(|recorded| {
        let passes = &recorded.recording.passes;
        let end = &passes.last().expect("a pass").plan.status;
        let seen = all_seen(&recorded.recording);
        for disturbed in disturbances(passes.len()) {
            let other = end_of(recorded, &seen, disturbed);
            assert_eq!(summary(&other), summary(end), "{}, {disturbed:?}", recorded.name());
        }
    });
    for recorded in ALL.iter() {
        tried += disturbances(recorded.recording.passes.len()).count();
    }
    println!("{tried} disturbed runs");
}
