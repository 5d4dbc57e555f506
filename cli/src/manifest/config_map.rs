//! The ConfigMaps that stand beside a pipeline.

use super::base64::decode;
use super::node::shortened;
use serde_json::Value;
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

    /// Adds a ConfigMap.
    pub(crate) fn insert(&mut self, name: String, config_map: ConfigMap) {
        self.0.insert(name, config_map);
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

    /// The ConfigMap that a document is, sound or put right; and in which fields its content is none.
    pub(crate) fn of(document: &Value) -> (Self, Vec<(FieldPath, String)>) {
        let mut config_map = Self::default();
        let mut found = Vec::new();
        let mut size = 0;
        for field in ["data", "binaryData"] {
            let path = FieldPath::root(field);
            for (key, value) in document[field].as_object().into_iter().flatten() {
                let path = path.field(key);
                let text = value.as_str().unwrap_or_default();
                let bytes = if field == "data" {
                    Some(text.as_bytes().to_vec())
                } else {
                    decode(text)
                };
                if bytes.is_none() {
                    found.push((path.clone(), format!("`{}` is not base64", shortened(text))));
                }
                let bytes = bytes.unwrap_or_default();
                size += bytes.len() + key.len();
                if config_map.0.insert(key.clone(), bytes).is_some() {
                    found.push((path, "the key stands in data and in binaryData".to_owned()));
                }
            }
            if size > BYTES_MAX {
                let message = format!(
                    "the ConfigMap has {size} bytes, a cluster takes {BYTES_MAX} at most: \
                     keep a large table in a file of its own"
                );
                found.push((path, message));
            }
        }
        (config_map, found)
    }
}
