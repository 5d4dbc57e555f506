//! Which model versions a workspace holds, read from their folders: the only index there is.
//!
//! Not here: whether a version's files are whole (`predict` checks the digests when it reads a model).

use super::workspace::{READ, Workspace, WorkspaceError};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use trainyard_contract::{ModelVersionName, layout};

/// What is known about a model version.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelVersion {
    /// Whose it is.
    pub pipeline: String,
    /// Its name.
    pub version: ModelVersionName,
    /// Whether it is the version in use.
    pub champion: bool,
    /// When it was made, as RFC 3339.
    pub created_at: Option<String>,
    /// Rows that it was trained on.
    pub rows: Option<u64>,
    /// How good it was when it was trained.
    pub measured: Option<Measured>,
    /// Whether the solver reached the optimum.
    pub converged: Option<bool>,
    /// The run that made it.
    pub run: Option<String>,
    /// Its folder, absolute.
    pub path: Utf8PathBuf,
}

/// One metric of a model version, and the rows that it is of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// `roc_auc`, or `accuracy` where the rows allow no area.
    pub metric: &'static str,
    /// Its value.
    pub value: f64,
    /// `holdout`: rows that the model had not seen. `training`: the very rows that it was trained on.
    pub data: String,
    /// How many they are.
    pub rows: u64,
}

/// A folder that looks like a model version and is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The file or folder.
    pub path: Utf8PathBuf,
    /// Why.
    pub message: String,
}

/// The pipelines that have models, sorted; none where the workspace has no `models/`.
pub fn pipelines(workspace: &Workspace) -> Result<Vec<String>, WorkspaceError> {
    let folder = workspace.join(layout::MODELS);
    let mut names = match names_in(&folder) {
        Ok(names) => names,
        Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(e) => return Err(WorkspaceError::of(READ, folder)(e)),
    };
    names.retain(|name| !name.starts_with('.') && folder.join(name).is_dir());
    names.sort_unstable();
    Ok(names)
}

/// The versions of the given pipelines, pipeline by pipeline, newest first; and what could not be read.
pub fn list(workspace: &Workspace, pipelines: &[String]) -> (Vec<ModelVersion>, Vec<Unreadable>) {
    let mut versions = Vec::new();
    let mut unreadable = Vec::new();
    for pipeline in pipelines {
        let folder = workspace.join(layout::MODELS).join(pipeline);
        let champion = champion_of(&folder);
        let mut names = match names_in(&folder) {
            Ok(names) => names
                .iter()
                .filter_map(|name| ModelVersionName::parse(name).ok())
                .collect(),
            Err(e) => {
                unreadable.push(Unreadable {
                    path: folder.clone(),
                    message: e.to_string(),
                });
                Vec::new()
            }
        };
        names.sort_by(|a, b| b.age().cmp(&a.age()));
        for name in names {
            match read(&folder, pipeline, &name, champion.as_deref()) {
                Ok(version) => versions.push(version),
                Err(one) => unreadable.push(one),
            }
        }
    }
    (versions, unreadable)
}

/// The version that `champion` leads to.
fn champion_of(folder: &Utf8Path) -> Option<String> {
    let target = folder.join(layout::CHAMPION_LINK).read_link_utf8().ok()?;
    target.file_name().map(str::to_owned)
}

/// What is read of `manifest.json`; the rest is not looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManifestPart {
    created_at: Option<String>,
    run: Option<String>,
}

/// What is read of `model.json`.
#[derive(Deserialize)]
struct ModelPart {
    rows: Option<u64>,
    converged: Option<bool>,
}

/// What is read of `metrics.json`.
#[derive(Deserialize)]
struct MetricsPart {
    data: Option<String>,
    rows: Option<u64>,
    roc_auc: Option<f64>,
    accuracy: Option<f64>,
}

impl MetricsPart {
    fn measured(self) -> Option<Measured> {
        let (metric, value) = match (self.roc_auc, self.accuracy) {
            (Some(area), _) => ("roc_auc", area),
            (None, accuracy) => ("accuracy", accuracy?),
        };
        Some(Measured {
            metric,
            value,
            data: self.data?,
            rows: self.rows?,
        })
    }
}

fn read(
    folder: &Utf8Path,
    pipeline: &str,
    version: &ModelVersionName,
    champion: Option<&str>,
) -> Result<ModelVersion, Unreadable> {
    let path = folder.join(version.as_str());
    let manifest: ManifestPart = part(&path.join(layout::MANIFEST_FILE))?;
    let model: ModelPart = part(&path.join(layout::MODEL_FILE))?;
    // A version without it predicts as well.
    let metrics = part::<MetricsPart>(&path.join(layout::METRICS_FILE)).ok();
    Ok(ModelVersion {
        pipeline: pipeline.to_owned(),
        champion: champion == Some(version.as_str()),
        version: version.clone(),
        created_at: manifest.created_at,
        rows: model.rows,
        measured: metrics.and_then(MetricsPart::measured),
        converged: model.converged,
        run: manifest.run,
        path,
    })
}

fn part<T: for<'de> Deserialize<'de>>(path: &Utf8Path) -> Result<T, Unreadable> {
    let unreadable = |message: String| Unreadable {
        path: path.to_owned(),
        message,
    };
    let bytes = fs::read(path).map_err(|e| unreadable(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| unreadable(e.to_string()))
}

/// The names in a folder that are UTF-8: ours all are.
fn names_in(folder: &Utf8Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
    names.filter_map(io::Result::transpose).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(workspace: &Workspace, name: &str, manifest: &str) {
        let folder = workspace.join("models/iris").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("manifest.json"), manifest).unwrap();
        fs::write(folder.join("model.json"), r#"{"rows": 4, "converged": true}"#).unwrap();
    }

    #[test]
    fn the_newest_comes_first_and_what_is_broken_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(Utf8Path::from_path(folder.path())).unwrap();
        assert_eq!(pipelines(&workspace).unwrap(), Vec::<String>::new());
        for name in ["", "_2", "_10", "_9"] {
            version(
                &workspace,
                &format!("model_20260223_104700{name}"),
                r#"{"run": "iris-1"}"#,
            );
        }
        version(&workspace, "model_20260224_000000", "{");
        fs::create_dir(workspace.join("models/iris/.tmp-1")).unwrap();
        std::os::unix::fs::symlink("model_20260223_104700_9", workspace.join("models/iris/champion")).unwrap();
        let (versions, unreadable) = list(&workspace, &pipelines(&workspace).unwrap());
        let names: Vec<_> = versions
            .iter()
            .map(|v| (&v.version.as_str()[21..], v.champion))
            .collect();
        assert_eq!(names, [("_10", false), ("_9", true), ("_2", false), ("", false)]);
        assert_eq!(versions[0].run.as_deref(), Some("iris-1"));
        assert_eq!(unreadable.len(), 1);
        assert!(
            unreadable[0].path.ends_with("model_20260224_000000/manifest.json"),
            "{unreadable:?}"
        );
    }

    #[test]
    fn what_a_newer_trainyard_has_written_is_read_past_or_named_and_the_others_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(Utf8Path::from_path(folder.path())).unwrap();
        let [ours, newer, unreadable] = ["00", "01", "02"].map(|second| format!("model_20260223_1047{second}"));
        for name in [&ours, &newer, &unreadable] {
            version(&workspace, name, r#"{"run": "iris-1", "seal": {"by": "ann"}}"#);
        }
        let write = |name: &str, file: &str, text: &str| {
            fs::write(workspace.join("models/iris").join(name).join(file), text).unwrap();
        };
        write(
            &newer,
            "model.json",
            r#"{"kind": "forest", "rows": 4, "state": "Distilled"}"#,
        );
        write(
            &newer,
            "metrics.json",
            r#"{"data": "bootstrap", "rows": 2, "roc_auc": 0.5, "gini": []}"#,
        );
        write(&unreadable, "model.json", r#"{"rows": {"train": 4}}"#);
        let (versions, named) = list(&workspace, &pipelines(&workspace).unwrap());
        let listed: Vec<_> = versions.iter().map(|v| (v.version.as_str(), v.rows)).collect();
        assert_eq!(listed, [(newer.as_str(), Some(4)), (ours.as_str(), Some(4))]);
        assert_eq!(versions[0].measured.as_ref().unwrap().data, "bootstrap");
        assert!(named[0].path.as_str().contains(&unreadable), "{named:?}");
    }
}
