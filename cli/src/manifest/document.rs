//! What a document of a manifest is: a pipeline, a ConfigMap, or another object of Kubernetes, which is passed over.

use super::{Entry, Fault, Node, Position, Tree, reader};
use crate::lint::alike;
use camino::{Utf8Path, Utf8PathBuf};

/// The version of the API that this build reads.
const API_VERSION: &str = "trainyard.dev/v1alpha1";
/// The group of all of Trainyard's kinds.
const GROUP: &str = "trainyard.dev";
/// The one kind of this version that stands in manifests.
const PIPELINE: &str = "MLPipeline";

/// A document that says something to a run.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) file: Utf8PathBuf,
    pub(crate) kind: Kind,
    pub(crate) node: Node,
}

/// The kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pipeline,
    ConfigMap,
}

/// The documents of a file; what is wrong with the text, or with what a document says it is, goes to `faults`.
pub(crate) fn read_documents(file: &Utf8Path, bytes: &[u8], faults: &mut Vec<Fault>) -> Vec<Document> {
    let nodes = reader::documents(file, bytes, faults);
    nodes
        .into_iter()
        .filter_map(|node| {
            kind_of(file, &node, faults).map(|kind| Document {
                file: file.to_owned(),
                kind,
                node,
            })
        })
        .collect()
}

fn kind_of(file: &Utf8Path, node: &Node, faults: &mut Vec<Fault>) -> Option<Kind> {
    if !matches!(node.tree, Tree::Map(_)) {
        let message = format!(
            "a document must be an object with `apiVersion`, `kind` and so on, is {}",
            node.described()
        );
        faults.push(Fault::yaml(file, node.at, message));
        return None;
    }
    let version = said(file, node, "apiVersion", faults);
    let kind = said(file, node, "kind", faults);
    match (version, kind) {
        (_, Some((_, PIPELINE))) => {
            if let Some((at, version)) = version.filter(|(_, version)| *version != API_VERSION) {
                faults.push(Fault::new(
                    file,
                    at,
                    "apiVersion",
                    format!("must be `{API_VERSION}`, is `{version}`"),
                ));
            }
            Some(Kind::Pipeline)
        }
        (Some((_, "v1")), Some((_, "ConfigMap"))) => Some(Kind::ConfigMap),
        (version, Some((at, kind))) => {
            let ours = version.is_some_and(|(_, version)| version.split('/').next() == Some(GROUP));
            let meant = alike(kind, [PIPELINE]).is_some();
            if ours || meant {
                let hint = if meant {
                    "did you mean `MLPipeline`?"
                } else {
                    "there is `MLPipeline`"
                };
                faults.push(Fault::new(
                    file,
                    at,
                    "kind",
                    format!("there is no kind `{kind}`; {hint}"),
                ));
            }
            meant.then_some(Kind::Pipeline)
        }
        (Some((_, version)), None) => (version == API_VERSION).then_some(Kind::Pipeline),
        (None, None) => None,
    }
}

/// What a field of the root says, with its place.
fn said<'a>(file: &Utf8Path, node: &'a Node, field: &str, faults: &mut Vec<Fault>) -> Option<(Position, &'a str)> {
    let near = || node.entries().iter().find(|entry| alike(&entry.key, [field]).is_some());
    let Some(Entry { value, .. }) = node.entry(field).or_else(near) else {
        let value = if field == "kind" { PIPELINE } else { API_VERSION };
        faults.push(Fault::new(
            file,
            node.at,
            field,
            format!("is missing: write `{field}: {value}`"),
        ));
        return None;
    };
    let text = value.text();
    if text.is_none() {
        faults.push(Fault::new(
            file,
            value.at,
            field,
            format!("must be text, is {}", value.described()),
        ));
    }
    text.map(|text| (value.at, text))
}
