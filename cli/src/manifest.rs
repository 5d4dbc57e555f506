//! A manifest file: YAML with the place of every value, the pipeline and the ConfigMaps in it.
//!
//! In: a file. Out: a [`Manifest`] that can run, or every fault of the file, each with its line and column. What is wrong
//! beyond YAML itself is found by [`lint`](crate::lint); this module reads.

mod base64;
mod builder;
mod config_map;
mod document;
mod fault;
mod lines;
mod node;
mod open_map;
mod reader;
mod scalar;
mod yaml_error;

pub use config_map::{ConfigMap, ConfigMaps};
pub use fault::Fault;

pub(crate) use document::{Document, Kind, read_documents};
pub(crate) use node::{Entry, Node, Position, Tree, shortened};
pub(crate) use reader::{name_of, read};
pub(crate) use scalar::is_letter;
pub(crate) use yaml_error::NO_SPACE;

use crate::lint::{self, Checked, FoundPipeline};
use camino::{Utf8Path, Utf8PathBuf};
use trainyard_contract::StageSpec;
use trainyard_crds::MLPipeline;
use trainyard_engine::{FieldPath, Pipeline, SpecFault};

/// What a run needs of its manifest: one pipeline, and the tables that stand beside it.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The pipeline, checked.
    pub pipeline: Pipeline,
    /// The pipeline as it was written: its `worker`, `schedule` and so on, which the engine does not know.
    pub raw: MLPipeline,
    /// The ConfigMaps of the file.
    pub config_maps: ConfigMaps,
    /// The file: relative paths in it start from its folder. `stdin` stands for what was read from there.
    pub file: Utf8PathBuf,
    node: Node,
}

impl Manifest {
    /// A fault that the engine finds in the pipeline once its values are filled in, at its place in the file.
    pub fn fault(&self, fault: SpecFault) -> Fault {
        lint::fault_of(&self.file, &self.node, fault)
    }
}

/// Reads the one pipeline of a file and everything that it names in it. `-` is stdin.
///
/// # Errors
/// Every fault of the file, in its order; and that there is no pipeline, or more than one, or a ConfigMap that is missing.
pub fn load(path: &Utf8Path) -> Result<Manifest, Vec<Fault>> {
    let mut checked = lint::check_file(path);
    if checked.faults.is_empty() {
        checked.faults = not_runnable(&checked, name_of(path));
    }
    let Checked {
        faults,
        pipelines,
        config_maps,
        ..
    } = checked;
    match pipelines.into_iter().next() {
        Some(FoundPipeline {
            file,
            node,
            raw,
            pipeline,
        }) if faults.is_empty() => Ok(Manifest {
            pipeline,
            raw,
            config_maps,
            file,
            node,
        }),
        Some(_) | None => Err(faults),
    }
}

/// The faults of a manifest in memory that `name` stands for. Never panics, and takes a bounded time for any bytes.
pub fn check(name: &str, bytes: &[u8]) -> Vec<Fault> {
    lint::check(Utf8Path::new(name), Ok(bytes.to_vec())).with_those_elsewhere()
}

/// What a cluster might still have, and a laptop cannot do without.
fn not_runnable(checked: &Checked, file: &Utf8Path) -> Vec<Fault> {
    match &checked.pipelines[..] {
        [] => vec![no_pipeline(file)],
        [only] => missing_config_maps(only, &checked.config_maps),
        [first, others @ ..] => {
            let second = |found: &FoundPipeline| {
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

fn missing_config_maps(found: &FoundPipeline, config_maps: &ConfigMaps) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (i, stage) in found.pipeline.stages().iter().enumerate() {
        let StageSpec::Extract(extract) = &stage.spec else {
            continue;
        };
        let Some(key) = extract.config_map() else {
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
