//! Two pods of one attempt, as a node that comes back and a Job that has given it up can leave them, end in one artifact and one
//! model.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{ObjectMeta, PostParams};
use trainyard_e2e::vocabulary::{Namespace, StageOfRun, in_namespace, pipeline};

/// The labels by which the Job finds its pods: it would end a second one.
const OF_THE_JOB: [&str; 4] = [
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

/// Starts a pod that does what the pod of this attempt does.
async fn start_a_second_pod(ns: &Namespace, stage: &StageOfRun<'_>) -> String {
    let first = stage.pod_that_says(1, "sleeps").await;
    let mut labels = first.labels().clone();
    labels.retain(|name, _| !OF_THE_JOB.contains(&name.as_str()));
    let mut spec = first.spec.clone().unwrap();
    spec.node_name = None;
    let second = Pod {
        metadata: ObjectMeta {
            name: Some(format!("{}-again", first.name_any())),
            labels: Some(labels),
            annotations: first.metadata.annotations.clone(),
            ..ObjectMeta::default()
        },
        spec: Some(spec),
        status: None,
    };
    let created = ns.api::<Pod>().create(&PostParams::default(), &second).await;
    created.unwrap().name_any()
}

#[tokio::test]
async fn end_in_one_artifact_and_one_model() {
    in_namespace(async |ns| {
        // Both sleep, then both work at the same moment.
        ns.apply(pipeline("iris").misbehaves("train", "sleep:3:1")).await;
        let run = ns.start("iris").await;
        let second = start_a_second_pod(ns, &run.stage("train")).await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 1)]);
        let ended = |pod: &Pod| {
            pod.status
                .as_ref()
                .is_some_and(|status| status.phase.as_deref() == Some("Succeeded"))
        };
        ns.wait_for(&second, "the second pod works to its end", ended).await;
        let [version] = &ns.model_versions().await[..] else {
            panic!("one run makes one model version")
        };
        let volume = ns.volume("trainyard").await;
        let folders = volume
            .names("models/iris")
            .into_iter()
            .filter(|name| volume.path("models/iris").join(name).is_dir());
        let folders: Vec<_> = folders.filter(|name| name.starts_with("model_")).collect();
        assert_eq!(folders, [version.spec.version.as_str()]);
        assert_eq!(volume.names(format!("{}/train", run.folder())), ["1"]);
        assert!(volume.unfinished().is_empty(), "{:?}", volume.unfinished());
        let model = volume.sha256(format!("{}/manifest.json", version.spec.path));
        assert_eq!(version.spec.digest, format!("sha256:{model}"));
    })
    .await;
}
