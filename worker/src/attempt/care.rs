//! What an attempt does for the workspace beside its stage: what is no more is removed before it, the champion's link is moved after it.
//!
//! Nothing of it makes a stage fail: what did not go is a warning in the log.

use crate::artifact::{clean_unfinished, remove_folder, remove_for_good, remove_version, replace_link};
use camino::Utf8Path;
use std::io;
use tracing::{info, warn};
use trainyard_contract::document::{NextChampion, Tidy};
use trainyard_contract::layout::{self, CHAMPION_LINK, EVALUATIONS, RUNS};
use trainyard_contract::result::Outcome;
use trainyard_contract::{ModelVersionName, StageDocument, StageResult};

/// Removes what the document says, and moves the champion's link to where it belongs.
pub(super) fn tidy(document: &StageDocument) {
    let Some(Tidy {
        runs,
        versions,
        champion,
    }) = &document.tidy
    else {
        return;
    };
    let models = document.workspace.join(layout::models_folder(&document.pipeline));
    if let Some(champion) = champion {
        link(&models, champion);
    }
    let all_runs = document.workspace.join(RUNS);
    let own = layout::run_folder(&document.run, &document.run_uid);
    for run in runs.iter().filter(|run| own.file_name() != Some(run.as_str())) {
        told(run, remove_folder(&all_runs, run));
    }
    for version in versions.iter().filter(|version| !is_in_use(document, &models, version)) {
        told(version.as_str(), remove_version(&models, version));
    }
    // What a tidying that was cut off has left as well.
    for folder in [&all_runs, &models, &models.join(EVALUATIONS)] {
        for (path, error) in remove_for_good(folder) {
            warn!(%error, "cannot remove `{path}`");
        }
    }
    clean_unfinished(&document.workspace);
    if !runs.is_empty() || !versions.is_empty() {
        info!(runs = runs.len(), versions = versions.len(), "workspace tidied");
    }
}

/// Moves the champion's link, where the attempt succeeded and was the last of its run.
pub(super) fn crown(document: &StageDocument, result: &StageResult) {
    if result.outcome != Outcome::Succeeded {
        return;
    }
    let champion = match &document.next_champion {
        None => return,
        Some(NextChampion::Version(version)) => Some(version),
        Some(NextChampion::Made) => result.model_version.as_ref().map(|made| &made.version),
    };
    if let Some(champion) = champion {
        link(
            &document.workspace.join(layout::models_folder(&document.pipeline)),
            champion,
        );
    }
}

/// The link is a copy for readers of the volume; who looks after the pipelines knows better.
fn link(models: &Utf8Path, champion: &ModelVersionName) {
    if !models.join(champion.as_str()).is_dir() {
        warn!(%champion, "the champion's folder is not there: its link stays as it is");
        return;
    }
    let link = models.join(CHAMPION_LINK);
    if let Err(error) = replace_link(&link, champion.as_str().into()) {
        warn!(%error, "cannot move the link `{link}`");
    }
}

/// Whoever asked for it may know less than the volume.
fn is_in_use(document: &StageDocument, models: &Utf8Path, version: &ModelVersionName) -> bool {
    let link = models.join(CHAMPION_LINK).read_link_utf8().ok();
    let told = document.tidy.as_ref().and_then(|tidy| tidy.champion.as_ref());
    let is_champion = told == Some(version) || link.is_some_and(|target| target == version.as_str());
    let is_made_now = document.model_version.as_ref() == Some(version);
    let is_read_now = document.model.as_ref().is_some_and(|model| model.version == *version);
    is_champion || is_made_now || is_read_now
}

fn told(name: &str, removed: io::Result<()>) {
    if let Err(error) = removed {
        warn!(name, %error, "cannot be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::fs;
    use trainyard_contract::FailureClass;

    const OLD: &str = "model_20260221_104700";
    const USED: &str = "model_20260222_104700";
    const NEW: &str = "model_20260223_104700";

    struct Yard {
        folder: tempfile::TempDir,
    }

    impl Yard {
        fn new() -> Self {
            let yard = Self {
                folder: tempfile::tempdir().unwrap(),
            };
            for file in [
                "runs/r0-0d3791c7/train/1/stage.log",
                "runs/r1-0d3791c8/train/1/stage.log",
                "runs/other-0d3791c9/train/1/stage.log",
                "models/iris/evaluations/model_20260221_104700/r0-check/metrics.json",
                "models/iris/model_20260221_104700/model.json",
                "models/iris/model_20260222_104700/model.json",
                "models/iris/model_20260223_104700/model.json",
                "models/tulips/model_20260221_104700/model.json",
            ] {
                let file = yard.path().join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, "x").unwrap();
            }
            let link = yard.path().join("models/iris/model_20260221_104700.pkl");
            std::os::unix::fs::symlink("model_20260221_104700/model.pkl", link).unwrap();
            yard
        }

        fn path(&self) -> &Utf8Path {
            Utf8Path::from_path(self.folder.path()).unwrap()
        }

        fn document(&self, parts: &Value) -> StageDocument {
            let mut document = json!({
                "run": "r1", "runUid": "0d3791c8-0000-4000-8000-000000000001", "pipeline": "iris", "stage": "extract", "attempt": 1,
                "spec": {"validate": {}}, "workspace": self.path(),
            });
            document
                .as_object_mut()
                .unwrap()
                .extend(parts.as_object().unwrap().clone());
            serde_json::from_value(document).unwrap()
        }

        fn champion(&self) -> Option<String> {
            let link = self.path().join("models/iris/champion").read_link_utf8().ok();
            link.map(|target| target.to_string())
        }

        fn names(&self, folder: &str) -> Vec<String> {
            let entries = self.path().join(folder).read_dir_utf8().unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_owned()).collect();
            names.sort();
            names
        }
    }

    #[test]
    fn what_is_no_more_goes_and_nothing_else() {
        let yard = Yard::new();
        // Left by a tidying that was cut off.
        fs::create_dir_all(yard.path().join("runs/.removed-r9-0d379199/train")).unwrap();
        let names = [
            "r0-0d3791c7",
            "r1-0d3791c8",
            "gone-0d3791d0",
            "..",
            "../models",
            ".",
            "",
            ".removed-x",
            "r\0",
        ];
        let document = yard.document(&json!({"tidy": {"runs": names, "versions": [OLD, USED, NEW], "champion": USED}}));
        for _ in 0..2 {
            tidy(&document);
            // Its own run stays, and one that it was not told of.
            assert_eq!(yard.names("runs"), ["other-0d3791c9", "r1-0d3791c8"]);
            assert_eq!(yard.names("models/iris"), ["champion", "evaluations", USED]);
            assert_eq!(yard.names("models/iris/evaluations"), [""; 0]);
            assert_eq!(yard.names("models/tulips"), [OLD]);
        }
        assert_eq!(yard.champion().as_deref(), Some(USED));
    }

    #[test]
    fn what_is_made_or_read_now_stays() {
        let yard = Yard::new();
        let model = json!({"version": USED, "folder": "models/iris/model_20260222_104700"});
        let document = yard.document(&json!({
            "tidy": {"versions": [OLD, USED, NEW]}, "modelVersion": NEW, "model": model,
        }));
        tidy(&document);
        assert_eq!(yard.names("models/iris"), ["evaluations", USED, NEW]);
    }

    #[test]
    fn the_last_stage_moves_the_link_when_it_succeeded() {
        let yard = Yard::new();
        let succeeded = StageResult::ended(Outcome::Succeeded);
        let failed = StageResult::failed(FailureClass::Data, "bad", "");
        crown(&yard.document(&json!({})), &succeeded);
        crown(&yard.document(&json!({"nextChampion": {"Version": NEW}})), &failed);
        crown(
            &yard.document(&json!({"nextChampion": {"Version": "model_20260229_000000"}})),
            &succeeded,
        );
        crown(&yard.document(&json!({"nextChampion": "Made"})), &succeeded);
        assert_eq!(yard.champion(), None, "nothing that could be it");
        crown(&yard.document(&json!({"nextChampion": {"Version": NEW}})), &succeeded);
        assert_eq!(yard.champion().as_deref(), Some(NEW));
        let made: StageResult = serde_json::from_value(json!({
            "outcome": "Succeeded", "attempt": 1,
            "modelVersion": {"version": USED, "path": "models/iris/model_20260222_104700", "sha256": "0".repeat(64)},
        }))
        .unwrap();
        crown(&yard.document(&json!({"nextChampion": "Made"})), &made);
        assert_eq!(yard.champion().as_deref(), Some(USED));
    }
}
