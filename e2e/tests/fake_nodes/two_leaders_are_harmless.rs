//! A Lease cannot fence: for a moment two operators may act. So two that never ask one another do no harm either.

use futures::future::join_all;
use std::collections::BTreeSet;
use trainyard_e2e::Election;
use trainyard_e2e::vocabulary::{Counted, on_fake_nodes_of_its_own, pipeline};

/// Runs at once.
const RUNS: usize = 10;

#[tokio::test]
async fn two_that_act_on_the_same_ten_runs_make_each_attempt_and_each_version_once() {
    on_fake_nodes_of_its_own("two", async |ns| {
        let cluster = ns.cluster();
        cluster.kill_operator().await;
        let [mut first, mut second] = [cluster.operator(1), cluster.operator(2)];
        first.start(Election::Off);
        second.start(Election::Off);
        let manifest = pipeline("iris").misbehaves("validate", "exit:12:1");
        ns.apply(manifest.set("retry.limit", 1).on_fake_nodes()).await;
        let mut runs = join_all((1..RUNS).map(|_| ns.start("iris"))).await;
        // Both of them want to make this one.
        runs.push(ns.trigger("iris", "once").await);

        for run in &runs {
            let end = run.succeeds().await;
            assert_eq!(end.attempts(), [("extract", 1), ("validate", 2), ("train", 1)]);
            let made = run.attempts_asked_for();
            let distinct: BTreeSet<_> = made.iter().collect();
            assert_eq!((made.len(), distinct.len()), (4, 4), "{made:?}");
            assert_eq!(run.jobs().await.len(), 4);
        }
        let versions = ns.model_versions().await;
        let of_runs: BTreeSet<_> = versions.iter().map(|version| version.spec.run.clone()).collect();
        assert_eq!((versions.len(), of_runs.len()), (RUNS, RUNS), "{of_runs:?}");
        let champions = versions
            .iter()
            .filter(|version| version.status.as_ref().is_some_and(|s| s.champion));
        assert_eq!(champions.count(), 1);
        for operator in [&first, &second] {
            assert!(
                operator.log().contains("attempt created"),
                "{} did nothing",
                operator.name()
            );
        }
        Counted::borne("two operators act at once", ("election switched off", 1), RUNS as u64);
    })
    .await;
}
