//! What a stage gets from a Secret is in its environment and nowhere else: not in what the operator and the stages log, not in an object,
//! an event or a pod, not in a file of the volume, whether the stage succeeds or fails.

use serde_json::json;
use trainyard_e2e::vocabulary::{Namespace, PipelineManifest, in_namespace, pipeline};

const VALUE: &str = "hunter2-Tr0ub4dor-3x9q";
/// It as the Secret holds it.
const ENCODED: &str = "aHVudGVyMi1UcjB1YjRkb3ItM3g5cQ==";

/// Every stage has the Secret in its environment.
fn with_secret(manifest: PipelineManifest) -> PipelineManifest {
    let reference = json!([{
        "name": "STORE_PASSWORD",
        "valueFrom": {"secretKeyRef": {"name": "store", "key": "password"}},
    }]);
    manifest.set("worker.env", reference)
}

/// All that is told of a namespace, each with where it stands; the Secret itself is left out.
async fn everything_told(ns: &Namespace) -> Vec<(&'static str, String)> {
    let kinds =
        "mlpipelines,pipelineruns,modelversions,controllerrevisions,configmaps,persistentvolumeclaims,jobs,pods";
    vec![
        (
            "the objects",
            ns.kubectl(&format!("get {kinds} --output yaml --show-managed-fields"))
                .await,
        ),
        ("the events", ns.kubectl("get events --output yaml").await),
        (
            "the newer events",
            ns.kubectl("get events.events.k8s.io --output yaml").await,
        ),
        (
            "what people read",
            ns.kubectl("describe mlpipelines,pipelineruns,jobs,pods").await,
        ),
        (
            "the logs of the stages",
            ns.kubectl("logs --selector trainyard.dev/run --all-containers --tail -1 --max-log-requests 50")
                .await,
        ),
        ("the operator's log", ns.cluster().operator_log()),
    ]
}

#[tokio::test]
async fn the_value_of_a_secret_is_found_nowhere() {
    in_namespace(async |ns| {
        let volume = ns.local_volume("trainyard").await;
        // By `create`: `apply` keeps a copy in an annotation, of which nobody but kubectl knows.
        ns.kubectl(&format!("create secret generic store --from-literal=password={VALUE}"))
            .await;
        assert!(ns.kubectl("get secret store --output yaml").await.contains(ENCODED));
        // One succeeds, one has bad data, the program of one fails, and that of the last one fails once.
        ns.apply(with_secret(pipeline("good"))).await;
        ns.apply(with_secret(
            pipeline("bad").rows("age,salary,target\n25,,0\n30,60000,1\n"),
        ))
        .await;
        ns.apply(with_secret(pipeline("broken").misbehaves("train", "exit:13:9")))
            .await;
        ns.apply(with_secret(pipeline("again").misbehaves("validate", "exit:12:1")))
            .await;
        let [good, bad, broken, again] = ["good", "bad", "broken", "again"].map(|name| ns.start(name));
        let (good, bad, broken, again) = tokio::join!(good, bad, broken, again);
        tokio::join!(good.succeeds(), bad.fails(), broken.fails(), again.succeeds());
        // The stages did have it.
        let pod = ns
            .kubectl("get pods --selector trainyard.dev/stage=extract --output yaml")
            .await;
        assert!(pod.contains("secretKeyRef") && pod.contains("STORE_PASSWORD"), "{pod}");
        for (place, told) in everything_told(ns).await {
            assert!(told.len() > 100, "{place}: there is something to look through: {told}");
            for never in [VALUE, ENCODED] {
                let lines: Vec<_> = told.lines().filter(|line| line.contains(never)).collect();
                assert!(lines.is_empty(), "{place}: {lines:?}");
            }
        }
        for never in [VALUE, ENCODED] {
            assert!(volume.files_with(never).is_empty(), "{:?}", volume.files_with(never));
        }
        // What it looks for is found where it is.
        volume.write("deep/inside", format!("of {VALUE}!"));
        assert_eq!(volume.files_with(VALUE), [volume.path("deep/inside")]);
    })
    .await;
}
