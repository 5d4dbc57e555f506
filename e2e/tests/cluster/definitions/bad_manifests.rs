//! A manifest that must not run is refused at `kubectl apply`, or the operator says so in the pipeline's status; either names the
//! field. None of them troubles the operator.

use crate::cases::bad_manifests::{Bad, Finder, bad_manifests};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use trainyard_crds::MLPipeline;
use trainyard_e2e::vocabulary::{Namespace, in_namespace};

/// How many kubectls run at once.
const AT_ONCE: usize = 4;

/// The manifests that this finder finds.
fn found_by(finder: Finder) -> Vec<Bad> {
    let all = bad_manifests().into_iter();
    let found: Vec<_> = all.filter(|bad| bad.finder == finder).collect();
    assert!(!found.is_empty(), "{finder:?}");
    found
}

/// What is said of each, `said` being asked, where that is not what the table wants.
async fn missed(bad: Vec<Bad>, said: impl AsyncFn(usize, &Bad) -> String) -> Vec<String> {
    let said = &said;
    let all = bad.iter().enumerate().map(|(number, bad)| async move {
        let said = said(number, bad).await;
        let as_told = said.contains(bad.field) && said.contains(bad.words);
        (!as_told).then(|| format!("{}: {}: {}: {said}", bad.name, bad.field, bad.words))
    });
    let missed = futures::stream::iter(all).buffer_unordered(AT_ONCE);
    missed.filter_map(async |missed| missed).collect().await
}

#[tokio::test]
async fn the_server_refuses_what_it_can_with_the_field() {
    in_namespace(async |ns| {
        let bad = found_by(Finder::ApiServer);
        let missed = missed(bad, async |_, bad| ns.apply_refused(&bad.text).await).await;
        assert!(missed.is_empty(), "{}", missed.join("\n"));
    })
    .await;
}

/// Applies it under a name of its own, and gives what its status then says.
async fn status_of(ns: &Namespace, number: usize, bad: &Bad) -> String {
    let mut object: Value = serde_json::from_str(&bad.text).unwrap();
    let name = format!("bad-{number}");
    object["metadata"]["name"] = json!(name);
    if bad.server_side {
        ns.apply_on_the_server(&object).await;
    } else {
        ns.apply(&object).await;
    }
    let what = format!("{}: Ready=False and Stalled=True", bad.name);
    let refused = ns
        .wait_for(&name, &what, |pipeline: &MLPipeline| is_refused(pipeline))
        .await;
    refused.status.unwrap().message
}

fn is_refused(pipeline: &MLPipeline) -> bool {
    let conditions = pipeline.status.iter().flat_map(|status| &status.conditions);
    let said: BTreeMap<_, _> = conditions
        .map(|known| (known.type_.as_str(), known.status.as_str()))
        .collect();
    said.get("Ready") == Some(&"False") && said.get("Stalled") == Some(&"True")
}

#[tokio::test]
async fn the_operator_refuses_the_rest_in_status_once_and_goes_on() {
    in_namespace(async |ns| {
        let before = ns.cluster().operator_log();
        assert!(!before.is_empty(), "the operator's log");
        let bad = found_by(Finder::Door);
        let names: Vec<_> = (0..bad.len()).map(|number| format!("bad-{number}")).collect();
        let missed = missed(bad, async |number, bad| status_of(ns, number, bad).await).await;
        assert!(missed.is_empty(), "{}", missed.join("\n"));

        // It still looks at what comes, and by then has written about each of them once.
        ns.apply_file("data/ml-production-pipeline.yaml").await;
        let run = ns.trigger("ml-production-pipeline", "after-the-bad").await;
        run.succeeds().await;
        let requests = ns.requests();
        for name in &names {
            let about = requests
                .iter()
                .filter(|request| request.by_operator() && request.name() == name);
            let writes: Vec<_> = about.filter(|request| request.writes()).collect();
            assert_eq!(writes.len(), 1, "{name}: {writes:?}");
        }
        let log = ns.cluster().operator_log();
        let since = log.strip_prefix(&before);
        let since = since.unwrap_or_else(|| panic!("the operator has been restarted, it says:\n{log}"));
        assert!(!since.contains("panicked at"), "{since}");
    })
    .await;
}
