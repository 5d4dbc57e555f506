//! The operator may be killed at any moment: it goes on where it was, and does nothing twice.

use futures::future::join_all;
use std::collections::BTreeSet;
use trainyard_e2e::vocabulary::{on_fake_nodes_of_its_own, pipeline};

/// Runs at once.
const RUNS: usize = 10;
/// Attempts of a run after which the operator is killed: at its beginning, between two stages, and near its end.
const KILLED_AFTER: [usize; 3] = [1, 2, 3];

#[tokio::test]
async fn killed_amid_ten_runs_each_ends_as_it_would_and_no_attempt_is_made_twice() {
    on_fake_nodes_of_its_own("kill", async |ns| {
        // Two attempts of one stage, so that a retry is under way too.
        let manifest = pipeline("iris").misbehaves("validate", "exit:12:1");
        ns.apply(manifest.set("retry.limit", 1).on_fake_nodes()).await;
        let runs = join_all((0..RUNS).map(|_| ns.start("iris"))).await;
        for attempts in KILLED_AFTER {
            // Some runs are further, some have just begun.
            let wanted = RUNS * attempts;
            ns.wait_for_jobs(wanted).await;
            ns.cluster().kill_operator().await;
            ns.cluster().start_operator();
        }
        for run in &runs {
            let end = run.succeeds().await;
            assert_eq!(end.attempts(), [("extract", 1), ("validate", 2), ("train", 1)]);
            // Nothing removes a Job here, so that each of them is seen.
            assert_eq!(run.jobs().await.len(), 4);
            let asked_for = run.attempts_asked_for();
            // The answer that a killed operator does not wait for may be none in the audit log.
            let distinct: BTreeSet<_> = asked_for.iter().collect();
            assert_eq!(distinct.len(), asked_for.len(), "{asked_for:?}");
        }
        assert_eq!(ns.model_versions().await.len(), RUNS);
    })
    .await;
}
