//! A leader that sees its Lease in other hands, or has slept through its term, ends at once and says why; one whose Lease was
//! deleted makes it again.

use futures::future::join_all;
use std::collections::BTreeSet;
use trainyard_e2e::Election;
use trainyard_e2e::vocabulary::{Counted, on_fake_nodes_of_its_own, pipeline};

/// Runs at once.
const RUNS: usize = 5;

#[tokio::test]
async fn amid_runs_its_leader_ends_and_they_go_on_with_the_next_start() {
    on_fake_nodes_of_its_own("lost", async |ns| {
        let cluster = ns.cluster();
        cluster.kill_operator().await;
        let mut operator = cluster.operator(1);
        operator.start(Election::On);
        operator.leads().await;
        let manifest = pipeline("iris").misbehaves("validate", "exit:12:1");
        // The retry comes after the Lease was looked at again.
        let patient = manifest.set("retry.backoff.initial", "12s").set("retry.limit", 1);
        ns.apply(patient.on_fake_nodes()).await;
        let runs = join_all((0..RUNS).map(|_| ns.start("iris"))).await;

        ns.wait_for_jobs(RUNS).await;
        cluster.delete_lease().await;
        operator.leads().await;
        let log = operator.log();
        assert!(
            log.contains("somebody has deleted the lease; it is made again"),
            "{log}"
        );

        cluster.give_lease_to("somebody-else").await;
        assert_eq!(operator.ends().await, Some(1), "{}", operator.log());
        let log = operator.log();
        let last = log.lines().last().unwrap();
        assert!(
            last.contains("ERROR") && last.contains("leadership lost: `somebody-else` holds the lease"),
            "{log}"
        );

        // Nobody renews it: it runs out.
        operator.start(Election::On);
        for run in &runs {
            let end = run.succeeds().await;
            assert_eq!(end.attempts(), [("extract", 1), ("validate", 2), ("train", 1)]);
            let asked_for = run.attempts_asked_for();
            let distinct: BTreeSet<_> = asked_for.iter().collect();
            assert_eq!(distinct.len(), asked_for.len(), "{asked_for:?}");
        }
        assert_eq!(ns.model_versions().await.len(), RUNS);
        operator.leads().await;
        assert_eq!(cluster.changes_of_leaders().await, 1);
        Counted::borne(
            "amid runs: the Lease is lost",
            ("Lease deleted or taken", 2),
            RUNS as u64,
        );
    })
    .await;
}

#[tokio::test]
async fn a_leader_that_slept_through_its_term_goes_no_step_further() {
    on_fake_nodes_of_its_own("slept", async |ns| {
        let cluster = ns.cluster();
        cluster.kill_operator().await;
        let [mut first, mut second] = [cluster.operator(1), cluster.operator(2)];
        first.start(Election::On);
        first.leads().await;
        second.start(Election::On);
        let manifest = pipeline("iris").misbehaves("validate", "exit:12:1");
        ns.apply(manifest.set("retry.limit", 1).on_fake_nodes()).await;
        let runs = join_all((0..RUNS).map(|_| ns.start("iris"))).await;

        ns.wait_for_jobs(RUNS).await;
        first.stand_still();
        second.leads().await;
        let before = first.log();
        first.go_on();
        assert_eq!(first.ends().await, Some(1), "{}", first.log());
        let log = first.log();
        let said = log.strip_prefix(&before).unwrap();
        assert!(said.contains("leadership lost: "), "{log}");
        assert!(!said.contains("attempt created"), "{log}");

        for run in &runs {
            let end = run.succeeds().await;
            assert_eq!(end.attempts(), [("extract", 1), ("validate", 2), ("train", 1)]);
            let asked_for = run.attempts_asked_for();
            let distinct: BTreeSet<_> = asked_for.iter().collect();
            assert_eq!(distinct.len(), asked_for.len(), "{asked_for:?}");
        }
        assert_eq!(ns.model_versions().await.len(), RUNS);
        Counted::borne(
            "amid runs: the leader sleeps through its term",
            ("SIGSTOP", 1),
            RUNS as u64,
        );
    })
    .await;
}
