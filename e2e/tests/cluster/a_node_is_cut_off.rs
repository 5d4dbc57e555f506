//! A node that nobody hears of while its stages go on there, on a volume that other nodes use as well: each stage runs elsewhere too, and
//! whether the one that was cut off ends before the other one, after it, or when its node is heard of again, there is one model.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use trainyard_e2e::vocabulary::{
    Counted, Namespace, PipelineManifest, Run, Volume, left_out, on_two_nodes_of_its_own, pipeline,
};
use trainyard_engine::RunPhase;

const INSTALL: &str = "install trainyard charts/trainyard --values charts/local-images.yaml --wait --timeout 120s";
/// The operator's own node stays.
const ON_NODE_A: &str = r"--set operator.nodeSelector.kubernetes\.io/hostname=node-a";
/// The node counts as lost after 8 s, its pods tolerate that for 60 s and get 30 s to end, and the kubelet 10 s to say so. In seconds.
const NOTICED_WITHIN: u64 = 240;

/// Its `train` waits in its first attempt until a file of its name is there.
fn waiting(name: &str) -> PipelineManifest {
    pipeline(name)
        .misbehaves("train", &format!("waits:go-{name}:1"))
        .set("retry.limit", 0)
}

/// It went on elsewhere, at no cost.
async fn goes_on_elsewhere(run: &Run<'_>) {
    let end = run.ends_within(NOTICED_WITHIN).await;
    assert_eq!(end.phase(), RunPhase::Succeeded, "{}", end.message());
    assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 2)]);
    let spent = end.stage("train").spent;
    assert_eq!(
        (spent.evictions, spent.limit),
        (1, 0),
        "the user pays nothing: {spent:?}"
    );
}

/// It has made one model, whole, and listed it once.
async fn made_one_model(ns: &Namespace, volume: &Volume, pipeline: &str) {
    let versions = ns.model_versions().await;
    let of_pipeline: Vec<_> = versions
        .iter()
        .filter(|one| one.spec.pipeline.as_str() == pipeline)
        .collect();
    assert_eq!(of_pipeline.len(), 1, "pipeline `{pipeline}` makes one model version");
    let version = of_pipeline.first().unwrap();
    let mut folders = volume.names(format!("models/{pipeline}"));
    folders.retain(|name| name.starts_with("model_"));
    assert_eq!(folders, [version.spec.version.as_str()]);
    let manifest = volume.sha256(format!("{}/manifest.json", version.spec.path));
    assert_eq!(version.spec.digest, format!("sha256:{manifest}"));
}

#[tokio::test]
async fn whoever_ends_first_there_is_one_model() {
    if left_out("a lost node counts as lost after minutes") {
        return;
    }
    on_two_nodes_of_its_own("cut", async |ns| {
        ns.helm(&format!("{INSTALL} {ON_NODE_A}")).await;
        let volume = ns.volume_of_all_nodes("trainyard").await;
        ns.kubectl("cordon node-a").await;
        let names = ["before", "after", "never"];
        for name in names {
            ns.apply(waiting(name)).await;
        }
        let [before, after, never] = names.map(|name| ns.start(name));
        let (before, after, never) = tokio::join!(before, after, never);
        let mut lost = Vec::new();
        for run in [&before, &after, &never] {
            lost.push(run.stage("train").pod_that_says(1, "waits").await.name_any());
        }
        ns.kubectl("uncordon node-a").await;
        ns.cluster().unplug("node-b");

        // It works to its end, and nobody hears of it.
        volume.write("go-before", "");
        volume
            .has_before_long(format!("{}/train/1/result.json", before.folder()))
            .await;
        for run in [&before, &after, &never] {
            goes_on_elsewhere(run).await;
        }
        // The run is over; what was cut off works to its end only now.
        volume.write("go-after", "");
        volume
            .has_before_long(format!("{}/train/1/result.json", after.folder()))
            .await;

        ns.cluster().plug_in("node-b");
        for pod in lost {
            ns.wait_for_end_of::<Pod>(&pod).await;
        }
        for name in names {
            made_one_model(ns, &volume, name).await;
        }
        assert!(
            !volume.has(format!("{}/train/1", never.folder())),
            "it was told to stop"
        );
        assert!(volume.unfinished().is_empty(), "{:?}", volume.unfinished());
        Counted::borne(
            "a node is cut off, its stages go on, and others begin elsewhere",
            ("node cut off", 1),
            3,
        );
    })
    .await;
}
