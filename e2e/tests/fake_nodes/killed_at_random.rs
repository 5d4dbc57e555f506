//! The operator is killed again and again, at moments that nobody chose, while one run follows the other: each ends as it should.

use crate::shapes::{PIPELINE, left_running, models_lost, outcome};
use fastrand::Rng;
use futures::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use trainyard_crds::v1alpha1::{MLPipeline, PipelineRun};
use trainyard_e2e::vocabulary::{
    Counted, Namespace, OwnOperator, PipelineManifest, Snapshot, full, on_fake_nodes_of_its_own, pipeline, seed,
};
use trainyard_engine::schedule::SlotFate;

/// How often it is killed.
const KILLS: u64 = 20;
/// The same where there is time.
const KILLS_WHEN_FULL: u64 = 200;
/// Runs at the same time; another begins when one has ended.
const RUNS_AT_ONCE: usize = 5;
/// Beside them goes a schedule, whose clock is an hour further whenever a run of it has ended.
const SCHEDULED: &str = "hourly";
/// At most so many requests, answers and events of watches go by from one kill to the next: its lists at the start are about ten of
/// them, so that some lives end before they have begun.
const MOMENTS_MAX: u64 = 200;

/// With a retry in the middle.
fn manifest() -> PipelineManifest {
    pipeline(PIPELINE).misbehaves("validate", "exit:12:1").on_fake_nodes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_amid_a_stream_of_runs_each_ends_as_it_should() {
    on_fake_nodes_of_its_own("random", async |ns| {
        ns.cluster().kill_operator().await;
        let mut random = Rng::with_seed(seed());
        let kills = if full() { KILLS_WHEN_FULL } else { KILLS };
        let operator = ns.own_operator().await;
        ns.make(&manifest()).await;
        ns.set_clock("2026-03-02T00:10:00Z");
        let hourly = json!({"cron": "@hourly", "missedRuns": "All"});
        ns.make(&pipeline(SCHEDULED).set("schedule", hourly).on_fake_nodes())
            .await;
        let stream = Box::pin(stream_of_runs(ns, &operator, kills, &mut random));
        let (runs, slots) = operator.kept_up_while(stream).await;
        let mut counted = counted(ns, &operator, &runs).await;
        counted.runs += slots;
        counted.ended_otherwise += slots_lost(ns, slots).await;
        counted.write_down();
        counted.nothing_is_lost();
    })
    .await;
}

/// Runs, a few at a time, until it was killed so often; gives them at their ends, and how many slots were due meanwhile.
async fn stream_of_runs(
    ns: &Namespace,
    operator: &OwnOperator<'_>,
    kills: u64,
    random: &mut Rng,
) -> (Vec<Snapshot>, u64) {
    let killing = async {
        for number in 1..=kills {
            operator.kill_after_moments(random.u64(1..=MOMENTS_MAX));
            operator.killed(number).await;
        }
    };
    let is_over = || operator.kills() >= kills;
    let lanes = (0..RUNS_AT_ONCE).map(|_| async {
        let mut ended = Vec::new();
        while !is_over() {
            ended.push(ns.start(PIPELINE).await.ends().await);
        }
        ended
    });
    let slots = async {
        let is_known = |pipeline: &MLPipeline| pipeline.status.as_ref().is_some_and(|s| s.next_slot.is_some());
        ns.wait_for(SCHEDULED, "the schedule is known", is_known).await;
        let mut due = 0;
        while !is_over() {
            due += 1;
            let (day, hour) = (2 + due / 24, due % 24);
            ns.set_clock(&format!("2026-03-{day:02}T{hour:02}:00:01Z"));
            let run = ns.run(&format!("{SCHEDULED}-202603{day:02}-{hour:02}00")).await;
            run.succeeds().await;
        }
        due
    };
    let ((), ended, due) = tokio::join!(killing, join_all(lanes), slots);
    (ended.into_iter().flatten().collect(), due)
}

/// Slots that have not run, and runs and models beyond one a slot, or missing.
async fn slots_lost(ns: &Namespace, due: u64) -> u64 {
    let all_ran = |pipeline: &MLPipeline| {
        let slots = pipeline.status.iter().flat_map(|status| &status.slots);
        let ran = slots
            .filter(|range| range.fate == SlotFate::Ran)
            .map(|range| range.count.cast_unsigned());
        ran.sum::<u64>() == due
    };
    let pipeline = ns.wait_for(SCHEDULED, "each slot ran", all_ran).await;
    let others = pipeline.status.iter().flat_map(|status| &status.slots);
    let others = others.filter(|range| range.fate != SlotFate::Ran).count() as u64;
    let runs = ns
        .list::<PipelineRun>(&format!("trainyard.dev/pipeline={SCHEDULED}"))
        .await;
    let slots: BTreeSet<_> = runs.iter().map(|run| run.spec.slot.clone()).collect();
    let models = ns.model_versions().await;
    let models = models
        .iter()
        .filter(|version| version.spec.pipeline.as_str() == SCHEDULED)
        .count() as u64;
    others + (runs.len() - slots.len()) as u64 + models.abs_diff(due)
}

async fn counted(ns: &Namespace, operator: &OwnOperator<'_>, runs: &[Snapshot]) -> Counted {
    let mut counted = Counted::of("at random moments, a stream of runs with a retry each");
    counted.add(operator.faults());
    counted.runs = runs.len() as u64;
    let mut otherwise = 0;
    let first = runs.first().map(outcome_of_any);
    for run in runs {
        let right = run.attempts() == [("extract", 1), ("validate", 2), ("train", 1)];
        if !right || Some(outcome_of_any(run)) != first {
            eprintln!("{}", outcome(run));
            otherwise += 1;
        }
    }
    counted.ended_otherwise = otherwise + left_running(ns).await.len() as u64;
    let twice = operator.jobs_made_twice();
    let lost = models_lost(ns, runs).await;
    if !twice.is_empty() || !lost.is_empty() {
        eprintln!("twice: {twice:?}\n{lost:?}\n{}", operator.last_words());
    }
    counted.attempts_twice = twice.len() as u64;
    counted.models_lost = lost.len() as u64;
    counted
}

/// Without its name.
fn outcome_of_any(run: &Snapshot) -> String {
    outcome(run)
        .split_once(':')
        .map(|(_, how)| how.to_owned())
        .unwrap_or_default()
}
