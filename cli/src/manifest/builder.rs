//! The events of YAML's parser become trees of values.
//!
//! Bounded whatever they are: the depth, and the values and characters after aliases are replaced by what they stand for.
//! Not here: the entries of one map (`open_map.rs`).

use super::lines::Lines;
use super::node::{Node, Position, Tree, shortened};
use super::open_map::{OpenMap, Wrong};
use super::reader::Stop;
use super::scalar;
use super::yaml_error::Opened;
use saphyr_parser::{Event, Marker, ScalarStyle, Span, Tag};
use std::collections::HashMap;
use trainyard_engine::FieldPath;

/// The deepest nesting of lists and maps; a pipeline needs 10.
const DEPTH_MAX: usize = 64;
/// The most values of a file once its aliases are replaced by what they stand for.
const NODES_MAX: usize = 100_000;
/// The most bytes of texts, likewise.
const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most faults of the text itself that are told.
const FAULTS_MAX: usize = 100;

/// What is wrong, where and in which field.
pub(super) type Found = (Position, FieldPath, String);

/// Where a mark of the parser stands.
pub(super) fn position(mark: Marker) -> Position {
    Position {
        line: mark.line().max(1) as u64,
        column: mark.col() as u64 + 1,
    }
}

/// Documents under construction.
pub(super) struct Builder<'a> {
    lines: &'a Lines<'a>,
    documents: Vec<Node>,
    /// The document under construction, once its value is finished.
    root: Option<Node>,
    faults: Vec<Found>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    text_bytes: usize,
}

/// A list or map that is not finished.
struct Open {
    at: Position,
    anchor: usize,
    /// Whether brackets hold it.
    flow: bool,
    inside: Inside,
}

enum Inside {
    List(Vec<Node>),
    Map(OpenMap),
}

impl<'a> Builder<'a> {
    /// Nothing yet of a text of these lines.
    pub(super) fn new(lines: &'a Lines<'a>) -> Self {
        Self {
            lines,
            documents: Vec::new(),
            root: None,
            faults: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            text_bytes: 0,
        }
    }

    /// The finished documents that are not empty, and what is wrong with them. One in which the reading stopped is not there:
    /// what it lacks is a consequence.
    pub(super) fn finish(self) -> (Vec<Node>, Vec<Found>) {
        (self.documents, self.faults)
    }

    /// Takes back the last document: what ended it was no end of a document.
    pub(super) fn take_back(&mut self) {
        self.documents.pop();
    }

    /// The innermost bracket that is open.
    pub(super) fn opened(&self) -> Option<Opened> {
        let open = self.open.iter().rev().find(|open| open.flow)?;
        let bracket = if matches!(open.inside, Inside::List(_)) {
            '['
        } else {
            '{'
        };
        Some(Opened { bracket, at: open.at })
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// A bound is passed: the rest is not to be read.
    pub(super) fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        let at = position(span.start);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => Ok(()),
            Event::DocumentEnd => {
                self.anchors.clear();
                self.documents.extend(self.root.take());
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::Scalar(text, style, anchor, tag) => {
                self.nodes += 1;
                self.text_bytes += text.len();
                self.bounds(at)?;
                if !text.is_empty() {
                    self.no_tab_before(at)?;
                }
                if self.map().is_some_and(|map| map.wants_key()) {
                    return self.key(&text, style == ScalarStyle::Plain, at, anchor);
                }
                let tree = self.scalar(&text, style, at, tag.as_deref());
                // An empty value has no place of its own: the parser may give one on the next line.
                let empty = tree == Tree::Null && text.is_empty();
                let key = self.map().and_then(|map| map.key_at()).filter(|_| empty);
                self.finished(
                    Node {
                        at: key.unwrap_or(at),
                        tree,
                    },
                    anchor,
                );
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => self.begin(Inside::List(Vec::new()), span, anchor, tag.as_deref()),
            Event::MappingStart(anchor, tag) => {
                self.begin(Inside::Map(OpenMap::default()), span, anchor, tag.as_deref())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.end();
                Ok(())
            }
        }
    }

    fn map(&mut self) -> Option<&mut OpenMap> {
        match self.open.last_mut() {
            Some(Open {
                inside: Inside::Map(map),
                ..
            }) => Some(map),
            Some(_) | None => None,
        }
    }

    fn begin(&mut self, inside: Inside, span: Span, anchor: usize, tag: Option<&Tag>) -> Result<(), Stop> {
        let at = position(span.start);
        self.nodes += 1;
        self.bounds(at)?;
        self.no_tab_before(at)?;
        if self.open.len() >= DEPTH_MAX {
            return Err((at, format!("lists and maps are nested more than {DEPTH_MAX} deep")));
        }
        let flow = self.is_flow(span);
        self.container_tag(&inside, at, tag);
        self.open.push(Open {
            at: match inside {
                Inside::List(_) if !flow => self.first_dash(at),
                Inside::List(_) | Inside::Map(_) => at,
            },
            anchor,
            flow,
            inside,
        });
        Ok(())
    }

    /// Whether a list or map is in brackets. One that is not has a span, too, when it has an anchor or a tag.
    fn is_flow(&self, span: Span) -> bool {
        let last = Position {
            column: span.end.col() as u64,
            ..position(span.end)
        };
        let bracket = self.lines.character(last).is_none_or(|c| matches!(c, '[' | '{'));
        !span.is_empty() && bracket
    }

    fn container_tag(&mut self, inside: &Inside, at: Position, tag: Option<&Tag>) {
        let (own, is) = match inside {
            Inside::List(_) => ("seq", "a list"),
            Inside::Map(_) => ("map", "a map"),
        };
        match tag {
            Some(tag) if is_core(tag, &["map", "seq"]) && !is_core(tag, &[own]) => {
                let message = format!("{is} stands here, but it is tagged `!!{}`", tag.suffix);
                self.fault(at, None, message);
            }
            Some(tag) if !is_core(tag, &[own]) => self.unknown_tag(at, tag),
            Some(_) | None => {}
        }
    }

    /// Where a list without brackets begins: the parser names what follows the `-` when that stands below the first letter of
    /// its key.
    fn first_dash(&self, at: Position) -> Position {
        let below_key = self.open.last().map(|open| Position {
            column: open.at.column,
            ..at
        });
        below_key
            .filter(|dash| self.lines.character(*dash) == Some('-'))
            .unwrap_or(at)
    }

    /// A value in no bracket that a tab indents, or parts from its key or dash, ends the reading: kubectl takes spaces only.
    fn no_tab_before(&self, at: Position) -> Result<(), Stop> {
        if self.open.last().is_some_and(|open| open.flow) {
            return Ok(());
        }
        self.lines.tab_before(at).map_or(Ok(()), Err)
    }

    fn end(&mut self) {
        let Some(Open {
            at,
            anchor,
            flow: _,
            inside,
        }) = self.open.pop()
        else {
            return;
        };
        let tree = match inside {
            Inside::List(items) => Tree::List(items),
            Inside::Map(map) => {
                let (entries, wrong) = map.finish();
                for wrong in wrong {
                    self.wrong(wrong);
                }
                Tree::Map(entries)
            }
        };
        self.finished(Node { at, tree }, anchor);
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), Stop> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err((at, "an alias stands inside of what it stands for".to_owned()));
        };
        self.count(&node, at)?;
        self.put(node);
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, at: Position, tag: Option<&Tag>) -> Tree {
        match tag {
            None if style == ScalarStyle::Plain => scalar::plain(text),
            Some(tag) if is_core(tag, &["int", "float", "bool", "null"]) => {
                let tree = scalar::plain(text);
                if let Some(wanted) = scalar::wanted_by_tag(&tag.suffix, &tree) {
                    let message = format!(
                        "`{}` is not {wanted}, but is tagged `!!{}`",
                        shortened(text),
                        tag.suffix
                    );
                    self.fault(at, None, message);
                }
                tree
            }
            Some(tag) if !(is_core(tag, &["str"]) || is_text(tag)) => {
                self.unknown_tag(at, tag);
                Tree::Text(text.to_owned())
            }
            Some(_) | None => Tree::Text(text.to_owned()),
        }
    }

    fn key(&mut self, text: &str, plain: bool, at: Position, anchor: usize) -> Result<(), Stop> {
        if plain && scalar::plain(text) == Tree::Null {
            return Err((at, "a key is missing before the `:`".to_owned()));
        }
        if anchor != 0 {
            self.anchors.insert(
                anchor,
                Node {
                    at,
                    tree: Tree::Text(text.to_owned()),
                },
            );
        }
        if let Some(map) = self.map() {
            map.key(text, plain, at);
        }
        Ok(())
    }

    fn finished(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.put(node);
    }

    /// A value goes where it belongs: into the open list or map, or it is the document.
    fn put(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.inside) {
            None if node.tree == Tree::Null => {}
            None => self.root = Some(node),
            Some(Inside::List(items)) => items.push(node),
            Some(Inside::Map(map)) => {
                if let Some(wrong) = map.put(node) {
                    self.wrong(wrong);
                }
            }
        }
    }

    fn unknown_tag(&mut self, at: Position, tag: &Tag) {
        let shown = if tag.is_yaml_core_schema() {
            format!("!!{}", tag.suffix)
        } else {
            tag.to_string()
        };
        self.fault(at, None, format!("the tag `{shown}` means nothing here"));
    }

    fn wrong(&mut self, wrong: Wrong) {
        let Wrong { at, key, message } = wrong;
        self.fault(at, key.as_deref(), message);
    }

    /// A fault at the value under construction, or at a key of the map that was just finished.
    fn fault(&mut self, at: Position, key: Option<&str>, message: String) {
        if self.faults.len() >= FAULTS_MAX {
            return;
        }
        let above = self
            .open
            .iter()
            .fold(FieldPath::default(), |field, open| match &open.inside {
                Inside::List(items) => field.index(items.len()),
                Inside::Map(map) => match map.field() {
                    Some(key) => field.field(key),
                    None => field,
                },
            });
        let field = key.map_or_else(|| above.clone(), |key| above.field(key));
        self.faults.push((at, field, message));
    }

    /// Counts what an alias stands for.
    fn count(&mut self, node: &Node, at: Position) -> Result<(), Stop> {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            self.nodes += 1;
            match &node.tree {
                Tree::Text(text) | Tree::Ambiguous(text) => self.text_bytes += text.len(),
                Tree::List(items) => open.extend(items),
                Tree::Map(entries) => open.extend(entries.iter().map(|entry| &entry.value)),
                Tree::Null | Tree::Bool(_) | Tree::Number(..) | Tree::NotFinite(_) => {}
            }
            self.bounds(at)?;
        }
        Ok(())
    }

    fn bounds(&self, at: Position) -> Result<(), Stop> {
        if self.nodes > NODES_MAX || self.text_bytes > TEXT_BYTES_MAX {
            let message = format!(
                "the file holds more than {NODES_MAX} values, or {TEXT_BYTES_MAX} bytes of text, \
                 once its aliases are replaced by what they stand for"
            );
            return Err((at, message));
        }
        Ok(())
    }
}

/// Whether a tag is a lone `!`: a text, whatever it looks like.
fn is_text(tag: &Tag) -> bool {
    tag.handle.is_empty() && tag.suffix == "!"
}

/// Whether a tag is one of YAML's own of these names.
fn is_core(tag: &Tag, names: &[&str]) -> bool {
    tag.is_yaml_core_schema() && names.contains(&tag.suffix.as_str())
}
