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

/// Not as for the goldens of other parts: who renews those must not take a change of the engine for intended.
#[expect(
    clippy::disallowed_methods,
    reason = "the engine knows no environment, but its tests do"
)]
fn is_to_be_updated() -> bool {
    std::env::var_os("UPDATE_ANSWERS").is_some()
}

/// The recording with what `plan` answers now. A status that was kept then, or not, is so now.
fn answered_now(recording: &Recording) -> Recording {
    let mut world = world(recording);
    let mut answered = recording.clone();
    for place in 0..answered.passes.len() {
        set(&mut world, &recording.passes[place]);
        if let Some(before) = place.checked_sub(1) {
            let (then, now) = (&recording.passes[before], &answered.passes[before]);
            let kept = match &recording.passes[place].status {
                status if *status == then.plan.status => Some(now.plan.status.clone()),
                status if *status == then.status => Some(now.status.clone()),
                _ => None,
            };
            if let Some(kept) = kept {
                answered.passes[place].status = kept;
            }
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
            continue;
        }
        let mut passes = recorded.recording.passes.iter().zip(&now.passes).enumerate();
        if let Some((place, (then, now))) = passes.find(|(_, (then, now))| then != now) {
            otherwise.push(format!(
                "{}, pass {place}: then {:#?}\nnow {:#?}",
                recorded.name(),
                then.plan,
                now.plan
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
#[expect(
    clippy::print_stdout,
    reason = "clippy takes only functions marked as tests for tests"
)]
fn each(check: impl Fn(&Recorded)) {
    for recorded in ALL.iter() {
        println!("in {}:", recorded.name());
        check(recorded);
    }
}

#[test]
fn what_must_hold_held_in_each_recorded_run() {
    each(check_history);
}

/// How a host fares otherwise than it did, at one of its passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Disturbed {
    /// All that can happen to a host in a run of so many passes, but for the longest runs.
    fn all(passes: usize) -> impl Iterator<Item = Self> {
        (0..passes).step_by(passes.div_ceil(DISTURBED_MAX)).flat_map(|place| {
            let earlier = [place.checked_sub(1), Some(place / 2).filter(|_| place > 2)];
            let late = earlier
                .into_iter()
                .flatten()
                .map(move |earlier| Self::Late(place, earlier));
            let others = [
                Self::Dropped(place),
                Self::Repeated(place),
                Self::LateFrom(place),
                Self::Killed(place),
            ];
            others.into_iter().chain(late)
        })
    }

    /// The pass whose attempts it sees in this one, where there is such a pass.
    fn sees(self, place: usize) -> Option<usize> {
        match self {
            Self::Dropped(dropped) if dropped == place => None,
            Self::Late(late, earlier) if late == place => Some(earlier),
            Self::LateFrom(late) if late <= place => Some(place.saturating_sub(1)),
            Self::Dropped(_) | Self::Late(..) | Self::LateFrom(_) | Self::Repeated(_) | Self::Killed(_) => Some(place),
        }
    }
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
        if let Some(seen) = disturbed.sees(place) {
            ask(&world, &mut status, seen);
        }
        if disturbed == Disturbed::Repeated(place) {
            ask(&world, &mut status, place);
        }
        if disturbed == Disturbed::Killed(place) {
            status = before;
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
    each(|recorded| {
        let passes = &recorded.recording.passes;
        let end = &passes.last().expect("a pass").plan.status;
        let seen = all_seen(&recorded.recording);
        for disturbed in Disturbed::all(passes.len()) {
            let other = end_of(recorded, &seen, disturbed);
            assert_eq!(summary(&other), summary(end), "{}, {disturbed:?}", recorded.name());
        }
    });
    let passes = ALL.iter().map(|recorded| recorded.recording.passes.len());
    let disturbed: usize = passes.map(|passes| Disturbed::all(passes).count()).sum();
    println!("{disturbed} disturbed runs");
}
