//! A map of YAML whose end has not come: keys and values in turn, merged maps (`<<`), and each key once.
//!
//! Merge keys are merged as kubectl does: a map's own entries first. What is wrong is returned; the builder knows the field.

use super::node::{Entry, Node, Position, Tree, shortened};
use super::scalar;
use std::collections::BTreeMap;

/// A map that is not finished; `merged` are the entries that `<<` brought, `key` waits for its value.
#[derive(Default)]
pub(super) struct OpenMap {
    own: Vec<Entry>,
    merged: Vec<Entry>,
    key: Option<Key>,
}

struct Key {
    text: String,
    at: Position,
    ambiguous: bool,
    role: Role,
}

/// What happens to the value of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Entry,
    /// `<<`: it is merged into the map.
    Merge,
    /// The key is no text, which was told: it is left out.
    Odd,
}

/// What is wrong: at the map itself, or at an entry of it.
pub(super) struct Wrong {
    pub(super) at: Position,
    pub(super) key: Option<String>,
    pub(super) message: String,
}

impl OpenMap {
    /// Whether a key comes next.
    pub(super) fn wants_key(&self) -> bool {
        self.key.is_none()
    }

    /// The key whose value comes next, if it names a field.
    pub(super) fn field(&self) -> Option<&str> {
        let key = self.key.as_ref().filter(|key| key.role != Role::Odd)?;
        Some(&key.text)
    }

    /// Where the key stands whose value comes next.
    pub(super) fn key_at(&self) -> Option<Position> {
        self.key.as_ref().map(|key| key.at)
    }

    /// Takes a key, in quotes or plain.
    pub(super) fn key(&mut self, text: &str, plain: bool, at: Position) {
        let read = scalar::plain(text);
        self.key = Some(Key {
            text: text.to_owned(),
            at,
            ambiguous: plain && matches!(read, Tree::Ambiguous(_) | Tree::Bool(_)),
            role: if plain && text == "<<" {
                Role::Merge
            } else {
                Role::Entry
            },
        });
    }

    /// Takes a value, or a key that is an alias, a list or a map.
    pub(super) fn put(&mut self, node: Node) -> Option<Wrong> {
        let Some(Key {
            text,
            at,
            ambiguous,
            role,
        }) = self.key.take()
        else {
            return self.odd_key(&node);
        };
        match role {
            Role::Odd => None,
            Role::Merge => self.merge(at, node),
            Role::Entry => {
                self.own.push(Entry {
                    key: text,
                    at,
                    ambiguous,
                    value: node,
                });
                None
            }
        }
    }

    fn odd_key(&mut self, node: &Node) -> Option<Wrong> {
        let text = node.text();
        self.key = Some(Key {
            text: text.unwrap_or_default().to_owned(),
            at: node.at,
            ambiguous: false,
            role: if text.is_some() { Role::Entry } else { Role::Odd },
        });
        text.is_none().then(|| Wrong {
            at: node.at,
            key: None,
            message: "the key of a map must be text".to_owned(),
        })
    }

    /// `<<`: the entries of other maps, where the map has none of its own.
    fn merge(&mut self, at: Position, node: Node) -> Option<Wrong> {
        let maps = if let Tree::List(items) = node.tree {
            items
        } else {
            vec![node]
        };
        let mut wrong = None;
        for map in maps {
            if let Tree::Map(entries) = map.tree {
                self.merged.extend(entries);
            } else {
                wrong = Some(Wrong {
                    at,
                    key: Some("<<".to_owned()),
                    message: "`<<` takes a map, or a list of maps".to_owned(),
                });
            }
        }
        wrong
    }

    /// The entries, each key once: the map's own before merged ones, and of those the first.
    pub(super) fn finish(self) -> (Vec<Entry>, Vec<Wrong>) {
        let Self { own, merged, key: _ } = self;
        let mut wrong = Vec::new();
        let mut places: BTreeMap<String, Position> = BTreeMap::new();
        let mut kept = Vec::with_capacity(own.len() + merged.len());
        for entry in own {
            if let Some(first) = places.get(&entry.key) {
                let first = first.line;
                let message = format!(
                    "the key `{}` stands twice in this map; the first is in line {first}",
                    shortened(&entry.key)
                );
                wrong.push(Wrong {
                    at: entry.at,
                    key: Some(entry.key),
                    message,
                });
            } else {
                places.insert(entry.key.clone(), entry.at);
                kept.push(entry);
            }
        }
        for entry in merged {
            if places.insert(entry.key.clone(), entry.at).is_none() {
                kept.push(entry);
            }
        }
        (kept, wrong)
    }
}
