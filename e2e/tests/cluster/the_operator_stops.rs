//! The operator stops when it is told to, in its time of grace, and says so; what it looked after goes on with the next one. As JSON
//! its log can be read by machines, line by line.

use serde_json::{Map, Value};
use trainyard_e2e::vocabulary::{on_a_cluster_of_its_own, pipeline};

const INSTALL: &str = "install trainyard charts/trainyard --values charts/local-images.yaml --set operator.logFormat=json --wait \
                       --timeout 120s";

/// A log's lines, each of which must be one JSON object.
fn lines(log: &str) -> Vec<Map<String, Value>> {
    let parse = |line| serde_json::from_str(line).map_err(|error| format!("{error}: {line}"));
    log.lines().map(|line| parse(line).unwrap()).collect()
}

#[tokio::test]
async fn told_to_stop_it_ends_in_time_and_says_so_and_its_runs_go_on_with_the_next_one() {
    on_a_cluster_of_its_own("stops", async |ns| {
        ns.helm(INSTALL).await;
        ns.apply(pipeline("iris").misbehaves("extract", "sleep:10:1")).await;
        let run = ns.start("iris").await;
        run.stage("extract").pod_that_says(1, "sleeps").await;

        let end = ns.delete_operators_pod().await;
        assert_eq!(end.exit_code, 0, "{}", end.log);
        assert!(end.in_time, "{}", end.log);
        let log = lines(&end.log);
        let said: Vec<_> = log.iter().map(|line| line["message"].as_str().unwrap()).collect();
        assert!(
            said.ends_with(&["asked to stop", "lease released", "stopped"]),
            "{said:?}"
        );

        let of_run = format!("{}/{}", ns.name(), run.name());
        let created = log.iter().find(|line| line["message"] == "attempt created").unwrap();
        assert_eq!(created["span"]["run"], of_run, "{created:?}");
        assert_eq!(created["stage"], "extract", "{created:?}");
        assert_eq!(created["attempt"], 1, "{created:?}");

        ns.operator_is_ready().await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        assert_eq!(run.attempts_asked_for(), ["extract-1", "validate-1", "train-1"]);
        for line in lines(&ns.log_of_only_operator().await) {
            let of_stage = line["message"].as_str().is_some_and(|said| said.starts_with("attempt"));
            assert!(
                !of_stage || (line["span"]["run"] == of_run && line["stage"].is_string()),
                "{line:?}"
            );
        }
    })
    .await;
}
