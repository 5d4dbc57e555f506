//! The steps of attempts, from one pass of a host to the next: those that the simulated worlds make, those that were recorded on a
//! real cluster, and why the two differ.
//!
//! A world that does what no cluster does proves nothing, and one that never does what a cluster does leaves something unproven.

use super::pipelines::{Kind, pipeline, quick_retry};
use super::recordings::ALL;
use super::shown::Pods;
use super::world::{End, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use trainyard_contract::FailureClass;
use trainyard_engine::recorded::{How, Sight, Step, View};
use trainyard_engine::{Action, ObservedAttempt, RunStatus, StopReason, Timeouts};

/// An end, of an attempt that is known to have begun or not.
const fn ended(began: bool, how: How) -> View {
    View::Ended { began, how }
}

/// The host of a laptop.
const LAPTOP: &str = "`trainyard run` has no container: cli/src/host/drive.rs, attempt.rs";
/// What a worker can say of itself.
const WORKER: &str = "a worker ends so: contract/src/exit_code.rs, worker/src/failure.rs";

/// Steps that were not recorded: where they come from.
const SOURCES: [(View, View, &str); 9] = [
    (View::Pending, ended(false, How::NotStarted(FailureClass::Data)), LAPTOP),
    (
        View::Pending,
        ended(false, How::NotStarted(FailureClass::Config)),
        LAPTOP,
    ),
    (
        View::Pending,
        ended(false, How::NotStarted(FailureClass::Infra)),
        LAPTOP,
    ),
    (View::Running, ended(true, How::Killed), LAPTOP),
    (View::Running, ended(true, How::Failed(FailureClass::Transient)), WORKER),
    (View::Running, ended(true, How::Failed(FailureClass::Internal)), WORKER),
    (View::Running, ended(true, How::InputChanged), WORKER),
    (
        View::Running,
        ended(true, How::SilentlyWell),
        "the messages of a pod's containers are cut to 12 KiB together: Kubernetes' pkg/kubelet/status/status_manager.go, bytesPerStatus",
    ),
    (
        View::AtItsEnd,
        View::Gone,
        "a stop deletes the Job in the foreground, so that it goes when its pods have ended, maybe before that is written down: \
         Kubernetes' pkg/controller/garbagecollector/garbagecollector.go, processDeletingDependentsItem",
    ),
];

fn recorded() -> BTreeMap<Step, &'static str> {
    let mut steps = BTreeMap::new();
    for recorded in ALL.iter() {
        let mut sight = Sight::default();
        for pass in &recorded.recording.passes {
            for step in sight.look(&pass.observed.attempts) {
                steps.entry(step).or_insert(recorded.name());
            }
        }
    }
    steps
}

/// What a host may see that misses passes: of several steps on the way of an attempt only their beginning and their end.
fn with_passes_missed(mut steps: BTreeSet<Step>) -> BTreeSet<Step> {
    loop {
        let after = |step: &Step| {
            let (from, on_the_way) = (step.from, step.to);
            let next = steps
                .iter()
                .filter(move |next| next.from == on_the_way && on_the_way.is_open());
            next.map(move |next| Step { from, to: next.to }).collect::<Vec<_>>()
        };
        let longer: Vec<_> = steps
            .iter()
            .flat_map(after)
            .filter(|step| step.from != step.to)
            .collect();
        let known = steps.len();
        steps.extend(longer);
        if steps.len() == known {
            return steps;
        }
    }
}

/// All that a simulated world may do.
static PERMITTED: LazyLock<BTreeSet<Step>> = LazyLock::new(|| {
    let sources = SOURCES.iter().map(|&(from, to, _)| Step { from, to });
    with_passes_missed(recorded().into_keys().chain(sources).collect())
});

/// Whether an attempt may make this step.
pub(crate) fn check(step: Step) {
    assert!(
        PERMITTED.contains(&step),
        "no recorded run and no source shows an attempt that goes {step}"
    );
}

/// Every step that an attempt can make in a simulated world, where no pass misses one.
fn simulated() -> BTreeSet<Step> {
    let shape = [(Kind::Extract, vec![])];
    let pipeline = pipeline(&shape, quick_retry(), Timeouts::default()).expect("a pipeline");
    let mut steps = BTreeSet::new();
    let mut worlds = vec![World::new(pipeline)];
    while let Some(world) = worlds.pop() {
        let seen = &world.attempts;
        // With the verdict, where there is one: the first answer is that the attempt is there.
        let known = world.answer(&world.answer(&world.run.status, seen).status, seen).status;
        for next in [vec![world.clone()], what_may_happen(&world)].concat() {
            let kinds = steps.len();
            for pods in Pods::ALL {
                let shown = next.shown(&known, &next.attempts, pods);
                steps.extend(steps_between(seen, &shown));
                steps.extend(steps_between(&shown, &next.attempts));
            }
            steps.extend(steps_between(seen, &next.attempts));
            if steps.len() > kinds {
                worlds.push(next);
            }
        }
    }
    steps
}

fn steps_between(before: &[ObservedAttempt], after: &[ObservedAttempt]) -> Vec<Step> {
    let mut sight = Sight::default();
    sight.look(before);
    sight.look(after)
}

fn view(attempts: &[ObservedAttempt]) -> View {
    attempts.first().map_or(View::Unseen, View::of)
}

/// What can happen next to the only attempt of this world.
fn what_may_happen(world: &World) -> Vec<World> {
    let after = |change: &dyn Fn(&mut World)| {
        let mut world = world.clone();
        change(&mut world);
        world
    };
    let plan = world.answer(&RunStatus::default(), &world.attempts);
    let waits = |class| after(&|world| world.wait(0, class));
    let ends =
        |ends: &mut dyn Iterator<Item = End>| ends.map(|end| after(&|world| world.end(0, end))).collect::<Vec<_>>();
    let mut next = Vec::new();
    match view(&world.attempts) {
        View::Unseen => next.push(after(&|world| world.carry_out(&plan.actions[0]))),
        View::Pending | View::Waits(_) => {
            next.extend([waits(Some(FailureClass::Config)), after(&|world| world.begin(0))]);
            next.extend(ends(&mut End::all()));
        }
        View::Running => next.extend(ends(&mut End::all().filter(|end| !end.is_before_its_begin()))),
        View::Ended { .. } => next.push(after(&|world| world.delete(0))),
        View::AtItsEnd | View::Gone | View::Missing => {}
    }
    if !world.open().is_empty() {
        let stop = Action::StopAttempt {
            stage: world.starts[0].stage.clone(),
            attempt: 1,
            reason: StopReason::Requested,
        };
        next.extend([
            waits(None),
            waits(Some(FailureClass::Infra)),
            after(&|world| world.carry_out(&stop)),
        ]);
    }
    next
}

#[test]
fn what_a_simulated_attempt_does_was_recorded_or_has_a_source() {
    let simulated = simulated();
    let neither: Vec<_> = simulated.difference(&PERMITTED).map(Step::to_string).collect();
    assert!(neither.is_empty(), "neither recorded nor of a source: {neither:#?}");
    let recorded = with_passes_missed(recorded().into_keys().collect());
    for (from, to, _) in SOURCES {
        let step = Step { from, to };
        assert!(simulated.contains(&step), "in the table, and not simulated: {step}");
        assert!(!recorded.contains(&step), "in the table, and recorded: {step}");
    }
}

#[test]
fn what_a_recorded_attempt_does_is_simulated() {
    let (recorded, simulated) = (recorded(), with_passes_missed(simulated()));
    println!(
        "{} kinds of steps are recorded, {} simulated",
        recorded.len(),
        simulated.len()
    );
    let lacking = recorded.iter().filter(|(step, _)| !simulated.contains(step));
    let lacking: Vec<_> = lacking.map(|(step, name)| format!("{step} (in {name})")).collect();
    assert!(lacking.is_empty(), "recorded, and not simulated: {lacking:#?}");
}
