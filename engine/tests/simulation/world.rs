//! The world of one run: the attempts that really exist, the status that is really kept, and a host that asks `plan` with
//! what it sees of both. What must hold is checked at each step.
#![expect(clippy::panic, reason = "clippy takes only functions marked as tests for tests")]

use super::steps;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use trainyard_contract::result::{Artifact, MadeModelVersion, Outcome};
use trainyard_contract::{FailureClass, ModelVersionName, RunName, RunUid, StageResult, layout};
use trainyard_engine::recorded::Sight;
use trainyard_engine::{
    Action, AttemptState, DesiredState, Ending, Observed, ObservedAttempt, Obstacle, Pipeline, Plan, Run, RunDraft,
    RunStatus, StartAttempt, Timestamp, Verdict, plan,
};

/// How an attempt can end here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Success,
    Fails(FailureClass),
    InputChanged,
    LostResult,
    Gone,
    Evicted,
    Killed,
    OutOfMemory,
    /// Its program ended and said nothing.
    Silent,
    /// Its Job failed, and nothing is left of its pod.
    WithoutPod,
    /// It could not be started.
    NotStarted(FailureClass),
}

impl End {
    /// Every one.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        use FailureClass::{Config, Data, Infra, Internal, Timeout, Transient};
        let others = [
            Self::Success,
            Self::InputChanged,
            Self::LostResult,
            Self::Gone,
            Self::Evicted,
            Self::Killed,
            Self::OutOfMemory,
            Self::Silent,
            Self::WithoutPod,
        ];
        let fails = [Data, Config, Transient, Infra, Timeout, Internal].map(Self::Fails);
        let not_started = [Data, Config, Infra].map(Self::NotStarted);
        others.into_iter().chain(fails).chain(not_started)
    }

    /// Whether only an attempt that has not begun can end so.
    pub(crate) fn is_before_its_begin(self) -> bool {
        matches!(self, Self::NotStarted(_))
    }

    /// Whether an attempt that ends so is known to have begun.
    fn began(self) -> bool {
        match self {
            Self::WithoutPod | Self::NotStarted(_) | Self::Gone => false,
            Self::Success
            | Self::Fails(_)
            | Self::InputChanged
            | Self::LostResult
            | Self::Evicted
            | Self::Killed
            | Self::OutOfMemory
            | Self::Silent => true,
        }
    }
}

/// What really exists. Nothing is ever removed from it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub pipeline: Rc<Pipeline>,
    pub run: Run,
    pub attempts: Vec<ObservedAttempt>,
    pub starts: Vec<StartAttempt>,
    pub ends: Vec<Option<End>>,
    pub champion: Option<ModelVersionName>,
    pub now: Timestamp,
    /// The attempts that ended, were known to, and of which nothing is left.
    pub deleted: BTreeSet<usize>,
    /// What its host has seen so far.
    sight: RefCell<Sight>,
}

pub(crate) const CREATED: Timestamp = Timestamp::from_millis(1_771_843_620_000);

impl World {
    pub(crate) fn new(pipeline: Pipeline) -> Self {
        let draft = RunDraft {
            name: RunName::parse("r1").expect("a name"),
            uid: RunUid::parse("5f0c2a91").expect("a uid"),
            created: CREATED,
            parameters: [].into(),
            slot: None,
        };
        let run = Run::new(&pipeline, draft).expect("no parameters");
        Self::of(pipeline, run)
    }

    pub(crate) fn of(pipeline: Pipeline, run: Run) -> Self {
        Self {
            pipeline: Rc::new(pipeline),
            now: run.created,
            run,
            attempts: Vec::new(),
            starts: Vec::new(),
            ends: Vec::new(),
            champion: None,
            deleted: BTreeSet::new(),
            sight: RefCell::default(),
        }
    }

    /// What `plan` says to a host that sees this status and these attempts, each of which has come a step on that a real one was
    /// seen to make, or can.
    pub(crate) fn ask(&self, status: &RunStatus, attempts: &[ObservedAttempt]) -> Plan {
        self.sight
            .borrow_mut()
            .look(attempts)
            .into_iter()
            .for_each(steps::check);
        self.answer(status, attempts)
    }

    /// The same, whatever the attempts looked like before. Asked again with its own answer, `plan` adds nothing.
    pub(crate) fn answer(&self, status: &RunStatus, attempts: &[ObservedAttempt]) -> Plan {
        let seen = Run {
            status: status.clone(),
            ..self.run.clone()
        };
        let observed = Observed {
            attempts: attempts.to_vec(),
        };
        let answer = plan(&seen, &self.pipeline, &observed, self.now);
        check_step(status, &answer.status);
        check_asked_for(status, &answer);
        let again = Run {
            status: answer.status.clone(),
            ..seen
        };
        let second = plan(&again, &self.pipeline, &observed, self.now);
        assert_eq!(second.status, answer.status, "a plan asked for twice changes its mind");
        assert_eq!(second.events, [], "a plan asked for twice tells twice");
        let only_stops = second
            .actions
            .iter()
            .all(|action| matches!(action, Action::StopAttempt { .. }));
        assert!(only_stops, "a plan asked for twice acts twice: {:?}", second.actions);
        answer
    }

    /// Carries out one action, as a host does: an attempt that exists is left alone.
    pub(crate) fn carry_out(&mut self, action: &Action) {
        match action {
            Action::StartAttempt(start) => {
                if self.attempt(&start.stage, start.attempt).is_none() {
                    self.check_start(start);
                    self.attempts.push(ObservedAttempt {
                        stage: start.stage.clone(),
                        attempt: start.attempt,
                        created: self.now,
                        given: start.given.clone(),
                        state: AttemptState::Pending { waits_for: None },
                    });
                    self.starts.push((**start).clone());
                    self.ends.push(None);
                }
            }
            Action::StopAttempt {
                stage,
                attempt,
                reason: _,
            } => {
                let now = self.now;
                let stopped = |a: &&mut ObservedAttempt| a.stage == *stage && a.attempt == *attempt && is_open(a);
                if let Some(attempt) = self.attempts.iter_mut().find(stopped) {
                    attempt.state = match began(attempt) {
                        Some(began) => AttemptState::Ended {
                            began: Some(began),
                            at: now,
                            ending: Ending::Reported(StageResult::ended(Outcome::Stopped)),
                        },
                        None => AttemptState::Gone,
                    };
                }
            }
            Action::RegisterModelVersion { stage, made } => {
                let real = self
                    .attempts
                    .iter()
                    .any(|a| a.stage == *stage && succeeded(a) && made_by(a) == Some(made));
                assert!(real, "a version that no attempt made is registered");
            }
            Action::MoveChampion { made } => {
                for stage in self.pipeline.stages() {
                    let well = self.attempts.iter().any(|a| a.stage == stage.name && succeeded(a));
                    assert!(well, "`{}` did not succeed, and the champion moved", stage.name);
                }
                self.champion = Some(made.version.clone());
            }
        }
    }

    /// Takes over how attempts look. What is not among them stays as it was, and an end as it was first seen.
    pub(crate) fn see(&mut self, attempts: &[ObservedAttempt]) {
        for seen in attempts {
            let same = |known: &&mut ObservedAttempt| known.stage == seen.stage && known.attempt == seen.attempt;
            match self.attempts.iter_mut().find(same) {
                Some(known) if is_open(known) => known.clone_from(seen),
                Some(_) => {}
                None => self.attempts.push(seen.clone()),
            }
        }
    }

    /// The attempts that have not ended.
    pub(crate) fn open(&self) -> Vec<usize> {
        (0..self.attempts.len())
            .filter(|&k| is_open(&self.attempts[k]))
            .collect()
    }

    /// Attempt `k` waits before it begins: for something, or nobody says for what. One that ran has lost its pod to whoever holds its
    /// Job back.
    pub(crate) fn wait(&mut self, k: usize, class: Option<FailureClass>) {
        let obstacle = |class| Obstacle {
            class,
            message: "there is no room for it".into(),
        };
        self.attempts[k].state = AttemptState::Pending {
            waits_for: class.map(obstacle),
        };
    }

    /// What is left of attempt `k`, which has ended, is deleted: by whoever stopped it, at once; by others, once it is known how it
    /// ended.
    pub(crate) fn delete(&mut self, k: usize) {
        match result_of(&self.attempts[k]) {
            Some(result) if result.outcome == Outcome::Stopped => self.attempts[k].state = AttemptState::Gone,
            _ => drop(self.deleted.insert(k)),
        }
    }

    /// Attempt `k` begins.
    pub(crate) fn begin(&mut self, k: usize) {
        self.attempts[k].state = AttemptState::Running { began: self.now };
    }

    /// Attempt `k` ends.
    pub(crate) fn end(&mut self, k: usize, end: End) {
        self.ends[k] = Some(end);
        let ending = match end {
            End::Success => Ending::Reported(success(&self.starts[k])),
            End::Fails(class) => Ending::Reported(StageResult::failed(class, "broken", "repair it")),
            End::InputChanged => Ending::Reported(StageResult::ended(Outcome::InputChanged)),
            End::LostResult => Ending::Silent { exit_code: Some(0) },
            End::Killed => Ending::Killed { signal: 9 },
            End::Evicted => Ending::Evicted {
                message: "the node is gone".into(),
            },
            End::OutOfMemory => Ending::OutOfMemory { message: String::new() },
            End::Silent => Ending::Silent { exit_code: Some(2) },
            End::WithoutPod => Ending::Silent { exit_code: Some(143) },
            End::NotStarted(class) => Ending::NotStarted {
                class,
                message: "it cannot start".into(),
                hint: String::new(),
            },
            End::Gone => {
                self.attempts[k].state = AttemptState::Gone;
                return;
            }
        };
        self.attempts[k].state = AttemptState::Ended {
            began: end.began().then_some(self.now),
            at: self.now,
            ending,
        };
    }

    fn attempt(&self, stage: &trainyard_contract::StageName, number: u32) -> Option<&ObservedAttempt> {
        self.attempts.iter().find(|a| a.stage == *stage && a.attempt == number)
    }

    /// A stage starts only when what it needs really succeeded, with the dataset that really passed.
    fn check_start(&self, start: &StartAttempt) {
        let place = self
            .pipeline
            .stages()
            .iter()
            .position(|s| s.name == start.stage)
            .expect("a stage");
        let stage = &self.pipeline.stages()[place];
        if start.attempt > 1 {
            let before = self
                .attempt(&stage.name, start.attempt - 1)
                .expect("attempts are numbered without gaps");
            assert!(!is_open(before), "two attempts of `{}` at once", stage.name);
        }
        for &parent in &stage.parents {
            let name = &self.pipeline.stages()[parent].name;
            let well = self.attempts.iter().any(|a| a.stage == *name && succeeded(a));
            assert!(well, "`{}` starts before `{name}` succeeded", stage.name);
        }
        if let Some(producer) = stage.producer {
            let producer = &self.pipeline.stages()[producer].name;
            let input = start.input.as_ref().expect("an input");
            let read = start.given.input_attempt.expect("an input's attempt");
            let made = self.attempt(producer, read).expect("the input's attempt exists");
            assert!(
                succeeded(made),
                "`{}` reads what `{producer}` did not commit",
                stage.name
            );
            let files = result_of(made).into_iter().flat_map(|result| &result.artifacts);
            assert!(
                files.map(|file| &file.sha256).any(|sha256| *sha256 == input.sha256),
                "the digest is not that of the folder"
            );
            for &gate in &stage.gates {
                let gate = &self.pipeline.stages()[gate].name;
                let passed =
                    |a: &&ObservedAttempt| a.stage == *gate && succeeded(a) && a.given.input_attempt == Some(read);
                assert!(
                    self.attempts.iter().any(|a| passed(&a)),
                    "`{}` reads what `{gate}` did not pass",
                    stage.name
                );
            }
        }
        if let Some(trainer) = stage.trainer {
            let trainer = &self.pipeline.stages()[trainer].name;
            let made = self.attempts.iter().rev().find(|a| a.stage == *trainer && succeeded(a));
            assert!(made.is_some(), "`{}` predicts without a model", stage.name);
        }
        for earlier in self.starts.iter().filter(|s| s.stage == start.stage) {
            assert_eq!(
                earlier.given.model_version, start.given.model_version,
                "the version's name changed"
            );
        }
    }
}

fn success(start: &StartAttempt) -> StageResult {
    let table = |name: &str| Artifact {
        path: name.into(),
        sha256: format!("{}-{}", start.stage, start.attempt),
        bytes: 1,
    };
    let made = start.given.model_version.clone().map(|version| MadeModelVersion {
        path: format!("models/simulated/{version}").into(),
        version,
        sha256: "m".into(),
    });
    StageResult {
        attempt: start.attempt,
        rows: Some(4),
        artifacts: vec![table(layout::DATASET_FILE), table(layout::HOLDOUT_FILE)],
        model_version: made,
        ..StageResult::ended(Outcome::Succeeded)
    }
}

pub(crate) fn is_open(attempt: &ObservedAttempt) -> bool {
    matches!(
        attempt.state,
        AttemptState::Pending { .. } | AttemptState::Running { .. }
    )
}

fn began(attempt: &ObservedAttempt) -> Option<Timestamp> {
    match attempt.state {
        AttemptState::Running { began } => Some(began),
        AttemptState::Pending { .. } | AttemptState::Ended { .. } | AttemptState::Gone => None,
    }
}

fn result_of(attempt: &ObservedAttempt) -> Option<&StageResult> {
    match &attempt.state {
        AttemptState::Ended {
            ending: Ending::Reported(result),
            ..
        } => Some(result),
        AttemptState::Ended { .. }
        | AttemptState::Pending { .. }
        | AttemptState::Running { .. }
        | AttemptState::Gone => None,
    }
}

pub(crate) fn succeeded(attempt: &ObservedAttempt) -> bool {
    result_of(attempt).is_some_and(|result| result.outcome == Outcome::Succeeded)
}

fn made_by(attempt: &ObservedAttempt) -> Option<&MadeModelVersion> {
    result_of(attempt).and_then(|result| result.model_version.as_ref())
}

/// From one status to the next: verdicts are final, attempts only grow, a stop and an end are never taken back.
pub(crate) fn check_step(before: &RunStatus, after: &RunStatus) {
    if before.phase.is_final() {
        assert_eq!(before, after, "a finished run changed");
    }
    if before.stop.is_some() {
        assert_eq!(before.stop, after.stop, "a stop was taken back");
    }
    for old in &before.stages {
        let new = after.stage(&old.name).expect("no stage is lost");
        assert!(
            new.attempts >= old.attempts,
            "attempts of `{}` were forgotten",
            old.name
        );
        let verdict = |latest: &Option<trainyard_engine::LatestAttempt>| latest.as_ref().and_then(|l| l.verdict);
        if new.attempts == old.attempts && verdict(&old.latest).is_some() {
            assert_eq!(
                verdict(&new.latest),
                verdict(&old.latest),
                "a verdict on `{}` changed",
                old.name
            );
        }
        let made_again = new.attempts > old.attempts || verdict(&old.latest) == Some(Verdict::Succeeded);
        if old.phase.is_end() && !made_again {
            assert_eq!(new.phase, old.phase, "the end of `{}` was taken back", old.name);
        }
    }
}

/// An attempt that is recorded is not asked for any more.
fn check_asked_for(status: &RunStatus, answer: &Plan) {
    for action in &answer.actions {
        if let Action::StartAttempt(start) = action {
            let recorded = status.stage(&start.stage).map_or(0, |stage| stage.attempts);
            assert!(
                start.attempt > recorded,
                "attempt {} of `{}` is asked for, and {recorded} are recorded",
                start.attempt,
                start.stage
            );
        }
    }
}

/// A status reads back as it was written, and is small enough.
pub(crate) fn check_written(status: &RunStatus) {
    let json = serde_json::to_string(status).expect("a status is JSON");
    assert!(
        json.len() <= trainyard_engine::STATUS_BYTES_MAX,
        "{} bytes of status",
        json.len()
    );
    assert_eq!(serde_json::from_str::<RunStatus>(&json).expect("reads back"), *status);
}

/// What must be true of a run that is finished.
pub(crate) fn check_end(world: &World, status: &RunStatus) {
    use trainyard_engine::{RunPhase, StagePhase, StopCause};
    assert_eq!(
        world.open(),
        Vec::<usize>::new(),
        "a finished run has attempts that run"
    );
    for (stage, known) in world.pipeline.stages().iter().zip(&status.stages) {
        let last = world.attempts.iter().rev().find(|a| a.stage == stage.name);
        let needs = stage
            .parents
            .iter()
            .chain(&stage.gates)
            .chain(&stage.producer)
            .chain(&stage.trainer);
        let lacks = needs
            .clone()
            .any(|&need| status.stages[need].phase != StagePhase::Succeeded);
        match known.phase {
            StagePhase::Succeeded => assert!(last.is_some_and(succeeded), "`{}` did not succeed", stage.name),
            StagePhase::Failed if status.stop.is_some() => {}
            StagePhase::Failed => assert!(!last.is_some_and(succeeded), "`{}` succeeded", stage.name),
            StagePhase::Skipped => {
                assert!(
                    lacks || status.stop.is_some(),
                    "`{}` was skipped without a cause",
                    stage.name
                );
                assert!(!known.message.is_empty(), "`{}` was skipped without a word", stage.name);
            }
            StagePhase::Stopped => assert!(status.stop.is_some(), "`{}` was stopped by nobody", stage.name),
            StagePhase::Pending | StagePhase::Queued | StagePhase::Running | StagePhase::Retrying => {
                panic!("`{}` is still {}", stage.name, known.phase)
            }
        }
    }
    let all_well = status.stages.iter().all(|stage| stage.phase == StagePhase::Succeeded);
    assert_eq!(
        status.phase == RunPhase::Succeeded,
        all_well && status.stop.is_none(),
        "{:?}",
        status.phase
    );
    let trains = status.stages.iter().any(|stage| stage.made.is_some());
    if status.phase == RunPhase::Succeeded {
        assert_eq!(world.champion.is_some(), trains, "the champion");
    } else {
        assert_eq!(world.champion, None, "a run that did not succeed moved the champion");
    }
    if status.stop == Some(StopCause::Requested) {
        assert_eq!(world.run.state, DesiredState::Stopped, "nobody asked for a stop");
    }
}
