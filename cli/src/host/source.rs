//! Where an `extract` finds its file on a laptop: beside the manifest, anywhere when the path is absolute, or in a ConfigMap of
//! the same manifest, whose bytes are put into the run's folder.

use super::workspace::{Workspace, WorkspaceError};
use crate::manifest::ConfigMaps;
use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use trainyard_contract::document::SourceFile;
use trainyard_contract::stage::ConfigMapKey;
use trainyard_contract::{FailureClass, StageSpec};

/// The folder of each ConfigMap in a run's folder. No stage is called so: a stage's name does not begin with a dot.
const CONFIG: &str = ".config";

/// What sources are looked up in.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The folder of the manifest, absolute.
    pub manifest_folder: Utf8PathBuf,
    /// Every ConfigMap that stands beside the pipeline.
    pub config_maps: ConfigMaps,
}

/// Why a stage has no source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The manifest's file has no such ConfigMap, or the ConfigMap no such key.
    #[error("there is no key `{key}` in a ConfigMap `{name}` of the manifest")]
    NoSuchKey {
        /// The ConfigMap.
        name: String,
        /// The key.
        key: String,
    },
    /// The bytes could not be put into the run's folder.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl SourceError {
    /// Decides about retries.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::NoSuchKey { .. } => FailureClass::Config,
            Self::Workspace(_) => FailureClass::Infra,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoSuchKey { .. } => "add the ConfigMap to the same file, as a document of its own after `---`",
            Self::Workspace(e) => e.hint(),
        }
    }
}

impl Sources {
    /// The file that a stage with this spec (values resolved) reads; `None` for a kind that reads none.
    pub fn file(
        &self,
        spec: &StageSpec,
        workspace: &Workspace,
        run_folder: &Utf8Path,
    ) -> Result<Option<SourceFile>, SourceError> {
        let StageSpec::Extract(extract) = spec else {
            return Ok(None);
        };
        match (extract.path(), extract.config_map()) {
            (Some(path), _) => Ok(Some(self.beside_the_manifest(path))),
            (None, Some(key)) => self.of_config_map(key, workspace, run_folder).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn beside_the_manifest(&self, path: &str) -> SourceFile {
        SourceFile {
            path: self.manifest_folder.join(path),
            name: path.to_owned(),
        }
    }

    fn of_config_map(
        &self,
        wanted: &ConfigMapKey,
        workspace: &Workspace,
        run_folder: &Utf8Path,
    ) -> Result<SourceFile, SourceError> {
        let ConfigMapKey { name, key } = wanted;
        let bytes = self
            .config_maps
            .bytes(name, key)
            .filter(|_| is_file_name(name) && is_file_name(key))
            .ok_or_else(|| SourceError::NoSuchKey {
                name: name.clone(),
                key: key.clone(),
            })?;
        let folder = run_folder.join(CONFIG).join(name);
        let path = folder.join(key);
        fs::create_dir_all(workspace.join(&folder)).map_err(WorkspaceError::of("create", &folder))?;
        fs::write(workspace.join(&path), bytes).map_err(WorkspaceError::of("write", &path))?;
        Ok(SourceFile {
            // Absolute: the owner of a laptop may have put the workspace together with links.
            path: workspace.join(&path),
            name: format!("{name}/{key}"),
        })
    }
}

/// Whether a name leads to a file in its folder and nowhere else. The manifest was checked; this is the second lock on what
/// may be written.
fn is_file_name(name: &str) -> bool {
    Utf8Path::new(name).file_name() == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trainyard_contract::stage::{CsvSource, ExtractSpec};

    fn extract(csv: CsvSource) -> StageSpec {
        StageSpec::Extract(ExtractSpec::from(csv))
    }

    fn path(path: &str) -> StageSpec {
        extract(CsvSource {
            path: Some(path.to_owned()),
            ..CsvSource::default()
        })
    }

    fn key(name: &str, key: &str) -> StageSpec {
        let (name, key) = (name.to_owned(), key.to_owned());
        extract(CsvSource {
            config_map: Some(ConfigMapKey { name, key }),
            ..CsvSource::default()
        })
    }

    const MANIFEST: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: sample}
data: {a.csv: "x\n1\n"}
---
apiVersion: trainyard.dev/v1alpha1
kind: MLPipeline
metadata: {name: p}
spec: {stages: [{name: extract, extract: {csv: {configMap: {name: sample, key: a.csv}}}}]}
"#;

    #[test]
    fn file_names_table() {
        for (name, wanted) in [
            ("a.csv", true),
            ("..a", true),
            ("", false),
            (".", false),
            ("..", false),
            ("/a", false),
            ("a/b", false),
            ("a/", false),
            ("../../a", false),
        ] {
            assert_eq!(is_file_name(name), wanted, "{name}");
        }
    }

    #[test]
    fn sources_table() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(Utf8Path::from_path(folder.path())).unwrap();
        let file = Utf8PathBuf::from_path_buf(folder.path().join("pipeline.yaml")).unwrap();
        fs::write(&file, MANIFEST).unwrap();
        let sources = Sources {
            manifest_folder: "/pipelines".into(),
            config_maps: crate::manifest::load(&file).unwrap().config_maps,
        };
        let of_config_map = workspace.join("runs/r/.config/sample/a.csv");
        for (spec, wanted) in [
            (path("data/a.csv"), Ok(("/pipelines/data/a.csv", "data/a.csv"))),
            (path("/tmp/a.csv"), Ok(("/tmp/a.csv", "/tmp/a.csv"))),
            (key("sample", "a.csv"), Ok((of_config_map.as_str(), "sample/a.csv"))),
            (key("sample", "b.csv"), Err(FailureClass::Config)),
            (key("other", "a.csv"), Err(FailureClass::Config)),
        ] {
            let found = sources.file(&spec, &workspace, Utf8Path::new("runs/r"));
            let found = found.map(|file| file.unwrap()).map_err(|e| e.class());
            let wanted = wanted.map(|(path, name)| SourceFile {
                path: path.into(),
                name: name.to_owned(),
            });
            assert_eq!(found, wanted);
        }
        assert_eq!(
            fs::read(folder.path().join("runs/r/.config/sample/a.csv")).unwrap(),
            b"x\n1\n"
        );
    }
}
