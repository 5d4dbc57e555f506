//! A recording as text: a line of JSON for the run, then one for each pass, which leaves out what is as the line before says.

use super::{RecordedPass, Recording};
use crate::{
    Action, DesiredState, Event, Observed, ObservedAttempt, PipelineDraft, Plan, RunDraft, RunStatus, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use trainyard_contract::StageName;

/// A text that is no recording.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is not that of a recording")]
pub struct Unreadable {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub source: Option<serde_json::Error>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    of: String,
    run: RunDraft,
    pipeline: PipelineDraft,
}

/// The line of a pass.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    now: Timestamp,
    #[serde(default, skip_serializing_if = "goes_on")]
    state: DesiredState,
    /// What was known, where that is not what the line before planned: its status was not kept, or another was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<RunStatus>,
    /// The attempts that are new or look otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    seen: Vec<ObservedAttempt>,
    /// The attempts that are seen no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unseen: Vec<(StageName, u32)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action>,
    /// What is known now, where that is not what was known; of the stages those that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    planned: Option<RunStatus>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<Event>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wake_at: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks in this way")]
fn goes_on(state: &DesiredState) -> bool {
    *state == DesiredState::default()
}

/// What a line leaves out.
#[derive(Default)]
struct Before {
    planned: RunStatus,
    observed: Observed,
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            of,
            pipeline,
            run,
            passes,
        } = self;
        let head = Head {
            of: of.clone(),
            run: run.clone(),
            pipeline: pipeline.clone(),
        };
        writeln!(f, "{}", json(&head)?)?;
        let mut before = Before::default();
        for pass in passes {
            writeln!(f, "{}", json(&before.line(pass))?)?;
            before = Before::of(pass);
        }
        Ok(())
    }
}

fn json(line: &impl Serialize) -> Result<String, fmt::Error> {
    serde_json::to_string(line).map_err(|_| fmt::Error)
}

impl Recording {
    /// What a text says that a recording printed.
    ///
    /// # Errors
    /// The line that is none, or is not there.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let unreadable = |place: usize, source| Unreadable {
            line: place + 1,
            source,
        };
        let mut lines = text.lines().enumerate();
        let (_, head) = lines.next().ok_or_else(|| unreadable(0, None))?;
        let Head { of, run, pipeline } = serde_json::from_str(head).map_err(|error| unreadable(0, Some(error)))?;
        let mut before = Before::default();
        let mut passes = Vec::new();
        for (place, line) in lines {
            let line: Line = serde_json::from_str(line).map_err(|error| unreadable(place, Some(error)))?;
            let pass = before.pass(line);
            before = Before::of(&pass);
            passes.push(pass);
        }
        Ok(Self {
            of,
            pipeline,
            run,
            passes,
        })
    }
}

impl Before {
    fn of(pass: &RecordedPass) -> Self {
        Self {
            planned: pass.plan.status.clone(),
            observed: pass.observed.clone(),
        }
    }

    /// The line for `pass`.
    fn line(&self, pass: &RecordedPass) -> Line {
        let RecordedPass {
            now,
            state,
            status,
            observed,
            plan,
        } = pass;
        let Plan {
            actions,
            status: planned,
            events,
            wake_at,
        } = plan;
        let news = observed
            .attempts
            .iter()
            .filter(|seen| !self.observed.attempts.contains(seen));
        let gone = self
            .observed
            .attempts
            .iter()
            .filter(|seen| find(observed, seen).is_none());
        Line {
            now: *now,
            state: *state,
            status: (*status != self.planned).then(|| status.clone()),
            seen: news.cloned().collect(),
            unseen: gone.map(|seen| (seen.stage.clone(), seen.attempt)).collect(),
            actions: actions.clone(),
            planned: (planned != status).then(|| change(status, planned)),
            events: events.clone(),
            wake_at: *wake_at,
        }
    }

    /// The pass that `line` is of.
    fn pass(&self, line: Line) -> RecordedPass {
        let Line {
            now,
            state,
            status,
            seen,
            unseen,
            actions,
            planned,
            events,
            wake_at,
        } = line;
        let status = status.unwrap_or_else(|| self.planned.clone());
        let mut attempts = self.observed.attempts.clone();
        let replaced = |old: &ObservedAttempt| {
            let same = |(stage, attempt): (&StageName, u32)| old.stage == *stage && old.attempt == attempt;
            seen.iter().any(|new| same((&new.stage, new.attempt))) || unseen.iter().any(|(s, a)| same((s, *a)))
        };
        attempts.retain(|old| !replaced(old));
        attempts.extend(seen);
        let planned = planned.map_or_else(|| status.clone(), |change| changed(&status, change));
        let pass = RecordedPass {
            now,
            state,
            status,
            observed: Observed { attempts },
            plan: Plan {
                actions,
                status: planned,
                events,
                wake_at,
            },
        };
        pass.sorted()
    }
}

fn find<'a>(observed: &'a Observed, attempt: &ObservedAttempt) -> Option<&'a ObservedAttempt> {
    let mut all = observed.attempts.iter();
    all.find(|seen| seen.stage == attempt.stage && seen.attempt == attempt.attempt)
}

/// `after` without the stages that are as they were.
fn change(before: &RunStatus, after: &RunStatus) -> RunStatus {
    let others = after.stages.iter().filter(|stage| !before.stages.contains(stage));
    RunStatus {
        stages: others.cloned().collect(),
        ..after.clone()
    }
}

/// What [`change`] was made of. A plan lists all stages, in the same order each time.
fn changed(before: &RunStatus, mut change: RunStatus) -> RunStatus {
    let news = std::mem::take(&mut change.stages);
    let mut stages = before.stages.clone();
    for new in news {
        match stages.iter_mut().find(|stage| stage.name == new.name) {
            Some(stage) => *stage = new,
            None => stages.push(new),
        }
    }
    RunStatus { stages, ..change }
}
