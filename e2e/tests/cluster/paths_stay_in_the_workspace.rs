//! Who may only start a run chooses its parameters. A path that one stands in leads to the workspace and nowhere else: not to the
//! stage's environment, which holds passwords.

use serde_json::json;
use std::os::unix::fs::symlink;
use trainyard_contract::FailureClass;
use trainyard_e2e::vocabulary::{Namespace, Run, Snapshot, in_namespace, pipeline};

const PASSWORD: &str = "correct-horse-battery-staple";

/// Applies a pipeline that reads the table which a run names, and that has a password in its environment.
async fn apply_pipeline(ns: &Namespace) {
    ns.apply(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "store"},
        "stringData": {"password": PASSWORD},
    }))
    .await;
    let password = json!([{
        "name": "STORE_PASSWORD",
        "valueFrom": {"secretKeyRef": {"name": "store", "key": "password"}},
    }]);
    ns.apply(
        pipeline("iris")
            .reads("$(parameters.table)")
            .set("parameters", json!([{"name": "table"}]))
            .set_in("extract", "env", password),
    )
    .await;
}

/// Starts a run that reads this table; it must fail for its configuration.
async fn refused<'n>(ns: &'n Namespace, table: &str) -> (Run<'n>, Snapshot) {
    let parameters = json!({"parameters": [{"name": "table", "value": table}]});
    let run = ns.start_with("iris", parameters).await;
    let end = run.fails().await;
    assert_eq!(end.class(), Some(FailureClass::Config), "{table}: {}", end.message());
    (run, end)
}

#[tokio::test]
async fn a_path_that_leads_out_of_the_workspace_reads_nothing() {
    in_namespace(async |ns| {
        let volume = ns.local_volume("trainyard").await;
        symlink("/proc/self/environ", volume.path("link.csv")).unwrap();
        apply_pipeline(ns).await;
        for table in ["../proc/self/environ", "runs/../../proc/self/environ", "link.csv"] {
            let (run, end) = refused(ns, table).await;
            let said = format!("{table} leads out of the workspace");
            assert!(end.message().contains(&said), "{}", end.message());
            assert_eq!(end.attempts(), [("extract", 1), ("validate", 0), ("train", 0)]);
            assert_eq!(run.attempts_asked_for(), ["extract-1"]);
            let of_run = format!("logs --selector trainyard.dev/run={} --tail -1", run.name());
            let log = ns.kubectl(&of_run).await;
            assert!(log.contains(&said), "{log}");
            let told = [
                log,
                serde_json::to_string(end.object()).unwrap(),
                format!("{:?}", run.events().await),
            ];
            for told in told {
                assert!(!told.contains(PASSWORD) && !told.contains("STORE_PASSWORD"), "{told}");
            }
        }
        for never in [PASSWORD, "STORE_PASSWORD"] {
            assert!(volume.files_with(never).is_empty(), "{:?}", volume.files_with(never));
        }
        // What it looks for is found where it is.
        volume.write("deep/inside", format!("of {PASSWORD}!"));
        assert_eq!(volume.files_with(PASSWORD), [volume.path("deep/inside")]);
    })
    .await;
}

#[tokio::test]
async fn a_path_that_does_not_begin_at_the_workspace_starts_no_job() {
    in_namespace(async |ns| {
        apply_pipeline(ns).await;
        let (run, end) = refused(ns, "/proc/self/environ").await;
        let said = "the path `/proc/self/environ` does not begin at the workspace";
        assert!(end.message().contains(said), "{}", end.message());
        assert!(run.attempts_asked_for().is_empty(), "{:?}", run.attempts_asked_for());
        assert!(run.jobs().await.is_empty());
    })
    .await;
}
