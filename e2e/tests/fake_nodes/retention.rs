//! What is finished does not pile up: runs and versions beyond what is kept go, the Jobs of finished runs go, and nothing else does.

use k8s_openapi::api::batch::v1::Job;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use std::collections::BTreeSet;
use trainyard_crds::v1alpha1::{MLPipeline, MLPipelineStatus, ModelVersion, PipelineRun, REMOVED_FOLDERS_MAX};
use trainyard_e2e::vocabulary::{Namespace, Run, in_namespace_on_fake_nodes, on_fake_nodes_of_its_own, pipeline};
use trainyard_engine::RunPhase;

/// The names of the runs that there are.
async fn runs(ns: &Namespace) -> BTreeSet<String> {
    let runs = ns.list::<PipelineRun>("").await;
    runs.into_iter().map(|run| run.metadata.name.unwrap()).collect()
}

async fn wait_for_end_of(ns: &Namespace, run: &Run<'_>) {
    ns.wait_for_end_of::<PipelineRun>(run.name()).await;
}

/// The folders that wait for their removal, once there are this many of them.
async fn removed_folders(ns: &Namespace, count: usize) -> Vec<String> {
    let paths = |status: &MLPipelineStatus| -> Vec<String> {
        status
            .removed_folders
            .iter()
            .map(|folder| folder.path.clone())
            .collect()
    };
    let has = |pipeline: &MLPipeline| {
        pipeline
            .status
            .as_ref()
            .is_some_and(|status| paths(status).len() == count)
    };
    let found = ns
        .wait_for("iris", &format!("{count} folders wait for their removal"), has)
        .await;
    paths(&found.status.unwrap())
}

#[tokio::test]
async fn only_the_newest_runs_that_the_operator_made_and_those_of_people_stay() {
    in_namespace_on_fake_nodes(async |ns| {
        let manifest = pipeline("iris")
            .set("retention", json!({"successfulRuns": 2}))
            .on_fake_nodes();
        ns.apply(&manifest).await;
        let by_hand = ns.start_named("by-hand", "iris").await;
        by_hand.succeeds().await;
        let mut made = Vec::new();
        for token in ["a", "b", "c"] {
            let run = ns.trigger_newer("iris", token).await;
            run.succeeds().await;
            made.push(run);
        }
        wait_for_end_of(ns, &made[0]).await;
        // Written down before the run went, and removed by the next run's first stage.
        assert_eq!(removed_folders(ns, 1).await, [made[0].folder()]);
        ns.kubectl(&format!("label prun {} trainyard.dev/keep=true", made[1].name()))
            .await;
        for token in ["d", "e"] {
            let run = ns.trigger_newer("iris", token).await;
            run.succeeds().await;
            made.push(run);
        }
        wait_for_end_of(ns, &made[2]).await;
        assert_eq!(removed_folders(ns, 1).await, [made[2].folder()]);
        let kept = [&by_hand, &made[1], &made[3], &made[4]].map(|run| run.name().to_owned());
        assert_eq!(runs(ns).await, BTreeSet::from(kept));
        assert_eq!(
            ns.model_versions().await.len(),
            6,
            "nobody said anything about versions"
        );
    })
    .await;
}

/// Where nobody has removed a folder for very long the oldest entries make room: no object stays for it.
#[tokio::test]
async fn a_full_list_of_removed_folders_stalls_nothing() {
    in_namespace_on_fake_nodes(async |ns| {
        let keeps_one = json!({"successfulRuns": 1});
        ns.apply(pipeline("iris").set("retention", keeps_one).on_fake_nodes())
            .await;
        let first = ns.trigger("iris", "a").await;
        first.succeeds().await;
        // Of a claim that no run mounts any more.
        let gone = |number| json!({"claimName": "elsewhere", "path": format!("runs/gone-{number:08}")});
        let full: Vec<_> = (0..REMOVED_FOLDERS_MAX).map(gone).collect();
        let status = Patch::Merge(json!({"status": {"removedFolders": full}}));
        let pipelines = ns.api::<MLPipeline>();
        let written = pipelines.patch_status("iris", &PatchParams::default(), &status).await;
        written.unwrap();
        ns.trigger_newer("iris", "b").await.succeeds().await;
        wait_for_end_of(ns, &first).await;
        let folders = removed_folders(ns, REMOVED_FOLDERS_MAX).await;
        assert_eq!(folders.last(), Some(&first.folder()));
        assert_eq!(folders.first().map(String::as_str), Some("runs/gone-00000001"));
    })
    .await;
}

#[tokio::test]
async fn old_versions_go_but_never_the_champion() {
    in_namespace_on_fake_nodes(async |ns| {
        let keeps_two = json!({"successfulRuns": 10, "modelVersions": 2});
        ns.apply(pipeline("iris").set("retention", keeps_two).on_fake_nodes())
            .await;
        let mut made = Vec::new();
        for token in ["a", "b", "c", "d"] {
            let run = ns.trigger_newer("iris", token).await;
            made.push(run.succeeds().await.model().to_owned());
        }
        let names = |versions: &[ModelVersion]| -> Vec<String> {
            versions
                .iter()
                .map(|version| version.spec.version.to_string())
                .collect()
        };
        let object = |version: &str| format!("iris-{}", version.trim_start_matches("model_").replace('_', "-"));
        ns.wait_for_end_of::<ModelVersion>(&object(&made[1])).await;
        assert_eq!(names(&ns.model_versions().await), made[2..]);
        assert_eq!(removed_folders(ns, 1).await, [format!("models/iris/{}", made[1])]);
        // The champion is one of those that are kept.
        ns.apply(
            pipeline("iris")
                .set("retention", json!({"modelVersions": 1}))
                .on_fake_nodes(),
        )
        .await;
        ns.wait_for_end_of::<ModelVersion>(&object(&made[2])).await;
        assert_eq!(names(&ns.model_versions().await), made[3..]);
        assert_eq!(
            ns.pipeline("iris").await.status.unwrap().champion.as_ref(),
            Some(&made[3])
        );
    })
    .await;
}

/// The version that a fake node makes in the place of the one that it was told: `e2e/fake-nodes/stages.yaml`.
fn made_on_a_fake_node(told: &str, run_uid: &str) -> String {
    // Adler-32, as the templates of kwok have it.
    const MODULUS: u32 = 65_521;
    let (low, high) = run_uid.bytes().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    format!("{told}_{}", high << 16 | low)
}

/// A version of the same name lies on another claim: the champion is the one that the run has made.
#[tokio::test]
async fn of_two_volumes_versions_of_one_name_the_right_one_is_marked() {
    on_fake_nodes_of_its_own("volumes", async |ns| {
        ns.apply(pipeline("iris").misbehaves("train", "sleep:10:1").on_fake_nodes())
            .await;
        let run = ns.start("iris").await;
        run.stage("train").pod_that_runs(1).await;
        ns.cluster().kill_operator().await;
        // Its name is known by now, and nobody has made it known.
        let jobs = run.jobs().await;
        let mut told = jobs
            .iter()
            .filter_map(|job| job.metadata.labels.as_ref()?.get("trainyard.dev/model-version"));
        let version = made_on_a_fake_node(told.next().unwrap(), run.uid());
        let name = format!("iris-{}", version.trim_start_matches("model_").replace('_', "-"));
        let elsewhere = json!({
            "apiVersion": "trainyard.dev/v1alpha1",
            "kind": "ModelVersion",
            "metadata": {"name": name, "labels": {"trainyard.dev/pipeline": "iris"}},
            "spec": {
                "pipeline": "iris",
                "version": version,
                "path": format!("models/iris/{version}"),
                "claimName": "elsewhere",
                "run": "earlier",
                "runUid": "00000000",
                "stage": "train",
                "digest": format!("sha256:{}", "0".repeat(64)),
            },
        });
        ns.apply(elsewhere).await;
        ns.cluster().start_operator();
        run.succeeds().await;
        let own = format!("{name}-{}", &run.uid()[..4]);
        let is_champion = |version: &ModelVersion| version.status.as_ref().is_some_and(|status| status.champion);
        ns.wait_for(&own, "the run's own version is marked", is_champion).await;
        let other = ns.api::<ModelVersion>().get(&name).await.unwrap();
        assert!(!is_champion(&other), "{:?}", other.status);
    })
    .await;
}

#[tokio::test]
async fn the_jobs_of_a_finished_run_go_when_a_newer_one_has_ended() {
    on_fake_nodes_of_its_own("jobs", async |ns| {
        ns.apply(pipeline("iris").on_fake_nodes()).await;
        let first = ns.trigger("iris", "a").await;
        first.succeeds().await;
        let second = ns.trigger_newer("iris", "b").await;
        second.succeeds().await;
        assert_eq!((first.jobs().await.len(), second.jobs().await.len()), (3, 3), "not yet");
        ns.cluster().set_clock("2126-01-01T00:00:00Z");
        let of_first = first.uid().to_owned();
        for job in first.jobs().await {
            ns.wait_for_end_of::<Job>(&job.metadata.name.unwrap()).await;
        }
        assert_eq!(
            ns.list::<Job>(&format!("trainyard.dev/run-uid={of_first}")).await.len(),
            0
        );
        assert_eq!(second.jobs().await.len(), 3, "the newest run's logs can still be read");
        assert_eq!(first.now().await.phase(), RunPhase::Succeeded);
    })
    .await;
}

#[tokio::test]
async fn a_copy_of_a_finished_run_is_another_run() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(pipeline("iris").on_fake_nodes()).await;
        let run = ns.start_named("by-hand", "iris").await;
        run.succeeds().await;
        let mut copy = ns.api::<PipelineRun>().get("by-hand").await.unwrap();
        copy.metadata.name = Some("once-more".to_owned());
        copy.metadata.resource_version = None;
        copy.metadata.uid = None;
        let created = ns
            .api::<PipelineRun>()
            .create(&kube::api::PostParams::default(), &copy)
            .await;
        created.unwrap();
        let copy = ns.run("once-more").await;
        copy.succeeds().await;
        assert_eq!(copy.jobs().await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_refused_makes_its_pipeline_unhealthy() {
    in_namespace_on_fake_nodes(async |ns| {
        let needs_a_region = json!([{"name": "region"}]);
        ns.apply(pipeline("iris").set("parameters", needs_a_region).on_fake_nodes())
            .await;
        ns.trigger("iris", "a").await.fails().await;
        let is_unhealthy = |pipeline: &MLPipeline| {
            let status = pipeline.status.as_ref();
            let mut conditions = status.iter().flat_map(|status| &status.conditions);
            let unhealthy = conditions.any(|c| c.type_ == "Healthy" && c.status == "False" && c.reason == "Config");
            unhealthy && status.is_some_and(|status| status.message.contains("has no default"))
        };
        ns.wait_for("iris", "the pipeline says why its runs fail", is_unhealthy)
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_run_that_a_backup_brings_back_without_its_status_does_not_run_again() {
    in_namespace_on_fake_nodes(async |ns| {
        ns.apply(pipeline("iris").on_fake_nodes()).await;
        let run = ns.start_named("by-hand", "iris").await;
        run.succeeds().await;
        let mut backup = ns.api::<PipelineRun>().get("by-hand").await.unwrap();
        ns.kubectl("delete prun by-hand --wait").await;
        backup.status = None;
        backup.metadata.resource_version = None;
        backup.metadata.uid = None;
        let restored = ns
            .api::<PipelineRun>()
            .create(&kube::api::PostParams::default(), &backup)
            .await;
        restored.unwrap();
        let restored = ns.run("by-hand").await;
        restored.succeeds().await;
        assert_eq!(restored.jobs().await.len(), 0);
        restored.says("it does not run again").await;
    })
    .await;
}
