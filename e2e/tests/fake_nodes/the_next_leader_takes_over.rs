//! Of two operators one acts. When it goes, killed or told to stop, the other one takes over, and nothing is done twice.

use futures::future::join_all;
use k8s_openapi::jiff::Timestamp;
use std::collections::BTreeSet;
use std::io::{Write as _, stdout};
use trainyard_e2e::Election;
use trainyard_e2e::vocabulary::{Counted, on_fake_nodes_of_its_own, pipeline};

/// Runs at once.
const RUNS: usize = 10;
/// The promise: a leader that was killed is followed within its Lease's duration, 15 s, and two seconds.
const AFTER_A_KILL: f64 = 17.0;
/// The promise: one that was told to stop is followed within a second.
const AFTER_A_STOP: f64 = 1.0;
/// What a machine that is busy with other things may add.
const BUSY: f64 = 5.0;

/// Not by `println!`: the figures are for whoever reads the output of a test that passes, too.
fn print(figure: &str) {
    let mut reader = stdout();
    writeln!(reader, "{figure}").unwrap();
}

#[tokio::test]
async fn a_leader_that_is_killed_or_stopped_amid_ten_runs_is_followed_and_no_attempt_is_made_twice() {
    on_fake_nodes_of_its_own("next", async |ns| {
        let cluster = ns.cluster();
        cluster.kill_operator().await;
        let [mut first, mut second] = [cluster.operator(1), cluster.operator(2)];
        first.start(Election::On);
        first.leads().await;
        second.start(Election::On);
        // Two attempts of one stage, so that a retry is under way too.
        let manifest = pipeline("iris").misbehaves("validate", "exit:12:1");
        ns.apply(manifest.set("retry.limit", 1).on_fake_nodes()).await;
        let runs = join_all((0..RUNS).map(|_| ns.start("iris"))).await;

        ns.wait_for_jobs(RUNS).await;
        assert!(
            !second.log().contains("attempt created"),
            "it is to wait: {}",
            second.log()
        );
        let killed = Timestamp::now();
        first.kill().await;
        let led = second.says_after(killed, " leads ").await;
        let took = led.duration_since(killed).as_secs_f64();
        print(&format!("killed: the next one leads after {took:.3} s"));
        assert!(took <= AFTER_A_KILL + BUSY, "{took} s");
        first.start(Election::On);

        ns.wait_for_jobs(RUNS * 2 + RUNS / 2).await;
        let told = Timestamp::now();
        assert_eq!(second.stop().await, Some(0), "{}", second.log());
        let released = second.says_after(told, " lease released ").await;
        let led = first.says_after(told, " leads ").await;
        let took = led.duration_since(released).as_secs_f64();
        print(&format!(
            "told to stop: the next one leads {took:.3} s after the Lease is free"
        ));
        assert!(took <= AFTER_A_STOP + BUSY, "{took} s");

        for run in &runs {
            let end = run.succeeds().await;
            assert_eq!(end.attempts(), [("extract", 1), ("validate", 2), ("train", 1)]);
            assert_eq!(run.jobs().await.len(), 4);
            let asked_for = run.attempts_asked_for();
            let distinct: BTreeSet<_> = asked_for.iter().collect();
            assert_eq!(distinct.len(), asked_for.len(), "{asked_for:?}");
        }
        assert_eq!(ns.model_versions().await.len(), RUNS);
        // Both have done their part, one after the other.
        for operator in [&first, &second] {
            assert!(operator.log().contains("attempt created"), "{}", operator.log());
        }
        Counted::borne(
            "amid runs: the leader goes",
            ("leader killed or stopped", 2),
            RUNS as u64,
        );
    })
    .await;
}
