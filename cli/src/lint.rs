//! `trainyard lint`: every fault of a manifest, with its place, before anything runs.
//!
//! In: files. Out: faults, sorted by place. They come from the text itself (`manifest`), from the schema of the API
//! ([`walk`]), from its rules in CEL ([`rules`]), and from the engine ([`beyond`]); each is told once, by whoever says it best.
//! What is found wrong is left out or put right in passing, so that the next of these still sees the rest.

mod alike;
mod beyond;
mod rules;
mod schema;
mod walk;
mod words;

pub(crate) use alike::alike;

use crate::manifest::{self, ConfigMap, ConfigMaps, Document, Fault, Kind, Node, Position};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::{BTreeMap, BTreeSet};
use trainyard_crds::MLPipeline;
use trainyard_engine::{FieldPath, FieldStep, Pipeline};

/// All faults of `paths`, in their order. None: each pipeline in them can run where its ConfigMaps and files are.
pub fn lint_files(paths: &[Utf8PathBuf]) -> Vec<Fault> {
    check_files(paths).faults
}

/// What was found in some files.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) faults: Vec<Fault>,
    /// The pipelines without faults.
    pub(crate) pipelines: Vec<FoundPipeline>,
    pub(crate) config_maps: ConfigMaps,
}

/// A pipeline without faults, and where it stands.
#[derive(Debug)]
pub(crate) struct FoundPipeline {
    pub(crate) file: Utf8PathBuf,
    pub(crate) node: Node,
    pub(crate) raw: MLPipeline,
    pub(crate) pipeline: Pipeline,
}

impl FoundPipeline {
    /// A fault at a field of the pipeline.
    pub(crate) fn fault(&self, field: &FieldPath, message: String) -> Fault {
        Fault::new(&self.file, walk::locate(&self.node, field), field, message)
    }
}

/// Reads and checks files.
pub(crate) fn check_files(paths: &[Utf8PathBuf]) -> Checked {
    check_all(paths.iter().map(|path| (path.as_path(), manifest::read(path))))
}

/// Checks files whose bytes are there, or could not be had.
pub(crate) fn check_all<'a>(files: impl IntoIterator<Item = (&'a Utf8Path, Result<Vec<u8>, String>)>) -> Checked {
    let mut checked = Checked::default();
    let mut documents = Vec::new();
    let mut order = BTreeMap::new();
    for (i, (file, bytes)) in files.into_iter().enumerate() {
        order.entry(file.to_owned()).or_insert(i);
        match bytes {
            Ok(bytes) => documents.extend(manifest::read_documents(file, &bytes, &mut checked.faults)),
            Err(why) => {
                checked.faults.push(Fault::yaml(
                    file,
                    Position::START,
                    format!("the file cannot be read: {why}"),
                ));
            }
        }
    }
    config_maps(&documents, &mut checked);
    pipelines(documents, &mut checked);
    checked.faults.sort_by_cached_key(|fault| {
        (
            order.get(&fault.file).copied(),
            fault.line,
            fault.column,
            fault.field.clone(),
        )
    });
    checked.faults.dedup();
    checked
}

fn config_maps(documents: &[Document], checked: &mut Checked) {
    for Document { file, node, .. } in documents.iter().filter(|document| document.kind == Kind::ConfigMap) {
        let name_field = FieldPath::root("metadata").field("name");
        let at = walk::locate(node, &name_field);
        let config_map = ConfigMap::of(file, node, &mut checked.faults);
        match node
            .get("metadata")
            .and_then(|metadata| metadata.get("name"))
            .and_then(Node::text)
        {
            None => checked.faults.push(Fault::new(file, at, name_field, "is missing")),
            Some(name) => {
                if !checked.config_maps.insert(name.to_owned(), config_map) {
                    let message = format!("`{name}` is the name of two ConfigMaps");
                    checked.faults.push(Fault::new(file, at, name_field, message));
                }
            }
        }
    }
}

fn pipelines(documents: Vec<Document>, checked: &mut Checked) {
    let mut names = BTreeSet::new();
    for Document { file, node, .. } in documents.into_iter().filter(|document| document.kind == Kind::Pipeline) {
        let (faults, found) = pipeline(&node, &checked.config_maps);
        let sound = faults.is_empty();
        checked.faults.extend(
            faults
                .into_iter()
                .map(|(at, field, message)| Fault::new(&file, at, field, message)),
        );
        let Some((raw, pipeline)) = found.filter(|_| sound) else {
            continue;
        };
        let namespace = raw.metadata.namespace.clone();
        let found = FoundPipeline {
            file,
            node,
            raw,
            pipeline,
        };
        if !names.insert((namespace, found.pipeline.name().clone())) {
            let message = format!("`{}` is the name of two pipelines", found.pipeline.name());
            checked
                .faults
                .push(found.fault(&FieldPath::root("metadata").field("name"), message));
        }
        checked.pipelines.push(found);
    }
}

/// What is wrong, and where: the place, the field, the sentence.
pub(crate) type Finding = (Position, FieldPath, String);

/// All that is wrong with one pipeline; and the pipeline, where it could be read.
fn pipeline(node: &Node, config_maps: &ConfigMaps) -> (Vec<Finding>, Option<(MLPipeline, Pipeline)>) {
    let schema = schema::pipeline();
    let walked = walk::walk(schema, node);
    let broken_rules = rules::broken(schema, &walked.value);
    match serde_json::from_value::<MLPipeline>(walked.value.clone()) {
        Ok(raw) => {
            let beyond = beyond::check(&raw, config_maps);
            let (others, pipeline) = match beyond {
                Ok(pipeline) => (Vec::new(), Some(pipeline)),
                Err(faults) => (faults, None),
            };
            (
                merged(node, walked, broken_rules, others),
                pipeline.map(|pipeline| (raw, pipeline)),
            )
        }
        Err(e) if walked.findings.is_empty() => (
            vec![(
                node.at,
                FieldPath::root("metadata"),
                format!("this is no MLPipeline: {e}"),
            )],
            None,
        ),
        Err(_) => (merged(node, walked, broken_rules, Vec::new()), None),
    }
}

/// Each fault once. What stands at or below a field that the schema refuses is a consequence of it, and so may be what is said of
/// a map one of whose fields is left out; where a rule and the engine name the same field, the engine says it better.
fn merged(
    node: &Node,
    walked: walk::Walked,
    broken_rules: Vec<rules::Broken>,
    others: Vec<beyond::Beyond>,
) -> Vec<Finding> {
    let walk::Walked {
        value: _,
        findings,
        dropped,
    } = walked;
    let told: BTreeSet<&FieldPath> = findings.iter().map(|(_, field, _)| field).collect();
    let lacking: BTreeSet<FieldPath> = dropped.iter().filter_map(parent).collect();
    let refused = |field: &FieldPath| starts_of(field).any(|start| told.contains(&start));
    let others: Vec<Finding> = others
        .into_iter()
        .filter(|other| !refused(&other.field) && !lacking.contains(&other.field))
        .map(|other| (walk::locate(node, &other.field), other.field, other.message))
        .collect();
    let told_better: BTreeSet<&FieldPath> = others.iter().map(|(_, field, _)| field).collect();
    let rules: Vec<Finding> = broken_rules
        .into_iter()
        .filter(|rule| !refused(&rule.field) && !told_better.contains(&rule.field) && !lacking.contains(&rule.of))
        .map(|rule| (walk::locate(node, &rule.field), rule.field, rule.message))
        .collect();
    findings.into_iter().chain(others).chain(rules).collect()
}

/// A field, and every field that it is a part of.
fn starts_of(field: &FieldPath) -> impl Iterator<Item = FieldPath> {
    let steps = field.steps();
    (0..=steps.len()).map(|length| {
        steps[..length]
            .iter()
            .fold(FieldPath::default(), |start, step| match step {
                FieldStep::Field(name) => start.field(name),
                FieldStep::Index(index) => start.index(*index),
            })
    })
}

/// The field that a field is a part of.
fn parent(field: &FieldPath) -> Option<FieldPath> {
    let depth = field.steps().len();
    starts_of(field).nth(depth.checked_sub(1)?)
}
