//! The ConfigMaps that stand beside a pipeline.

use super::base64::decode;
use super::node::shortened;
use super::{Fault, Node, Position, Tree};
use camino::Utf8Path;
use std::collections::BTreeMap;
use trainyard_engine::FieldPath;

/// What a cluster takes at most in one ConfigMap, in bytes of its keys and values.
const BYTES_MAX: usize = 1024 * 1024;

/// The ConfigMaps of a manifest, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigMaps(BTreeMap<String, ConfigMap>);

/// A ConfigMap: the bytes of each of its keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigMap(BTreeMap<String, Vec<u8>>);

impl ConfigMaps {
    /// The ConfigMap of a name.
    pub fn get(&self, name: &str) -> Option<&ConfigMap> {
        self.0.get(name)
    }

    /// The bytes of a key of a ConfigMap.
    pub fn bytes(&self, name: &str, key: &str) -> Option<&[u8]> {
        self.get(name)?.get(key)
    }

    /// Adds a ConfigMap; false if there is one of its name.
    pub(crate) fn insert(&mut self, name: String, config_map: ConfigMap) -> bool {
        self.0.insert(name, config_map).is_none()
    }
}

impl ConfigMap {
    /// The bytes of a key, from `data` or `binaryData`.
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice)
    }

    /// Its keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The ConfigMap that a document is; what is wrong with it goes to `faults`.
    pub(crate) fn of(file: &Utf8Path, document: &Node, faults: &mut Vec<Fault>) -> Self {
        let mut reading = Reading {
            file,
            config_map: Self::default(),
            bytes: 0,
            faults,
        };
        for field in ["data", "binaryData"] {
            if let Some(entry) = document.entry(field) {
                reading.field(field, entry.at, &entry.value);
            }
        }
        reading.config_map
    }
}

struct Reading<'a> {
    file: &'a Utf8Path,
    config_map: ConfigMap,
    bytes: usize,
    faults: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn field(&mut self, field: &str, at: Position, node: &Node) {
        let path = FieldPath::root(field);
        match &node.tree {
            Tree::Null => return,
            Tree::Map(_) => {}
            Tree::Bool(_)
            | Tree::Number(..)
            | Tree::NotFinite(_)
            | Tree::Text(_)
            | Tree::Ambiguous(_)
            | Tree::List(_) => {
                return self.fault(
                    node.at,
                    &path,
                    format!("must be a map of keys to texts, is {}", node.described()),
                );
            }
        }
        for entry in node.entries() {
            let path = path.field(&entry.key);
            if let Some(bytes) = self.value(field, &path, &entry.value) {
                self.bytes += bytes.len() + entry.key.len();
                if self.config_map.0.insert(entry.key.clone(), bytes).is_some() {
                    self.fault(entry.at, &path, "the key stands in data and in binaryData".to_owned());
                }
            }
        }
        if self.bytes > BYTES_MAX {
            let message = format!(
                "the ConfigMap has {} bytes, a cluster takes {BYTES_MAX} at most: keep a large table in a file of its own",
                self.bytes
            );
            self.fault(at, &path, message);
        }
    }

    fn value(&mut self, field: &str, path: &FieldPath, value: &Node) -> Option<Vec<u8>> {
        let Tree::Text(text) = &value.tree else {
            let message = format!(
                "must be text, is {}: put it in quotes, or below a `|`",
                value.described()
            );
            self.fault(value.at, path, message);
            return None;
        };
        if field == "data" {
            return Some(text.clone().into_bytes());
        }
        let bytes = decode(text);
        if bytes.is_none() {
            self.fault(value.at, path, format!("`{}` is not base64", shortened(text)));
        }
        bytes
    }

    fn fault(&mut self, at: Position, path: &FieldPath, message: String) {
        self.faults.push(Fault::new(self.file, at, path, message));
    }
}
