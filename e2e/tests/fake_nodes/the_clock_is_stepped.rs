//! The operator's clock is stepped, ahead and back: no stage and no wait ends for it, and what is made later is newer by its name too.

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use trainyard_e2e::vocabulary::{Counted, Namespace, on_fake_nodes_of_its_own, pipeline};
use trainyard_engine::{RunPhase, StagePhase};

/// More than `timeouts.stage` and `timeouts.pending` by themselves.
const STEP: SignedDuration = SignedDuration::from_hours(2);

/// A run whose last stage runs while the clock is set; gives the name of its model.
async fn run_under_a_step(ns: &Namespace, time: Timestamp) -> String {
    let run = ns.start("iris").await;
    run.stage("train").reaches(StagePhase::Running).await;
    ns.cluster().set_clock(&time.to_string());
    let end = run.succeeds().await;
    assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
    end.model().to_owned()
}

#[tokio::test]
async fn neither_a_stage_nor_a_wait_is_over_for_it_and_a_later_model_is_newer() {
    on_fake_nodes_of_its_own("stepped", async |ns| {
        let slow = pipeline("iris").misbehaves("train", "sleep:10:1");
        ns.apply(slow.on_fake_nodes()).await;
        // No node takes it.
        ns.apply(pipeline("waits")).await;
        let waits = ns.start("waits").await;
        waits.stage("extract").reaches(StagePhase::Queued).await;

        let mut made = Vec::new();
        let now = Timestamp::now;
        made.push(run_under_a_step(ns, now() + STEP).await);
        made.push(run_under_a_step(ns, now()).await);
        made.push(run_under_a_step(ns, now() - STEP).await);
        made.push(run_under_a_step(ns, now()).await);
        assert!(made.is_sorted(), "{made:?}");
        let champion = ns.pipeline("iris").await.status.unwrap().champion;
        assert_eq!(champion.as_ref(), made.last());

        waits.suspend().await;
        let suspended = waits.reaches(RunPhase::Suspended).await;
        assert_eq!(suspended.attempts()[0], ("extract", 1));
        assert_eq!(suspended.phase_of("extract"), Some(StagePhase::Queued));
        Counted::borne("amid runs: the clock is stepped by two hours", ("clock stepped", 4), 5);
    })
    .await;
}
