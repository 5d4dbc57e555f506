//! A run on this machine, from its first pass to its end: asks the engine, carries out its answer, listens, asks again.
//!
//! One pass is [`LocalRun::pass`]. Nothing here decides about a stage; what the host adds is how many attempts run at once (one
//! a core; a stage that runs alone gets all cores) and what Ctrl-C means.
//!
//! Killed anywhere, the workspace holds committed attempts and unfinished folders, which the next run removes; the processes
//! of this run end by themselves ([`super::attempt`]).

use super::attempt::{AttemptId, Report, RunningAttempt};
use super::champion::{champion_of, move_champion};
use super::source::Sources;
use super::stop_signals::{Stop, StopSignals};
use super::tell::{end_line, retry_line};
use super::workspace::{Workspace, WorkspaceError};
use super::{clock, run_record};
use crate::progress::Progress;
use std::collections::{BTreeMap, VecDeque};
use std::num::NonZero;
use std::thread;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;
use trainyard_contract::result::Outcome;
use trainyard_contract::{FailureClass, StageDocument, StageResult, layout};
use trainyard_engine::{
    Action, AttemptState, DesiredState, Ending, Event, Given, HostPlaces, ModelSource, Observed, ObservedAttempt,
    Pipeline, Run, RunPhase, StagePhase, StartAttempt, StopReason, Timestamp, plan,
};

/// What a run needs besides its state.
pub struct Yard<'a> {
    /// Where it writes.
    pub workspace: &'a Workspace,
    /// What it runs.
    pub pipeline: &'a Pipeline,
    /// Where its extracts find their files.
    pub sources: &'a Sources,
    /// Of the pipeline, for `run.json`.
    pub spec_digest: &'a str,
}

/// A run that has ended.
pub struct EndedRun {
    /// With its last status.
    pub run: Run,
    /// Who stopped it, if somebody did.
    pub stopped_by: Option<Stop>,
    /// All stages succeeded, and the model could not be made the champion: the run Failed.
    pub champion_lost: Option<WorkspaceError>,
}

/// Drives `run` to its end. Everything that goes wrong on the way is the run's own end, never an error of this function.
pub async fn drive(yard: Yard<'_>, run: Run, view: &mut Progress) -> EndedRun {
    let (sender, mut reports) = unbounded_channel();
    let mut stops = StopSignals::listen();
    let mut local = LocalRun {
        yard,
        run,
        view,
        attempts: BTreeMap::new(),
        cores: thread::available_parallelism().map_or(1, NonZero::get),
        queue: VecDeque::new(),
        sender,
        stopped_by: None,
        champion_lost: None,
        record_failed: false,
    };
    loop {
        let wake_at = local.pass();
        if local.run.status.phase.is_final() && local.running() == 0 {
            break;
        }
        local.listen(&mut reports, &mut stops, wake_at).await;
    }
    if local.champion_lost.is_some() {
        // On a laptop the link is the champion: a run that could not move it has not done what it was for.
        local.run.status.phase = RunPhase::Failed;
    }
    local.write_record();
    EndedRun {
        run: local.run,
        stopped_by: local.stopped_by,
        champion_lost: local.champion_lost,
    }
}

/// An attempt that the engine asked for.
struct Attempt {
    created: Timestamp,
    given: Given,
    state: AttemptState,
    /// Set once it was started.
    process: Option<RunningAttempt>,
}

struct LocalRun<'a> {
    yard: Yard<'a>,
    run: Run,
    view: &'a mut Progress,
    attempts: BTreeMap<AttemptId, Attempt>,
    /// How many attempts may run at once.
    cores: usize,
    /// Attempts that wait for a core.
    queue: VecDeque<StartAttempt>,
    sender: UnboundedSender<(AttemptId, Report)>,
    stopped_by: Option<Stop>,
    champion_lost: Option<WorkspaceError>,
    /// `run.json` could not be written once; told once.
    record_failed: bool,
}

impl LocalRun<'_> {
    /// Asks the engine and does what it says. Returns when it wants to be asked again at the latest.
    fn pass(&mut self) -> Option<Timestamp> {
        let now = clock::now();
        let plan = plan(&self.run, self.yard.pipeline, &self.observed(), now);
        for action in plan.actions {
            self.carry_out(action, now);
        }
        self.run.status = plan.status;
        self.start_queued();
        self.tell(&plan.events, now, plan.wake_at);
        plan.wake_at
    }

    fn observed(&self) -> Observed {
        let attempts = self.attempts.iter().map(|(id, attempt)| ObservedAttempt {
            stage: id.stage.clone(),
            attempt: id.attempt,
            created: attempt.created,
            given: attempt.given.clone(),
            state: attempt.state.clone(),
        });
        Observed {
            attempts: attempts.collect(),
        }
    }

    fn carry_out(&mut self, action: Action, now: Timestamp) {
        match action {
            Action::StartAttempt(start) => self.enqueue(*start, now),
            Action::StopAttempt { stage, attempt, reason } => self.stop(&AttemptId { stage, attempt }, reason),
            // On a laptop the folder is all that there is.
            Action::RegisterModelVersion { stage: _, made: _ } => {}
            Action::MoveChampion { made } => {
                let moved = move_champion(self.yard.workspace, self.yard.pipeline.name(), &made.version);
                self.champion_lost = moved.err();
            }
        }
    }

    fn enqueue(&mut self, start: StartAttempt, now: Timestamp) {
        let id = id_of(&start);
        if self.attempts.contains_key(&id) {
            return;
        }
        let attempt = Attempt {
            created: now,
            given: start.given.clone(),
            state: AttemptState::Pending { waits_for: None },
            process: None,
        };
        self.attempts.insert(id, attempt);
        self.queue.push_back(start);
    }

    /// Stops an attempt: one that runs by a signal, one that waits for a core at once.
    fn stop(&mut self, id: &AttemptId, reason: StopReason) {
        if let Some(process) = self.attempts.get(id).and_then(|attempt| attempt.process.as_ref()) {
            process.stop();
            return;
        }
        match reason {
            // Here it only means that the stages before it take long, which is no fault of anything.
            StopReason::PendingTimeout => {}
            StopReason::Requested | StopReason::RunTimeout | StopReason::StageTimeout => {
                let waited = self.queue.len();
                self.queue.retain(|start| id_of(start) != *id);
                if self.queue.len() < waited {
                    self.ended(id, Ending::Reported(StageResult::ended(Outcome::Stopped)));
                }
            }
        }
    }

    fn running(&self) -> usize {
        let runs = |attempt: &&Attempt| matches!(attempt.state, AttemptState::Running { .. });
        self.attempts.values().filter(runs).count()
    }

    /// Starts what waits, as long as there is a core for it.
    fn start_queued(&mut self) {
        while let Some(free) = self.cores.checked_sub(self.running()).filter(|free| *free > 0) {
            let waiting = self.queue.len();
            let Some(start) = self.queue.pop_front() else { break };
            // What is free is shared by those that wait.
            self.start(&start, (free / waiting).max(1));
        }
    }

    fn start(&mut self, start: &StartAttempt, threads: usize) {
        let id = id_of(start);
        match self.document(start) {
            Ok(document) => {
                self.view.started(id.stage.as_str());
                let process = RunningAttempt::start(id.clone(), &document, threads, self.sender.clone());
                if let Some(attempt) = self.attempts.get_mut(&id) {
                    attempt.state = AttemptState::Running { began: clock::now() };
                    attempt.process = Some(process);
                }
            }
            Err(ending) => self.ended(&id, *ending),
        }
    }

    /// An end that no process reports: it comes as one, so that the next pass takes it in.
    fn ended(&mut self, id: &AttemptId, ending: Ending) {
        // The receiver lives as long as the run.
        let _ = self.sender.send((id.clone(), Report::Ended(ending)));
    }

    /// What the worker gets, or why the attempt cannot begin.
    fn document(&self, start: &StartAttempt) -> Result<StageDocument, Box<Ending>> {
        let Yard {
            workspace,
            pipeline,
            sources,
            ..
        } = &self.yard;
        let run_folder = layout::run_folder(&self.run.name, &self.run.uid);
        let source = sources
            .file(&start.spec, workspace, &run_folder)
            .map_err(|e| not_started(e.class(), &e.to_string(), e.hint()))?;
        let champion = match &start.model {
            Some(ModelSource::ChampionOf(owner)) => {
                let champion = champion_of(workspace, owner);
                Some(champion.ok_or_else(|| {
                    let message = format!("pipeline `{owner}` has no champion in this workspace yet");
                    let hint = "train one first: the model of a run that Succeeded becomes the champion";
                    not_started(FailureClass::Config, &message, hint)
                })?)
            }
            Some(ModelSource::Version(_)) | None => None,
        };
        let places = HostPlaces {
            workspace: workspace.root().to_owned(),
            source,
            champion,
            tidy: None,
            // The plan says when it moves, and this host does it then.
            next_champion: None,
        };
        Ok(start.document(&self.run, pipeline, places))
    }

    /// Waits until there is something for the engine to know, or until it wants to be asked.
    async fn listen(
        &mut self,
        reports: &mut UnboundedReceiver<(AttemptId, Report)>,
        stops: &mut StopSignals,
        wake_at: Option<Timestamp>,
    ) {
        loop {
            let rest = wake_at.map(|at| clock::until(clock::now(), at)).unwrap_or_default();
            let matters = tokio::select! {
                Some((id, report)) = reports.recv() => self.hear(&id, report),
                stop = stops.next() => {
                    self.stop_asked(stop);
                    true
                }
                () = sleep(rest), if wake_at.is_some() => true,
            };
            if matters {
                // What came at the same time belongs to the same pass.
                while let Ok((id, report)) = reports.try_recv() {
                    self.hear(&id, report);
                }
                return;
            }
        }
    }

    /// Takes a report in; whether the engine should know.
    fn hear(&mut self, id: &AttemptId, report: Report) -> bool {
        match report {
            Report::Progress(done) => self.view.progress(id.stage.as_str(), done),
            Report::Stderr(line) => self.view.note(&format!("{}: {line}", id.stage)),
            Report::Ended(ending) => {
                let Some(attempt) = self.attempts.get_mut(id) else {
                    return false;
                };
                let began = match attempt.state {
                    AttemptState::Running { began } => Some(began),
                    AttemptState::Pending { .. } | AttemptState::Ended { .. } | AttemptState::Gone => None,
                };
                let at = clock::now();
                attempt.state = AttemptState::Ended { began, at, ending };
                attempt.process = None;
                return true;
            }
        }
        false
    }

    /// The first stop is the engine's to carry out; the second one kills what has not ended yet.
    fn stop_asked(&mut self, stop: Stop) {
        if self.stopped_by.is_none() {
            self.stopped_by = Some(stop);
            self.run.state = DesiredState::Stopped;
            self.view.note("stopping; once more kills the stages at once");
            return;
        }
        for process in self.attempts.values().filter_map(|attempt| attempt.process.as_ref()) {
            process.kill();
        }
    }

    /// Tells what happened since the last pass.
    fn tell(&mut self, events: &[Event], now: Timestamp, wake_at: Option<Timestamp>) {
        let mut retries = false;
        for event in events {
            let Event::Stage {
                stage,
                phase,
                attempt,
                class,
                message,
                next,
            } = event
            else {
                continue;
            };
            let line = if *phase == StagePhase::Retrying {
                retries = true;
                let wait = next.or(wake_at).map(|at| clock::until(now, at)).unwrap_or_default();
                Some(retry_line(
                    self.run.status.stage(stage),
                    *attempt,
                    *class,
                    message,
                    wait,
                ))
            } else {
                self.run.status.stage(stage).and_then(end_line)
            };
            if let Some(line) = line {
                self.view.line(stage.as_str(), &line);
            }
        }
        if retries {
            self.write_record();
        }
    }

    /// A record that cannot be written stops no run: the attempts hold what counts.
    fn write_record(&mut self) {
        let Yard {
            workspace,
            pipeline,
            spec_digest,
            ..
        } = &self.yard;
        let written = run_record::write(workspace, pipeline, spec_digest, &self.run, clock::now());
        if let Err(e) = written
            && !self.record_failed
        {
            self.record_failed = true;
            self.view.note(&format!("warning: {e}"));
        }
    }
}

fn not_started(class: FailureClass, message: &str, hint: &str) -> Box<Ending> {
    Box::new(Ending::NotStarted {
        class,
        message: message.to_owned(),
        hint: hint.to_owned(),
    })
}

fn id_of(start: &StartAttempt) -> AttemptId {
    AttemptId {
        stage: start.stage.clone(),
        attempt: start.attempt,
    }
}
