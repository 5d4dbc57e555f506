//! Large random worlds: pipelines of up to 50 stages, random endings, a host that is killed after any number of actions and
//! that sees an old status and old attempts, each as old as it likes.
//!
//! A tape of numbers decides what happens next; after its end the world calms down. proptest shortens the tape of a failure
//! and prints it with the numbers that make the same world again.

use super::pipelines::{Kind, Shape, pipeline};
use super::shown::Pods;
use super::world::{End, World, check_end, check_written};
use proptest::prelude::*;
use trainyard_contract::{Duration, FailureClass};
use trainyard_engine::{
    AttemptState, Backoff, DesiredState, MemoryGrowth, ObservedAttempt, Pipeline, RetryPolicy, RunPhase, RunStatus,
    StagePhase, Timeouts,
};

/// Never reached by a world that makes progress.
const STEPS_MAX: usize = 100_000;
/// Far more than the tape can wait, so that only attempts that hang come to it.
const TIMEOUTS: Timeouts = Timeouts {
    run: Duration::from_secs(9_999 * 3_600),
    stage: Duration::from_secs(9 * 3_600),
    pending: Duration::from_secs(9 * 3_600),
};

/// Numbers that decide; all 0 after its end.
struct Tape<'a>(std::slice::Iter<'a, u16>);

impl Tape<'_> {
    fn next(&mut self) -> Option<usize> {
        self.0.next().map(|&number| usize::from(number))
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next().unwrap_or(0) % limit
    }
}

/// A well-mixed number for each pair (splitmix64).
fn mixed(seed: u64, place: u64) -> u64 {
    let mut z = seed
        .wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// How attempts end. `None`: it never does by itself.
#[derive(Clone, Copy, Debug)]
struct Fates {
    seed: u64,
    /// Whether inputs may be found damaged: then the end depends on who finds it first.
    damage: bool,
}

impl Fates {
    fn of(self, attempt: &ObservedAttempt, reads: bool) -> Option<End> {
        let name = attempt
            .stage
            .as_str()
            .bytes()
            .fold(0, |sum, byte| sum * 257 + u64::from(byte));
        let number = mixed(self.seed ^ mixed(name, u64::from(attempt.attempt)), 1) % 100;
        match number {
            0..66 => Some(End::Success),
            66..70 => Some(End::Fails(FailureClass::Transient)),
            70..74 => Some(End::LostResult),
            74..77 => Some(End::Gone),
            77..82 => Some(End::Evicted),
            82..85 => Some(End::Killed),
            85..88 => Some(End::OutOfMemory),
            88..90 => Some(End::Fails(FailureClass::Internal)),
            90 => Some(End::Fails(FailureClass::Data)),
            91..93 => Some(End::Silent),
            93 => Some(End::WithoutPod),
            94 => Some(End::NotStarted(FailureClass::Infra)),
            95..97 => None,
            _ if self.damage && reads => Some(End::InputChanged),
            _ => Some(End::Success),
        }
    }
}

/// A pipeline of `n` stages that is valid however the numbers fall.
fn random_pipeline(n: usize, seed: u64) -> Pipeline {
    let mut shapes: Vec<Shape> = Vec::new();
    let mut train = None;
    for i in 0..n {
        let number = |k: u64| usize::try_from(mixed(seed, (i as u64) * 64 + k) >> 33).expect("31 bits");
        let sources: Vec<usize> = (0..i)
            .filter(|&above| !matches!(shapes[above].0, Kind::Train | Kind::Evaluate))
            .collect();
        let mut named: Vec<usize> = (1..=number(0) % 3)
            .filter_map(|k| number(k as u64).checked_rem(i))
            .collect();
        let kind = match number(10) % 10 {
            _ if sources.is_empty() => Kind::Extract,
            0..3 => Kind::Extract,
            3..7 => Kind::Validate,
            7 | 8 if train.is_none() => Kind::Train,
            _ if train.is_some() && number(12) % 2 == 0 => Kind::Evaluate,
            _ if train.is_some() => Kind::Predict,
            _ => Kind::Validate,
        };
        named.extend(train.filter(|_| matches!(kind, Kind::Predict | Kind::Evaluate)));
        named.extend((!matches!(kind, Kind::Extract | Kind::Evaluate)).then(|| sources[number(11) % sources.len()]));
        // The last one named is what is read: a name that stands twice keeps its last place.
        let named = (0..named.len())
            .filter(|&k| !named[k + 1..].contains(&named[k]))
            .map(|k| named[k])
            .collect();
        if kind == Kind::Train {
            train = Some(i);
        }
        shapes.push((kind, named));
    }
    let retry = RetryPolicy {
        limit: 2,
        backoff: Backoff::default(),
        memory: Some(MemoryGrowth { factor: 1.5, max: 250 }),
    };
    pipeline(&shapes, retry, TIMEOUTS).expect("every random pipeline is valid")
}

/// The world with all that was ever kept and observed in it, and how much of that the host sees.
struct Simulation {
    world: World,
    fates: Fates,
    statuses: Vec<RunStatus>,
    observations: Vec<Vec<ObservedAttempt>>,
    sees_status: usize,
    sees_attempts: usize,
    sees_pods: Pods,
    wake_at: Option<trainyard_engine::Timestamp>,
}

impl Simulation {
    fn new(pipeline: Pipeline, fates: Fates) -> Self {
        Self {
            world: World::new(pipeline),
            fates,
            statuses: vec![RunStatus::default()],
            observations: vec![Vec::new()],
            sees_status: 0,
            sees_attempts: 0,
            sees_pods: Pods::AsTheyAre,
            wake_at: None,
        }
    }

    /// One pass of the host, killed after `actions` actions if that is less than there are; whether it changed anything.
    fn pass(&mut self, actions: usize) -> bool {
        let seen = self.statuses[self.sees_status].clone();
        let attempts = self
            .world
            .shown(&seen, &self.observations[self.sees_attempts], self.sees_pods);
        let plan = self.world.ask(&seen, &attempts);
        for action in plan.actions.iter().take(actions) {
            self.world.carry_out(action);
        }
        self.observe();
        let killed = actions < plan.actions.len();
        let changed = plan.status != seen;
        let is_the_latest = self.sees_status + 1 == self.statuses.len();
        if changed && !killed && is_the_latest {
            check_written(&plan.status);
            self.statuses.push(plan.status);
        }
        self.wake_at = plan.wake_at;
        changed || !plan.actions.is_empty()
    }

    fn observe(&mut self) {
        if self.observations.last() != Some(&self.world.attempts) {
            self.observations.push(self.world.attempts.clone());
        }
    }

    /// The host sees something newer of both stores, by chance.
    fn catch_up(&mut self, tape: &mut Tape<'_>) {
        self.sees_status += tape.below(self.statuses.len() - self.sees_status);
        self.sees_attempts += tape.below(self.observations.len() - self.sees_attempts);
        self.sees_pods = Pods::ALL[tape.below(Pods::ALL.len())];
    }

    fn see_everything(&mut self) {
        self.sees_status = self.statuses.len() - 1;
        self.sees_attempts = self.observations.len() - 1;
        self.sees_pods = Pods::AsTheyAre;
    }

    /// The `k`-th open attempt goes one step on: it begins, or ends as is its fate. Whether there was such a step.
    fn go_on(&mut self, k: usize) -> bool {
        let open = self.world.open();
        let Some(&place) = open.get(k % open.len().max(1)) else {
            return false;
        };
        let attempt = &self.world.attempts[place];
        let fate = self.fates.of(attempt, self.world.starts[place].input.is_some());
        match (&attempt.state, fate) {
            (AttemptState::Pending { .. }, Some(end)) if end.is_before_its_begin() => self.world.end(place, end),
            (AttemptState::Pending { .. }, _) => self.world.begin(place),
            (_, Some(end)) => self.world.end(place, end),
            (_, None) => return false,
        }
        self.observe();
        true
    }

    /// Something else happens to the `k`-th attempt: it waits, or what is left of it is deleted.
    fn befall(&mut self, k: usize, class: Option<FailureClass>) {
        let Some(place) = k.checked_rem(self.world.attempts.len()) else {
            return;
        };
        match &self.world.attempts[place].state {
            AttemptState::Pending { .. } => self.world.wait(place, class),
            AttemptState::Running { .. } => self.world.wait(place, class.map(|_| FailureClass::Infra)),
            AttemptState::Ended { .. } => self.world.delete(place),
            AttemptState::Gone => {}
        }
        self.observe();
    }

    fn wait(&mut self, duration: Duration) {
        self.world.now = self.world.now.plus(duration);
    }

    /// What the tape says, step by step.
    fn play(&mut self, tape: &mut Tape<'_>, stops: bool) {
        while let Some(step) = tape.next() {
            match step % 18 {
                0..6 => {
                    self.pass(tape.below(6));
                }
                6..11 => {
                    self.go_on(tape.below(8));
                }
                11..14 => self.catch_up(tape),
                14 => self.wait(Duration::from_millis(tape.below(5_000) as u64)),
                15 if stops => self.want(tape.below(12)),
                15 => {}
                _ => self.befall(
                    tape.below(8),
                    [None, Some(FailureClass::Infra), Some(FailureClass::Config)][tape.below(3)],
                ),
            }
        }
    }

    /// The user changes their mind.
    fn want(&mut self, wish: usize) {
        self.world.run.state = match (self.world.run.state, wish) {
            (DesiredState::Stopped, _) | (_, 0) => DesiredState::Stopped,
            (_, 1..6) => DesiredState::Suspended,
            _ => DesiredState::Running,
        };
    }

    /// The world calms down: the host sees everything, lives on, and each attempt comes to its fate.
    fn calm_down(&mut self) -> RunStatus {
        if self.world.run.state == DesiredState::Suspended {
            self.world.run.state = DesiredState::Running;
        }
        for _ in 0..STEPS_MAX {
            self.see_everything();
            let acted = self.pass(usize::MAX);
            let open = self.world.open().len();
            if acted || (0..open).any(|k| self.go_on(k)) {
                continue;
            }
            match self.wake_at {
                Some(wake_at) => self.world.now = self.world.now.max(wake_at),
                None => break,
            }
        }
        let end = self.statuses[self.sees_status].clone();
        assert!(end.phase.is_final(), "no end in sight: {end:#?}");
        check_end(&self.world, &end);
        end
    }
}

/// Phase, attempts, failure class and, of a stage that is not skipped, the message.
type StageSummary = (StagePhase, u32, Option<FailureClass>, String);

/// What a user would compare of two ends.
/// Which of two failures above a skipped stage came first, and is its cause, is a matter of time.
fn summary(status: &RunStatus) -> (RunPhase, Vec<StageSummary>) {
    let stages = status.stages.iter();
    (
        status.phase,
        stages
            .map(|s| (s.phase, s.attempts, s.failure_class, said(s)))
            .collect(),
    )
}

fn said(stage: &trainyard_engine::StageStatus) -> String {
    let skipped = stage.phase == StagePhase::Skipped;
    if skipped { String::new() } else { stage.message.clone() }
}

/// Attempts stay within the budgets, whatever happened.
fn check_budgets(simulation: &Simulation) {
    for (stage, known) in simulation
        .world
        .pipeline
        .stages()
        .iter()
        .zip(&simulation.statuses[simulation.sees_status].stages)
    {
        let spent = known.spent;
        assert!(spent.limit <= stage.retry.limit + 1, "{spent:?}");
        assert!(spent.evictions <= trainyard_engine::EVICTIONS_MAX + 1, "{spent:?}");
        assert!(spent.internal <= trainyard_engine::INTERNAL_MAX + 1, "{spent:?}");
        assert!(spent.lost <= trainyard_engine::RECOVERIES_MAX + 1, "{spent:?}");
        assert!(spent.input_changed <= trainyard_engine::REMAKES_MAX + 1, "{spent:?}");
    }
}

/// A case is a whole history of some hundred passes: a sixth of the usual number, so that `PROPTEST_CASES` still says how many.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.div_ceil(6),
        max_shrink_iters: 3_000,
        failure_persistence: None,
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    /// Kills, old status and old observations delay a run; they never change how it ends.
    #[test]
    fn a_run_ends_the_same_however_its_host_fares(
        n in 1_usize..50,
        seed in any::<u64>(),
        tape in prop::collection::vec(any::<u16>(), 0..600),
    ) {
        let fates = Fates { seed, damage: false };
        let calm = Simulation::new(random_pipeline(n, seed), fates).calm_down();
        let mut wild = Simulation::new(random_pipeline(n, seed), fates);
        wild.play(&mut Tape(tape.iter()), false);
        let end = wild.calm_down();
        check_budgets(&wild);
        prop_assert_eq!(summary(&end), summary(&calm));
    }

    /// Damaged inputs, stops and suspensions in between: every rule holds, and the run comes to an end.
    #[test]
    fn a_run_with_damaged_inputs_and_a_fickle_user_comes_to_an_end(
        n in 1_usize..50,
        seed in any::<u64>(),
        tape in prop::collection::vec(any::<u16>(), 0..600),
        stops in any::<bool>(),
    ) {
        let mut wild = Simulation::new(random_pipeline(n, seed), Fates { seed, damage: true });
        wild.play(&mut Tape(tape.iter()), stops);
        wild.calm_down();
        check_budgets(&wild);
    }
}
