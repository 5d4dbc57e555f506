//! `trainyard lint`: every fault of a manifest, with its place, before anything runs.
//!
//! In: files. Out: faults of each, sorted by place. They come from the text itself (`manifest`), from the schema of the API
//! ([`walk`]), from its rules in CEL ([`rules`]), and from the engine ([`beyond`]); each is told once, by whoever says it best.
//! What is found wrong is left out or put right in passing, so that the next of these still sees the rest.

mod alike;
mod beyond;
mod rules;
mod schema;
mod walk;

pub(crate) use alike::alike;

use crate::manifest::{self, ConfigMap, ConfigMaps, Document, Fault, Kind, Node, Position};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;
use std::collections::BTreeSet;
use trainyard_crds::MLPipeline;
use trainyard_engine::{FieldPath, FieldStep, Pipeline, SpecFault};

/// All faults of `paths`, in their order; `-` is stdin. None: each file that holds a pipeline can run where its files are.
///
/// Each file is checked by itself, as it would run: what stands in one is not looked up in another.
pub fn lint_files(paths: &[Utf8PathBuf]) -> Vec<Fault> {
    let mut seen = BTreeSet::new();
    let each_once = paths.iter().filter(|path| seen.insert(*path));
    each_once
        .flat_map(|path| check_file(path).with_those_elsewhere())
        .collect()
}

/// What was found in a file.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) faults: Vec<Fault>,
    /// What is wrong elsewhere, and hinders no run on this machine that sets parameters: in one that sets none, and on a cluster.
    elsewhere: Vec<Fault>,
    /// The pipelines without faults.
    pub(crate) pipelines: Vec<FoundPipeline>,
    /// The ConfigMaps whose keys are known.
    pub(crate) config_maps: ConfigMaps,
}

impl Checked {
    /// All faults, those that hinder no run here among them.
    pub(crate) fn with_those_elsewhere(mut self) -> Vec<Fault> {
        let told: BTreeSet<_> = self.faults.iter().map(place).collect();
        self.elsewhere.retain(|fault| !told.contains(&place(fault)));
        self.faults.extend(self.elsewhere);
        self.faults.sort_by_cached_key(place);
        self.faults
    }
}

fn place(fault: &Fault) -> (u64, u64, String) {
    (fault.line, fault.column, fault.field.clone())
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

/// A fault of the engine's at its place in a document.
pub(crate) fn fault_of(file: &Utf8Path, node: &Node, fault: SpecFault) -> Fault {
    let beyond::Beyond { field, message } = beyond::of_engine(fault);
    Fault::new(file, walk::locate(node, &field), field, message)
}

/// Reads and checks a file.
pub(crate) fn check_file(path: &Utf8Path) -> Checked {
    let read = if is_named_as_table(path) {
        Err(format!(
            "it is a table, not a manifest: `trainyard init {path} --target COLUMN` makes one"
        ))
    } else {
        manifest::read(path)
    };
    check(manifest::name_of(path), read)
}

/// Whether a file that is there has the ending of a table, of which nothing can be read here.
fn is_named_as_table(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_lowercase();
    let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
    [".csv", ".tsv", ".parquet"].iter().any(|ending| name.ends_with(ending)) && path.is_file()
}

/// Checks a file whose bytes are there, or could not be had.
pub(crate) fn check(file: &Utf8Path, bytes: Result<Vec<u8>, String>) -> Checked {
    let mut of_text = Vec::new();
    let documents = match bytes {
        Ok(bytes) => manifest::read_documents(file, &bytes, &mut of_text),
        Err(why) => {
            of_text.push(Fault::yaml(file, Position::START, why));
            Vec::new()
        }
    };
    let mut checked = Checked::default();
    config_maps(file, &documents, &mut checked);
    pipelines(file, documents, &mut checked);
    // What is wrong as it is written need not be told again as what it was read as.
    let told: BTreeSet<_> = of_text.iter().map(place).collect();
    checked.faults.retain(|fault| !told.contains(&place(fault)));
    checked.faults.extend(of_text);
    checked.faults.sort_by_cached_key(place);
    checked.faults.dedup();
    checked
}

fn config_maps(file: &Utf8Path, documents: &[Document], checked: &mut Checked) {
    let mut names = BTreeSet::new();
    for Document { node, .. } in documents.iter().filter(|document| document.kind == Kind::ConfigMap) {
        let walk::Walked {
            value,
            mut findings,
            on_a_cluster,
            dropped: _,
        } = walk::walk(schema::config_map(), node);
        checked.elsewhere.extend(faults(file, on_a_cluster));
        let told: BTreeSet<FieldPath> = findings.iter().map(|(_, field, _)| field.clone()).collect();
        let (config_map, found) = ConfigMap::of(&value);
        let mut find = |field: FieldPath, message| findings.push((walk::locate(node, &field), field, message));
        for (field, message) in found.into_iter().filter(|(field, _)| !told.contains(field)) {
            find(field, message);
        }
        let name = value["metadata"]["name"].as_str().unwrap_or_default();
        if !name.is_empty() && !names.insert(name.to_owned()) {
            let field = FieldPath::root("metadata").field("name");
            find(field, format!("`{name}` is the name of two ConfigMaps"));
        }
        let keys_known = ["data", "binaryData"]
            .map(FieldPath::root)
            .iter()
            .all(|field| !told.contains(field));
        if keys_known {
            checked.config_maps.insert(name.to_owned(), config_map);
        }
        checked.faults.extend(faults(file, findings));
    }
}

fn pipelines(file: &Utf8Path, documents: Vec<Document>, checked: &mut Checked) {
    let mut names = BTreeSet::new();
    for Document { node, .. } in documents.into_iter().filter(|document| document.kind == Kind::Pipeline) {
        let Examined {
            findings,
            on_a_cluster,
            found,
        } = pipeline(&node, &checked.config_maps);
        checked.elsewhere.extend(faults(file, on_a_cluster));
        let sound = findings.is_empty();
        checked.faults.extend(faults(file, findings));
        if let Some((_, pipeline)) = &found {
            let of_defaults = beyond::with_defaults(pipeline).into_iter();
            checked
                .elsewhere
                .extend(of_defaults.map(|fault| fault_of(file, &node, fault)));
        }
        let Some((raw, pipeline)) = found.filter(|_| sound) else {
            continue;
        };
        let namespace = raw.metadata.namespace.clone();
        let found = FoundPipeline {
            file: file.to_owned(),
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

fn faults(file: &Utf8Path, findings: Vec<Finding>) -> impl Iterator<Item = Fault> {
    findings
        .into_iter()
        .map(move |(at, field, message)| Fault::new(file, at, field, message))
}

/// What is wrong, and where: the place, the field, the sentence.
pub(crate) type Finding = (Position, FieldPath, String);

/// One pipeline, examined: all that is wrong with it, and itself where it could be read.
struct Examined {
    findings: Vec<Finding>,
    on_a_cluster: Vec<Finding>,
    found: Option<(MLPipeline, Pipeline)>,
}

fn pipeline(node: &Node, config_maps: &ConfigMaps) -> Examined {
    let schema = schema::pipeline();
    let mut walked = walk::walk(schema, node);
    let on_a_cluster = std::mem::take(&mut walked.on_a_cluster);
    let broken_rules = rules::broken(schema, &walked.value);
    let (findings, found) = match serde_json::from_value::<MLPipeline>(walked.value.clone()) {
        Ok(raw) => {
            let told: Vec<&FieldPath> = walked.findings.iter().map(|(_, field, _)| field).collect();
            let (pipeline, others) = beyond::check(&raw, config_maps, &told);
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
    };
    Examined {
        findings,
        on_a_cluster,
        found,
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
        value,
        findings,
        on_a_cluster: _,
        dropped,
    } = walked;
    let told: BTreeSet<&FieldPath> = findings.iter().map(|(_, field, _)| field).collect();
    let lacking: BTreeSet<FieldPath> = dropped.iter().filter_map(parent).collect();
    let refused = |field: &FieldPath| starts_of(field).any(|start| told.contains(&start) || dropped.contains(&start));
    // Of a list of parameters that is refused in part, nobody knows what stands for what.
    let parameters_known = !told.iter().any(|field| declares_parameters(field));
    let is_known = |field: &FieldPath| parameters_known || !text_at(&value, field).contains("$(parameters.");
    let others: Vec<Finding> = others
        .into_iter()
        .filter(|other| !refused(&other.field) && !lacking.contains(&other.field) && is_known(&other.field))
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

/// Whether a field says which parameters there are.
fn declares_parameters(field: &FieldPath) -> bool {
    match field.steps() {
        [_, FieldStep::Field(parameters), of @ ..] if parameters == "parameters" => {
            !matches!(of, [_, FieldStep::Field(field), ..] if field == "default")
        }
        [..] => false,
    }
}

/// The text of a field; empty where there is none.
fn text_at<'a>(document: &'a Value, field: &FieldPath) -> &'a str {
    let value = field.steps().iter().fold(document, |value, step| match step {
        FieldStep::Field(name) => &value[name],
        FieldStep::Index(index) => &value[index],
    });
    value.as_str().unwrap_or_default()
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
