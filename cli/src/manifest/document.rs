//! What a document of a manifest is: a pipeline, a ConfigMap, or another object of Kubernetes, which is passed over.

use super::{Entry, Fault, Node, Position, Tree, reader};
use crate::lint::alike;
use camino::Utf8Path;

/// The group of all of Trainyard's kinds.
const GROUP: &str = "trainyard.dev";

/// A document that says something to a run.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) kind: Kind,
    pub(crate) node: Node,
}

/// The kinds that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Pipeline,
    ConfigMap,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Pipeline, Self::ConfigMap];

    const fn name(self) -> &'static str {
        match self {
            Self::Pipeline => "MLPipeline",
            Self::ConfigMap => "ConfigMap",
        }
    }

    const fn version(self) -> &'static str {
        match self {
            Self::Pipeline => "trainyard.dev/v1alpha1",
            Self::ConfigMap => "v1",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind that somebody meant who wrote another. `v1` has many kinds, and kubectl's `Config` is none of them.
    fn meant(name: &str, version: Option<&str>) -> Option<Self> {
        let meant = Self::named(alike(name, Self::ALL.map(Self::name))?)?;
        let letters = strsim::osa_distance(&name.to_lowercase(), &meant.name().to_lowercase());
        let surely = meant == Self::Pipeline || (version == Some(meant.version()) && letters <= TYPING_ERRORS);
        surely.then_some(meant)
    }
}

/// The most letters that are wrong in a word which is surely mistyped.
const TYPING_ERRORS: usize = 2;

/// The documents of a file; what is wrong with the text, or with what a document says it is, goes to `faults`.
pub(crate) fn read_documents(file: &Utf8Path, bytes: &[u8], faults: &mut Vec<Fault>) -> Vec<Document> {
    let nodes = reader::documents(file, bytes, faults);
    nodes
        .into_iter()
        .filter_map(|node| kind_of(file, &node, faults).map(|kind| Document { kind, node }))
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
    let written = node.get("apiVersion").and_then(Node::text);
    let by_version = Kind::ALL.into_iter().find(|kind| Some(kind.version()) == written);
    let kind = said(file, node, "kind", by_version.unwrap_or(Kind::Pipeline).name(), faults);
    let named = kind.and_then(|(_, kind)| Kind::named(kind));
    let wanted = named.unwrap_or(Kind::Pipeline).version();
    let version = said(file, node, "apiVersion", wanted, faults);
    match (version, kind) {
        (_, Some((at, kind))) if named.is_none() => foreign(file, version, at, kind, faults),
        (Some((at, version)), Some(_)) if version != wanted => {
            let message = format!("must be `{wanted}`, is `{version}`");
            faults.push(Fault::new(file, at, "apiVersion", message));
            named
        }
        (_, Some(_)) => named,
        (Some((_, version)), None) => (version == wanted).then_some(Kind::Pipeline),
        (None, None) => None,
    }
}

/// An object of another kind; one of Trainyard's, or a mistyped kind, is a fault.
fn foreign(
    file: &Utf8Path,
    version: Option<(Position, &str)>,
    at: Position,
    kind: &str,
    faults: &mut Vec<Fault>,
) -> Option<Kind> {
    let version = version.map(|(_, version)| version);
    let meant = Kind::meant(kind, version);
    let hint = match meant {
        Some(meant) => format!("did you mean `{}`?", meant.name()),
        None if version.is_some_and(|version| version.split('/').next() == Some(GROUP)) => {
            format!("there is `{}`", Kind::Pipeline.name())
        }
        None => return None,
    };
    faults.push(Fault::new(
        file,
        at,
        "kind",
        format!("there is no kind `{kind}`; {hint}"),
    ));
    meant
}

/// What a field of the root says, with its place.
fn said<'a>(
    file: &Utf8Path,
    node: &'a Node,
    field: &str,
    wanted: &str,
    faults: &mut Vec<Fault>,
) -> Option<(Position, &'a str)> {
    let near = || node.entries().iter().find(|entry| alike(&entry.key, [field]).is_some());
    let Some(Entry { value, .. }) = node.entry(field).or_else(near) else {
        let message = format!("is missing: write `{field}: {wanted}`");
        faults.push(Fault::new(file, node.at, field, message));
        return None;
    };
    let text = value.text();
    if text.is_none() {
        let message = format!("must be text, is {}", value.described());
        faults.push(Fault::new(file, value.at, field, message));
    }
    text.map(|text| (value.at, text))
}
