//! Pipelines of many shapes, each with what happens to its runs: a function a shape, a line in [`all`].
//!
//! A walk makes the pipeline, starts its runs, does to them what people do, and gives them at their end. What it waits for comes
//! whether or not the operator is there all the time: an end, a pod.
#![expect(clippy::panic, reason = "what does not hold ends the test")]

use futures::FutureExt as _;
use futures::future::{BoxFuture, join};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use serde_json::json;
use trainyard_crds::v1alpha1::PipelineRunStatus;
use trainyard_crds::{MLPipeline, ModelVersion, PipelineRun};
use trainyard_e2e::vocabulary::{Namespace, PipelineManifest, Run, Snapshot, pipeline};
use trainyard_engine::RunPhase;
use trainyard_engine::schedule::SlotFate;

/// The pipeline of every shape.
pub(crate) const PIPELINE: &str = "iris";
/// Of the shape with many stages: as many as there may be behind one, and as deep as the others.
const MANY_STAGES: usize = 50;
/// As many as a stage may depend on.
const DEPENDED_ON_MAX: usize = 20;

/// A shape of pipeline, and what happens to its runs.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// What it is like, as the name of a namespace may be.
    pub(crate) name: &'static str,
    /// From the pipeline to the end of its runs.
    pub(crate) walk: for<'n> fn(&'n Namespace) -> BoxFuture<'n, Vec<Snapshot>>,
    /// Of so many writes one is tried where not all are.
    pub(crate) stride: usize,
}

/// All shapes.
pub(crate) fn all() -> Vec<Shape> {
    let few = |name, walk| Shape { name, walk, stride: 1 };
    vec![
        few("chain", |ns| chain(ns).boxed()),
        few("retry", |ns| retry(ns).boxed()),
        few("out-of-memory", |ns| out_of_memory(ns).boxed()),
        few("pending-timeout", |ns| pending_timeout(ns).boxed()),
        few("stopped", |ns| stopped(ns).boxed()),
        few("suspended-and-resumed", |ns| suspended(ns).boxed()),
        few("diamond", |ns| diamond(ns).boxed()),
        few("two-at-once", |ns| two_at_once(ns).boxed()),
        few("edited-under-way", |ns| edited(ns).boxed()),
        few("scheduled", |ns| scheduled(ns).boxed()),
        Shape {
            name: "fifty-stages",
            walk: |ns| fifty_stages(ns).boxed(),
            stride: 16,
        },
    ]
}

/// The shape of this name.
pub(crate) fn named(name: &str) -> Shape {
    let found = all().into_iter().find(|shape| shape.name == name);
    found.unwrap_or_else(|| panic!("no shape `{name}`"))
}

fn iris() -> PipelineManifest {
    pipeline(PIPELINE).on_fake_nodes()
}

async fn one_run(ns: &Namespace, manifest: PipelineManifest) -> Vec<Snapshot> {
    ns.make(&manifest).await;
    vec![ns.start_named("run", PIPELINE).await.ends().await]
}

async fn chain(ns: &Namespace) -> Vec<Snapshot> {
    one_run(ns, iris()).await
}

async fn retry(ns: &Namespace) -> Vec<Snapshot> {
    one_run(ns, iris().misbehaves("validate", "exit:12:1")).await
}

async fn out_of_memory(ns: &Namespace) -> Vec<Snapshot> {
    let manifest = iris()
        .misbehaves("extract", "needs:150000000")
        .set_in("extract", "resources.limits.memory", "64Mi")
        .set("retry.memory.max", "1Gi")
        .set("retry.memory.factor", "2");
    one_run(ns, manifest).await
}

/// Its second stage waits for a node that there is not.
async fn pending_timeout(ns: &Namespace) -> Vec<Snapshot> {
    let manifest =
        iris()
            .set_in("validate", "resources.requests.cpu", "1000")
            .set_in("validate", "timeouts.pending", "2s");
    one_run(ns, manifest).await
}

/// A run whose `validate` takes so many seconds, once that has begun.
async fn amid_validate(ns: &Namespace, seconds: u32) -> Run<'_> {
    ns.make(&iris().misbehaves("validate", &format!("sleep:{seconds}:1")))
        .await;
    let run = ns.start_named("run", PIPELINE).await;
    run.stage("validate").pod_that_runs(1).await;
    run
}

async fn stopped(ns: &Namespace) -> Vec<Snapshot> {
    let run = amid_validate(ns, 300).await;
    run.stop().await;
    vec![run.ends().await]
}

async fn suspended(ns: &Namespace) -> Vec<Snapshot> {
    let run = amid_validate(ns, 1).await;
    run.suspend().await;
    run.reaches(RunPhase::Suspended).await;
    run.resume().await;
    vec![run.ends().await]
}

async fn diamond(ns: &Namespace) -> Vec<Snapshot> {
    let manifest =
        iris()
            .and_validates("again", &["extract"])
            .set_in("train", "dependsOn", json!(["validate", "again"]));
    one_run(ns, manifest).await
}

async fn two_at_once(ns: &Namespace) -> Vec<Snapshot> {
    ns.make(&iris()).await;
    let (one, two) = join(ns.start_named("one", PIPELINE), ns.start_named("two", PIPELINE)).await;
    let (one, two) = join(one.ends(), two.ends()).await;
    vec![one, two]
}

async fn edited(ns: &Namespace) -> Vec<Snapshot> {
    let run = amid_validate(ns, 1).await;
    let only_extract = iris().up_to("extract").spec();
    ns.change::<MLPipeline>(PIPELINE, &json!({"spec": only_extract})).await;
    vec![run.ends().await]
}

/// Two due times, of which each has its run, and of whose runs the newest is kept.
async fn scheduled(ns: &Namespace) -> Vec<Snapshot> {
    ns.set_clock("2026-03-02T08:10:00Z");
    let hourly = json!({"cron": "@hourly", "missedRuns": "All"});
    let kept = json!({"successfulRuns": 1});
    ns.make(&iris().set("schedule", hourly).set("retention", kept)).await;
    let is_kept = |pipeline: &MLPipeline| {
        pipeline
            .status
            .as_ref()
            .is_some_and(|status| status.next_slot.is_some())
    };
    ns.wait_for(PIPELINE, "the schedule is kept", is_kept).await;
    let mut runs = Vec::new();
    for hour in ["09", "10"] {
        ns.set_clock(&format!("2026-03-02T{hour}:00:01Z"));
        let run = ns.run(&format!("{PIPELINE}-20260302-{hour}00")).await;
        runs.push(run.ends().await);
    }
    let both_ran = |pipeline: &MLPipeline| {
        let slots = pipeline.status.iter().flat_map(|status| &status.slots);
        let slots: Vec<_> = slots.map(|range| (range.fate, range.count)).collect();
        slots == [(SlotFate::Ran, 2)]
    };
    ns.wait_for(PIPELINE, "both slots ran, and no other", both_ran).await;
    ns.wait_for_end_of::<PipelineRun>(&format!("{PIPELINE}-20260302-0900"))
        .await;
    runs
}

async fn fifty_stages(ns: &Namespace) -> Vec<Snapshot> {
    let names: Vec<_> = (4..=MANY_STAGES).map(|number| format!("look-{number}")).collect();
    let manifest = names
        .iter()
        .fold(iris(), |pipeline, name| pipeline.and_validates(name, &["extract"]));
    let last = &names[..DEPENDED_ON_MAX];
    one_run(ns, manifest.set_in("train", "dependsOn", last)).await
}

/// How a run ended, without what differs from run to run: times, uids and names that follow from them.
pub(crate) fn outcome(run: &Snapshot) -> String {
    let PipelineRunStatus {
        phase,
        failure_class,
        stages,
        ..
    } = run.status();
    let stages = stages.iter().map(|stage| {
        let known = &stage.known;
        json!({
            "name": known.name,
            "phase": known.phase,
            "attempts": known.attempts,
            "spent": known.spent,
            "class": known.failure_class,
            "unread": known.unread_results,
            "made": known.made.is_some(),
        })
    });
    let stages: Vec<_> = stages.map(|stage| format!("\n  {stage}")).collect();
    format!(
        "run {}: {phase} {failure_class:?}{}",
        run.object().name_any(),
        stages.concat()
    )
}

/// What is wrong with the namespace's models after these runs; nothing where each run's model is listed and the newest is champion.
pub(crate) async fn models_lost(ns: &Namespace, runs: &[Snapshot]) -> Vec<String> {
    let mut listed: Vec<ModelVersion> = ns.model_versions().await;
    listed.retain(|version| version.spec.pipeline.as_str() == PIPELINE);
    let succeeded = runs.iter().filter(|run| run.phase() == RunPhase::Succeeded);
    let mut made: Vec<_> = succeeded.filter_map(|run| run.status().model_version.clone()).collect();
    let mut lost = Vec::new();
    for version in &made {
        if !listed.iter().any(|listed| listed.spec.version == *version) {
            lost.push(format!("{version} is not listed"));
        }
    }
    if listed.len() != made.len() {
        lost.push(format!("{} runs made a model, {} are listed", made.len(), listed.len()));
    }
    // The second of its making, then the order in which the taken names of one second are given.
    made.sort_by_key(|version| {
        let name = version.to_string();
        (name.get(..21).map(str::to_owned), name.len(), name)
    });
    let newest = made.last().map(ToString::to_string);
    let champion = ns.pipeline(PIPELINE).await.status.and_then(|status| status.champion);
    if champion != newest {
        lost.push(format!("the champion is {champion:?}, the newest {newest:?}"));
    }
    let marked = listed
        .iter()
        .filter(|version| version.status.as_ref().is_some_and(|status| status.champion));
    let marked: Vec<_> = marked.map(|version| version.spec.version.to_string()).collect();
    if marked != Vec::from_iter(newest) {
        lost.push(format!("marked as champion: {marked:?}"));
    }
    lost
}

/// Pods of runs that are at their end, and still run.
pub(crate) async fn left_running(ns: &Namespace) -> Vec<String> {
    let pods = ns.list::<Pod>("").await.into_iter();
    let runs = pods.filter(|pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        !phase.is_some_and(|phase| ["Succeeded", "Failed"].contains(&phase))
    });
    runs.map(|pod| pod.name_any()).collect()
}
