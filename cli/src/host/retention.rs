//! Which runs a workspace keeps: the newest of those that Succeeded and of the others, a number of each by pipeline.
//!
//! Only runs whose end is written down are removed, and those whose process is gone without one. Never one that runs.
//! Of model versions the newest go on, and the champion, where the manifest says a number.

use super::run_folders::{self, RunFolder, RunSummary};
use super::run_name;
use super::workspace::Workspace;
use std::cmp::Reverse;
use trainyard_contract::result::MadeModelVersion;
use trainyard_contract::{ModelVersionName, PipelineName, RunName, layout};
use trainyard_engine::retention::{Retention, surplus_versions};
use trainyard_worker::artifact::{remove_folder, remove_for_good, remove_version};

/// Removes the runs of `pipeline` beyond `retention`, but never the run `kept`, of which people were just told. What cannot be
/// removed stays for the next time.
pub fn remove_old_runs(workspace: &Workspace, pipeline: &PipelineName, kept: &RunName, retention: Retention) {
    let Ok(folders) = run_folders::all(workspace) else {
        return;
    };
    let mut ended = folders.into_iter().filter_map(|folder| {
        let summary = folder
            .summary()
            .filter(|summary| summary.pipeline == pipeline.as_str())?;
        let is_over = summary.ended_at.is_some() || !run_name::is_live(workspace, &folder.run);
        is_over.then_some((folder, summary))
    });
    let old = too_old(&mut ended, retention);
    for (folder, _) in old.iter().filter(|(folder, _)| folder.run != *kept) {
        remove(workspace, pipeline, folder);
    }
    let _ = remove_for_good(&workspace.join(layout::RUNS));
}

/// Removes the model versions of `pipeline` beyond `retention`, but never the champion, nor the one that the run has just made. What
/// cannot be removed stays for the next time.
pub fn remove_old_versions(
    workspace: &Workspace,
    pipeline: &PipelineName,
    made: Option<&MadeModelVersion>,
    retention: Retention,
) {
    let models = workspace.join(layout::models_folder(pipeline));
    let champion = models.join(layout::CHAMPION_LINK).read_link_utf8().ok();
    let champion = champion.and_then(|link| ModelVersionName::parse(link.as_str()).ok());
    let names = run_folders::names_in(&models).into_iter();
    let versions = names.filter_map(|name| ModelVersionName::parse(name).ok()).collect();
    let needed = |version: &ModelVersionName| {
        champion.as_ref() == Some(version) || made.is_some_and(|made| made.version == *version)
    };
    for version in surplus_versions(versions, retention, needed) {
        let _ = remove_version(&models, &version);
    }
    for folder in [&models, &models.join(layout::EVALUATIONS)] {
        let _ = remove_for_good(folder);
    }
}

/// Those beyond the kept ones. The newest are kept.
fn too_old(
    ended: &mut dyn Iterator<Item = (RunFolder, RunSummary)>,
    retention: Retention,
) -> Vec<(RunFolder, RunSummary)> {
    let (mut succeeded, mut others): (Vec<_>, Vec<_>) = ended.partition(|(_, summary)| summary.succeeded);
    let mut old = Vec::new();
    for (runs, kept) in [(&mut succeeded, retention.succeeded), (&mut others, retention.others)] {
        runs.sort_by_cached_key(|(_, summary)| Reverse(summary.started_at.clone()));
        old.extend(runs.drain(kept.min(runs.len())..));
    }
    old
}

/// Its name is free once its folder is out of sight.
fn remove(workspace: &Workspace, pipeline: &PipelineName, folder: &RunFolder) {
    if remove_folder(&workspace.join(layout::RUNS), &folder.name).is_ok() {
        run_name::release(workspace, pipeline, &folder.run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;
    use std::fs;

    fn run(workspace: &Workspace, pipeline: &str, number: u32, succeeded: bool, ended: bool) -> String {
        let name = format!("{pipeline}-{number}");
        let folder = workspace.join(format!("runs/{name}-5f0c2a9{number}"));
        fs::create_dir_all(&folder).unwrap();
        let ended = if ended { r#""2026-11-24T05:30:09.000Z""# } else { "null" };
        let record = format!(
            r#"{{"pipeline": "{pipeline}", "startedAt": "2026-11-24T05:30:0{number}.000Z", "endedAt": {ended}, "succeeded": {succeeded}}}"#
        );
        fs::write(folder.join("run.json"), record).unwrap();
        name
    }

    #[test]
    fn the_newest_of_each_kind_are_kept_and_what_runs_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(Utf8Path::from_path(folder.path())).unwrap();
        let iris = PipelineName::parse("iris").unwrap();
        let live = run_name::claim(&workspace, &iris).unwrap();
        assert_eq!(run(&workspace, "iris", 1, false, false), live.run.as_str());
        for (number, succeeded, ended) in [(2, true, true), (3, false, true), (4, false, false), (5, true, true)] {
            run(&workspace, "iris", number, succeeded, ended);
        }
        run(&workspace, "other", 6, true, true);
        fs::create_dir_all(workspace.join("runs/.removed-iris-0-5f0c2a90/x")).unwrap();
        remove_old_runs(
            &workspace,
            &iris,
            &live.run,
            Retention {
                succeeded: 1,
                others: 1,
                model_versions: None,
            },
        );
        let mut names = run_folders::names_in(&workspace.join("runs"));
        names.sort_unstable();
        let wanted = [
            ".names",
            "iris-1-5f0c2a91",
            "iris-4-5f0c2a94",
            "iris-5-5f0c2a95",
            "other-6-5f0c2a96",
        ];
        assert_eq!(names, wanted);
    }
}
