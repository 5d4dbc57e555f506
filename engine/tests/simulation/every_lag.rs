//! Small worlds, whole, seen late: the host has two stores, one of statuses and one of attempts, and each of them is as old as it
//! likes. After every pass and every ending each store may catch up by one step, or not.

use super::pipelines::{Kind, Shape, every_graph, pipeline, quick_retry};
use super::world::{End, World, check_end, check_written};
use std::collections::BTreeMap;
use trainyard_contract::FailureClass::Transient;
use trainyard_engine::{ObservedAttempt, RunStatus, Timeouts};

/// Fewer would not show much.
const HISTORIES_MIN: u128 = 100_000;

/// A world and what its host sees of it: the first of each row; the last is what really is.
#[derive(Clone)]
struct Late {
    world: World,
    statuses: Vec<RunStatus>,
    observations: Vec<Vec<ObservedAttempt>>,
}

impl Late {
    fn new(world: World) -> Self {
        Self {
            world,
            statuses: vec![RunStatus::default()],
            observations: vec![Vec::new()],
        }
    }

    /// After a pass; `None` where it changed nothing. A status that was made from an old one is refused, as an API server does.
    fn after_a_pass(&self) -> Option<Self> {
        let mut next = self.clone();
        let plan = next.world.ask(&next.statuses[0], &next.observations[0]);
        for action in &plan.actions {
            next.world.carry_out(action);
        }
        let acted = next.observe();
        let writes = next.statuses.len() == 1 && plan.status != next.statuses[0];
        if writes {
            check_written(&plan.status);
            next.statuses.push(plan.status);
        }
        (acted || writes).then_some(next)
    }

    /// After each step of the world, and of one of the stores.
    fn after_a_step(&self, ends: &[End]) -> Vec<Self> {
        let mut all = Vec::new();
        for k in self.world.open() {
            for &end in ends {
                let mut next = self.clone();
                next.world.end(k, end);
                next.observe();
                all.push(next);
            }
        }
        if self.statuses.len() > 1 {
            let mut next = self.clone();
            next.statuses.remove(0);
            all.push(next);
        }
        if self.observations.len() > 1 {
            let mut next = self.clone();
            next.observations.remove(0);
            all.push(next);
        }
        all
    }

    fn observe(&mut self) -> bool {
        let new = self.observations.last() != Some(&self.world.attempts);
        if new {
            self.observations.push(self.world.attempts.clone());
        }
        new
    }

    /// What tells two of them apart. Time stands still here.
    fn state(&self) -> String {
        let Self {
            world,
            statuses,
            observations,
        } = self;
        format!("{statuses:?} {observations:?} {:?}", world.champion)
    }
}

/// How many histories go on from here; each of their steps is checked.
fn histories(late: &Late, ends: &[End], known: &mut BTreeMap<String, u128>) -> u128 {
    let state = late.state();
    if let Some(&known) = known.get(&state) {
        return known;
    }
    let next: Vec<_> = late.after_a_pass().into_iter().chain(late.after_a_step(ends)).collect();
    let count = if next.is_empty() {
        let status = &late.statuses[0];
        assert!(status.phase.is_final(), "nothing happens any more: {status:#?}");
        check_end(&late.world, status);
        1
    } else {
        next.iter().map(|next| histories(next, ends, known)).sum()
    };
    known.insert(state, count);
    count
}

/// Every graph of `n` stages, each stage of a kind of its own where it can be.
fn shapes(n: usize) -> impl Iterator<Item = Vec<Shape>> {
    let kinds = [Kind::Extract, Kind::Validate, Kind::Train];
    every_graph(n)
        .into_iter()
        .map(move |graph| kinds.into_iter().zip(graph).collect())
}

#[test]
fn every_small_run_ends_well_or_with_a_cause_however_late_each_store_is() {
    let mut total = 0;
    for (n, ends) in [
        (1, &[End::Success, End::Fails(Transient), End::LostResult][..]),
        (2, &[End::Success, End::Fails(Transient), End::LostResult][..]),
        (3, &[End::Success, End::Fails(Transient)][..]),
    ] {
        for shapes in shapes(n) {
            let Some(pipeline) = pipeline(&shapes, quick_retry(), Timeouts::default()) else {
                continue;
            };
            let mut known = BTreeMap::new();
            let count = histories(&Late::new(World::new(pipeline)), ends, &mut known);
            println!("{shapes:?}: {} states, {count} distinct histories", known.len());
            total += count;
        }
    }
    println!("{total} distinct histories with both stores late");
    assert!(total >= HISTORIES_MIN, "{total} distinct histories are too few");
}
