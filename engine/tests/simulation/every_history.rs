//! Small worlds, whole: every pipeline of up to 4 stages, every ending of every attempt, in every order, and every point at
//! which the host can be killed.
//!
//! The walk goes over distinct states (what is kept and what exists); the histories are the ways through them.

use super::pipelines::{Kind, Shape, every_graph, pipeline, quick_retry};
use super::world::{End, World, check_end, check_written};
use std::collections::BTreeMap;
use trainyard_contract::FailureClass::{Data, Transient};
use trainyard_engine::{Plan, StartAttempt, Timeouts};

/// What was walked through.
#[derive(Debug, Default)]
struct Walked {
    pipelines: usize,
    states: usize,
    histories: u128,
}

/// How a walk goes.
struct Walk<'a> {
    ends: &'a [End],
    /// Whether the host may be killed after each action, too.
    crashes: bool,
    /// State to the number of histories that go on from it.
    known: BTreeMap<String, u128>,
}

impl Walk<'_> {
    /// How many histories go on from `world`; each of their steps is checked.
    fn histories(&mut self, mut world: World) -> u128 {
        let mut plan = world.ask(&world.run.status, &world.attempts);
        while !self.crashes && !changes_nothing(&plan, &world) {
            plan.actions.iter().for_each(|action| world.carry_out(action));
            world.run.status = plan.status;
            plan = world.ask(&world.run.status, &world.attempts);
        }
        let state = state_of(&world);
        if let Some(&known) = self.known.get(&state) {
            return known;
        }
        // A host that is killed again and again between the same two actions makes no other history.
        self.known.insert(state.clone(), 0);
        let histories = if changes_nothing(&plan, &world) {
            self.what_may_happen(&world)
        } else {
            self.wherever_it_is_killed(&world, plan)
        };
        self.known.insert(state, histories);
        histories
    }

    /// The host is killed after each number of actions, and before or after it wrote the status.
    fn wherever_it_is_killed(&mut self, world: &World, plan: Plan) -> u128 {
        let mut histories = 0;
        let mut next = world.clone();
        for action in &plan.actions {
            histories += self.histories(next.clone());
            next.carry_out(action);
        }
        histories += self.histories(next.clone());
        next.run.status = plan.status;
        histories + self.histories(next)
    }

    fn what_may_happen(&mut self, world: &World) -> u128 {
        let open = world.open();
        if open.is_empty() {
            assert!(
                world.run.status.phase.is_final(),
                "nothing happens any more: {:#?}",
                world.run.status
            );
            check_end(world, &world.run.status);
            check_written(&world.run.status);
            return 1;
        }
        let mut histories = 0;
        for k in open {
            for &end in self.ends {
                let reads = world.starts[k].input.is_some();
                if end != End::InputChanged || reads {
                    let mut next = world.clone();
                    next.end(k, end);
                    histories += self.histories(next);
                }
            }
        }
        histories
    }
}

fn changes_nothing(plan: &Plan, world: &World) -> bool {
    plan.actions.is_empty() && plan.status == world.run.status
}

/// Fewer distinct histories would say that a kind of step is no longer taken: of every graph of stages, without a crash,
const HISTORIES_OF_GRAPHS_AT_LEAST: u128 = 700_000;
/// and of every flow of data, with crashes.
const HISTORIES_AT_LEAST: u128 = 1_000_000;

/// What tells two states apart. Time stands still here.
fn state_of(world: &World) -> String {
    let attempt = |(start, end): (&StartAttempt, &Option<End>)| {
        format!(
            "{}/{} reads {:?}: {end:?}",
            start.stage, start.attempt, start.given.input_attempt
        )
    };
    let mut attempts: Vec<String> = world.starts.iter().zip(&world.ends).map(attempt).collect();
    attempts.sort();
    let status = serde_json::to_string(&world.run.status).expect("a status is JSON");
    format!("{status} {attempts:?} {:?}", world.champion)
}

fn walk(pipelines: impl Iterator<Item = Vec<Shape>>, ends: &[End], crashes: bool) -> Walked {
    let mut walked = Walked::default();
    for shapes in pipelines {
        let Some(pipeline) = pipeline(&shapes, quick_retry(), Timeouts::default()) else {
            continue;
        };
        let mut walk = Walk {
            ends,
            crashes,
            known: BTreeMap::new(),
        };
        walked.pipelines += 1;
        walked.histories += walk.histories(World::new(pipeline));
        walked.states += walk.known.len();
    }
    walked
}

fn graphs_of(n: usize) -> impl Iterator<Item = Vec<Shape>> {
    let all_extract = |graph: Vec<Vec<usize>>| graph.into_iter().map(|named| (Kind::Extract, named)).collect();
    every_graph(n).into_iter().map(all_extract)
}

fn kinds_of(n: usize) -> impl Iterator<Item = Vec<Shape>> {
    let kinds = [
        Kind::Extract,
        Kind::Validate,
        Kind::Train,
        Kind::Evaluate,
        Kind::Predict,
    ];
    every_graph(n).into_iter().flat_map(move |graph| {
        (0..kinds.len().pow(u32::try_from(n).expect("few stages"))).map(move |number| {
            let kind = |i: usize| kinds[number / kinds.len().pow(u32::try_from(i).expect("few stages")) % kinds.len()];
            graph
                .iter()
                .enumerate()
                .map(|(i, named)| (kind(i), named.clone()))
                .collect()
        })
    })
}

#[test]
fn every_graph_of_up_to_four_stages_with_every_outcome() {
    let mut total = Walked::default();
    for n in 1..=4 {
        let ends = [End::Success, End::Fails(Data), End::Fails(Transient)];
        let walked = walk(graphs_of(n), &ends, false);
        println!("{n} stages: {walked:?}");
        total.pipelines += walked.pipelines;
        total.histories += walked.histories;
    }
    assert_eq!(total.pipelines, 1 + 2 + 8 + 64);
    println!("{} distinct histories", total.histories);
    assert!(total.histories >= HISTORIES_OF_GRAPHS_AT_LEAST);
}

#[test]
fn every_data_flow_of_up_to_three_stages_with_every_outcome_and_every_crash() {
    let mut histories = 0;
    let all = [End::Success, End::Fails(Data), End::InputChanged, End::LostResult];
    let three = &all[..3];
    for (n, ends, crashes) in [
        (1, &all[..], true),
        (2, three, true),
        (2, &all[..], false),
        (3, three, true),
    ] {
        let walked = walk(kinds_of(n), ends, crashes);
        println!("{n} stages, crashes {crashes}: {walked:?}");
        histories += walked.histories;
    }
    println!("{histories} distinct histories");
    assert!(histories >= HISTORIES_AT_LEAST);
}
