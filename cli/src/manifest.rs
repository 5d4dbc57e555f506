//! A manifest file: YAML with the place of every value, the pipeline and the ConfigMaps in it.
//!
//! In: files. Out: a [`Manifest`] that can run, or every fault of the files, each with its line and column. What is wrong
//! beyond YAML itself is found by [`lint`](crate::lint); this module reads.

mod base64;
mod builder;
mod config_map;
mod document;
mod fault;
mod node;
mod reader;
mod scalar;
mod yaml_error;

pub use config_map::{ConfigMap, ConfigMaps};
pub use fault::Fault;

pub(crate) use document::{Document, Kind, read_documents};
pub(crate) use node::{Entry, Node, Position, Tree, shortened};

use crate::lint::{self, Checked};
use camino::{Utf8Path, Utf8PathBuf};
use std::fs;
use trainyard_contract::StageSpec;
use trainyard_crds::MLPipeline;
use trainyard_engine::{FieldPath, Pipeline};

/// What a run needs of its manifest: one pipeline, and the tables that stand beside it.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The pipeline, checked.
    pub pipeline: Pipeline,
    /// The pipeline as it was written: its `worker`, `schedule` and so on, which the engine does not know.
    pub raw: MLPipeline,
    /// The ConfigMaps of the files.
    pub config_maps: ConfigMaps,
    /// The file that holds the pipeline: relative paths in it start from its folder.
    pub file: Utf8PathBuf,
}

/// Reads the one pipeline of `paths` and everything that it names in them.
///
/// # Errors
/// Every fault of the files, in their order; and that there is no pipeline, or more than one, or a ConfigMap that is missing.
pub fn load(paths: &[Utf8PathBuf]) -> Result<Manifest, Vec<Fault>> {
    let mut checked = lint::check_files(paths);
    if checked.faults.is_empty() {
        checked.faults = not_runnable(&checked, paths);
    }
    let Checked {
        faults,
        pipelines,
        config_maps,
    } = checked;
    match pipelines.into_iter().next() {
        Some(found) if faults.is_empty() => Ok(Manifest {
            pipeline: found.pipeline,
            raw: found.raw,
            config_maps,
            file: found.file,
        }),
        Some(_) | None => Err(faults),
    }
}

/// The faults of a manifest in memory that `name` stands for. Never panics, and takes a bounded time for any bytes.
pub fn check(name: &str, bytes: &[u8]) -> Vec<Fault> {
    lint::check_all([(Utf8Path::new(name), Ok(bytes.to_vec()))]).faults
}

/// The bytes of a file, or why they cannot be had.
pub(crate) fn read(path: &Utf8Path) -> Result<Vec<u8>, String> {
    let size = fs::metadata(path).map_err(|e| e.to_string())?;
    if size.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if size.len() > reader::FILE_BYTES_MAX {
        return Err(reader::too_large(size.len()));
    }
    fs::read(path).map_err(|e| e.to_string())
}

/// What a cluster might still have, and a laptop cannot do without.
fn not_runnable(checked: &Checked, paths: &[Utf8PathBuf]) -> Vec<Fault> {
    match &checked.pipelines[..] {
        [] => paths.first().map(|file| no_pipeline(file)).into_iter().collect(),
        [only] => missing_config_maps(only, &checked.config_maps),
        [first, others @ ..] => {
            let second = |found: &lint::FoundPipeline| {
                let message = format!(
                    "`{}` is a second pipeline: a run takes one, and `{}` stands in {}:{}; put them into files of their own",
                    found.pipeline.name(),
                    first.pipeline.name(),
                    first.file,
                    first.node.at.line
                );
                found.fault(&FieldPath::root("metadata").field("name"), message)
            };
            others.iter().map(second).collect()
        }
    }
}

fn no_pipeline(file: &Utf8Path) -> Fault {
    let message = "no document of the file is a pipeline: `kind: MLPipeline` is missing";
    Fault::new(file, Position::START, "kind", message)
}

fn missing_config_maps(found: &lint::FoundPipeline, config_maps: &ConfigMaps) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (i, stage) in found.pipeline.stages().iter().enumerate() {
        let StageSpec::Extract(extract) = &stage.spec else {
            continue;
        };
        let Some(key) = extract.csv.as_ref().and_then(|csv| csv.config_map.as_ref()) else {
            continue;
        };
        if config_maps.get(&key.name).is_none() {
            let csv = FieldPath::root("spec")
                .field("stages")
                .index(i)
                .field("extract")
                .field("csv");
            let message = format!(
                "there is no ConfigMap `{}` in the file: on this machine it must stand beside the pipeline",
                key.name
            );
            faults.push(found.fault(&csv.field("configMap").field("name"), message));
        }
    }
    faults
}
