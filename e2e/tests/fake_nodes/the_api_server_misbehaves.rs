//! Whatever the API server does, refuse, forget, be slow, be gone: runs end as they would have, nothing is made twice, no model is
//! missing.

use crate::each_write::{every_write_of, turns};
use crate::shapes::{self, PIPELINE, left_running, models_lost};
use futures::future::join_all;
use std::time::Duration;
use trainyard_e2e::fault_proxy::Fault;
use trainyard_e2e::vocabulary::{
    Counted, Namespace, OwnOperator, Part, PipelineManifest, Run, Snapshot, in_namespace_on_fake_nodes,
    on_fake_nodes_of_its_own, pipeline,
};

/// With a retry in the middle.
fn with_retry() -> PipelineManifest {
    pipeline(PIPELINE).misbehaves("validate", "exit:12:1").on_fake_nodes()
}

/// How each stage of such a run is tried.
const ATTEMPTS: [(&str, u32); 3] = [("extract", 1), ("validate", 2), ("train", 1)];

/// What has become of runs [`with_retry`].
async fn judged(what: &str, ns: &Namespace, operator: &OwnOperator<'_>, ends: &[Snapshot]) -> Counted {
    let mut counted = Counted::of(what);
    counted.add(operator.faults());
    counted.runs = ends.len() as u64;
    let otherwise = ends
        .iter()
        .filter(|end| end.attempts() != ATTEMPTS || end.status().model_version.is_none());
    let (twice, lost) = (operator.jobs_made_twice(), models_lost(ns, ends).await);
    counted.ended_otherwise = otherwise.count() as u64 + left_running(ns).await.len() as u64;
    counted.attempts_twice = twice.len() as u64;
    counted.models_lost = lost.len() as u64;
    if !twice.is_empty() || !lost.is_empty() {
        eprintln!("{what}: {twice:?} {lost:?}\n{}", operator.last_words());
    }
    counted
}

fn say(all: &[Counted]) {
    all.iter().for_each(Counted::write_down);
    all.iter().for_each(Counted::nothing_is_lost);
}

/// Watches that are cut, or answered with 410, and refusals: each at each write of a walk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_cut_or_forgotten_and_refusals_at_each_write() {
    const FAULTS: [Fault; 5] = [
        Fault::CutWatches,
        Fault::ForgetWatches,
        Fault::Refuse(429),
        Fault::Refuse(500),
        Fault::Refuse(504),
    ];
    on_fake_nodes_of_its_own("refuse", async |ns| {
        ns.cluster().kill_operator().await;
        let turns = turns();
        let what = "refused or watches cut";
        let counted = every_write_of(ns, what, shapes::named("retry"), &FAULTS, &turns).await;
        say(&[counted]);
    })
    .await;
}

/// Each watch late by so much, and questions refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_watches_and_refused_questions() {
    const LATE: Duration = Duration::from_secs(2);
    on_fake_nodes_of_its_own("late", async |ns| {
        ns.cluster().kill_operator().await;
        let late = ["pods", "jobs", "pipelineruns", "mlpipelines"].map(|kind| {
            one_run(ns, format!("late-{kind}"), "a watch is late", move |operator| {
                operator.delay(kind, LATE);
            })
        });
        let refused = [429, 500, 504].map(|code| {
            one_run(
                ns,
                format!("questions-{code}"),
                "questions are refused",
                move |operator| {
                    operator.refuse(&["get", "list", "watch"], code, 8);
                },
            )
        });
        let (late, refused) = tokio::join!(join_all(late), join_all(refused));
        say(&[late, refused].concat());
    })
    .await;
}

/// A run in a namespace of its own, with an operator to which this is done.
async fn one_run(ns: &Namespace, name: String, what: &str, disturb: impl FnOnce(&OwnOperator<'_>)) -> Counted {
    let ns = ns.beside(&name).await;
    let operator = ns.own_operator().await;
    disturb(&operator);
    ns.make(&with_retry()).await;
    let run = ns.start(PIPELINE).await;
    let end = operator.kept_up_while(run.ends()).await;
    judged(&format!("{what}: {name}"), &ns, &operator, &[end]).await
}

/// A write that comes late: the mark of a champion, which another run has moved meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_that_end_at_once_leave_one_champion() {
    on_fake_nodes_of_its_own("champ", async |ns| {
        ns.cluster().kill_operator().await;
        let ns = &ns.beside("overtaken").await;
        let operator = ns.own_operator().await;
        // Long enough that the second model is of a later second.
        ns.make(&pipeline(PIPELINE).misbehaves("extract", "sleep:2:1").on_fake_nodes())
            .await;
        operator.let_overtake("patch", "modelversions/status");
        let ends = operator.kept_up_while(async {
            let first = ns.start(PIPELINE).await;
            operator.holds_a_request().await;
            let second = ns.start(PIPELINE).await;
            [first.succeeds().await, second.succeeds().await]
        });
        let ends = ends.await;
        let lost = models_lost(ns, &ends).await;
        let mut counted = Counted::of("two runs that end at once");
        counted.add(operator.faults());
        counted.runs = 2;
        counted.models_lost = lost.len() as u64;
        eprintln!("{lost:?}");
        say(&[counted]);
    })
    .await;
}

/// The control plane's own processes: killed amid runs, at three points of their walk.
async fn killed_amid_runs(part: Part, short: &str, fault: &'static str) {
    const RUNS: usize = 4;
    on_fake_nodes_of_its_own(short, async |ns| {
        ns.cluster().kill_operator().await;
        let ns = &ns.beside("amid").await;
        let operator = ns.own_operator().await;
        ns.make(&with_retry()).await;
        let runs: Vec<Run<'_>> = join_all((0..RUNS).map(|_| ns.start(PIPELINE))).await;
        let walk = async {
            for attempts in 1..=3 {
                ns.wait_for_jobs(RUNS * attempts).await;
                ns.cluster().kill_and_start(part).await;
            }
            join_all(runs.iter().map(Run::ends)).await
        };
        let ends = operator.kept_up_while(walk).await;
        let mut counted = judged(&format!("amid runs: {fault}"), ns, &operator, &ends).await;
        counted.add([(fault, 3)]);
        say(&[counted]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_server_is_killed_amid_runs() {
    killed_amid_runs(Part::ApiServer, "api", "API server killed").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_is_killed_amid_runs() {
    killed_amid_runs(Part::Etcd, "etcd", "etcd killed").await;
}

#[tokio::test]
async fn a_webhook_that_cannot_be_asked_about_jobs_is_named_and_waited_for() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.ask_nobody_about_jobs().await;
        ns.apply(pipeline("iris").on_fake_nodes()).await;
        let run = ns.start("iris").await;
        run.says("jobs.guard.example").await;
        ns.admit_jobs().await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        assert_eq!(run.attempts_asked_for(), ["extract-1", "validate-1", "train-1"]);
        let mut counted = Counted::of("a webhook that is down is to be asked about Jobs");
        counted.add([("webhook down", 1)]);
        counted.runs = 1;
        counted.write_down();
    })
    .await;
}

#[tokio::test]
async fn a_second_container_that_a_policy_adds_says_nothing_about_the_stage() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.add_a_container_to_pods().await;
        ns.apply(with_retry()).await;
        let run = ns.start(PIPELINE).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), ATTEMPTS);
        for pod in run.pods().await {
            let containers = pod.spec.unwrap().containers.into_iter().map(|container| container.name);
            assert_eq!(containers.collect::<Vec<_>>(), ["sidecar", "stage"]);
        }
        let [version] = &ns.model_versions().await[..] else {
            panic!("one run makes one model version")
        };
        assert_eq!(version.spec.version.as_str(), end.model());
        ns.leave_pods_alone().await;
        let mut counted = Counted::of("a policy adds a container to each pod, and one attempt fails");
        counted.add([("container added", run.pods().await.len() as u64)]);
        counted.runs = 1;
        counted.write_down();
    })
    .await;
}
