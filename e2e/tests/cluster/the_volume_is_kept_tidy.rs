//! What retention has removed goes from the volume with the next run, and the champion's link leads to the champion.

use serde_json::json;
use trainyard_crds::v1alpha1::PipelineRun;
use trainyard_e2e::vocabulary::{Volume, in_namespace, pipeline};

#[tokio::test]
async fn folders_go_with_their_objects_and_the_link_follows_the_champion() {
    in_namespace(async |ns| {
        let one = json!({"successfulRuns": 1, "modelVersions": 1});
        ns.apply(pipeline("iris").set("retention", one)).await;
        let mut models = Vec::new();
        let mut folders = Vec::new();
        let mut names = Vec::new();
        for token in ["a", "b", "c"] {
            let run = ns.trigger("iris", token).await;
            let end = run.succeeds().await;
            names.push(run.name().to_owned());
            models.push(end.model().to_owned());
            folders.push(run.folder().trim_start_matches("runs/").to_owned());
            // The last stage of the run has moved it, in the moment in which it ended.
            let volume = ns.volume("trainyard").await;
            assert_eq!(link(&volume), end.model());
            if token != "c" {
                continue;
            }
            // Those that went at the end of the first run were removed by the third; those of the second wait for a fourth.
            ns.wait_for_end_of::<PipelineRun>(&names[1]).await;
            assert_eq!(volume.names("runs"), sorted([&folders[1], &folders[2]]));
            let found: Vec<_> = volume
                .names("models/iris")
                .into_iter()
                .filter(|name| !name.contains("pkl"))
                .collect();
            assert_eq!(found, sorted([&models[1], &models[2], "champion"]));
            assert_eq!(volume.unfinished(), Vec::<String>::new());
        }
    })
    .await;
}

fn link(volume: &Volume) -> String {
    let link = volume.path("models/iris/champion").read_link_utf8();
    link.unwrap().to_string()
}

fn sorted<const N: usize>(names: [&str; N]) -> Vec<String> {
    let mut names = names.map(str::to_owned).to_vec();
    names.sort();
    names
}
