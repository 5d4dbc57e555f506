//! Which stage runs before which: `dependsOn` and `input` as a graph without circles.

use super::stage_field;
use crate::fault::{FieldPath, did_you_mean, listed};
use crate::{SpecFault, StageDraft};
use std::collections::{BTreeMap, BTreeSet};

/// The order of a pipeline's stages. What is wrong was reported and is left out of it.
pub(super) struct Order {
    /// Of each stage: the stages that it names.
    pub parents: Vec<Vec<usize>>,
    /// Of each stage: all stages that run before it.
    pub ancestors: Vec<BTreeSet<usize>>,
    /// All stages, each after those that it depends on.
    pub sequence: Vec<usize>,
    /// Whether something is wrong with the order of a stage or above it, so that what it lacks may be only a consequence.
    pub broken: Vec<bool>,
}

/// One stage names another.
struct Edge {
    to: usize,
    field: FieldPath,
}

impl Order {
    /// The order of `stages`; unknown names, a name twice, a stage that names itself, and circles are faults.
    pub(super) fn of(stages: &[StageDraft], faults: &mut Vec<SpecFault>) -> Self {
        let mut broken = vec![false; stages.len()];
        let edges = edges(stages, &mut broken, faults);
        let mut walk = Walk {
            stages,
            edges: &edges,
            state: vec![State::New; stages.len()],
            path: Vec::new(),
            parents: vec![Vec::new(); stages.len()],
            sequence: Vec::new(),
            broken,
            faults,
        };
        for i in 0..stages.len() {
            walk.visit(i);
        }
        let Walk {
            mut parents,
            sequence,
            mut broken,
            ..
        } = walk;
        let mut ancestors = vec![BTreeSet::new(); stages.len()];
        for &i in &sequence {
            parents[i].sort_unstable();
            parents[i].dedup();
            let mut above: BTreeSet<usize> = parents[i].iter().copied().collect();
            for &parent in &parents[i] {
                above.extend(&ancestors[parent]);
                broken[i] |= broken[parent];
            }
            ancestors[i] = above;
        }
        Self {
            parents,
            ancestors,
            sequence,
            broken,
        }
    }
}

/// The place of the stage `name`; of two with the same name (a fault of its own) the first.
pub(super) fn place_of(stages: &[StageDraft], name: &str) -> Option<usize> {
    stages.iter().position(|stage| stage.name == name)
}

/// A fault for a name that no stage has, with what was probably meant.
pub(super) fn no_such_stage(stages: &[StageDraft], field: FieldPath, name: &str, own: usize) -> SpecFault {
    // A stage without a name, and a name twice, are faults of their own.
    let mut seen = BTreeSet::from(["", stages[own].name.as_str()]);
    let others: Vec<&str> = stages
        .iter()
        .map(|stage| stage.name.as_str())
        .filter(|name| seen.insert(name))
        .collect();
    let suggestion = did_you_mean(name, others.iter().copied()).or_else(|| {
        let known = listed(others);
        (!known.is_empty()).then(|| format!("the other stages are {known}"))
    });
    SpecFault::new(field, format!("there is no stage `{name}`")).suggest(suggestion)
}

fn edges(stages: &[StageDraft], broken: &mut [bool], faults: &mut Vec<SpecFault>) -> Vec<Vec<Edge>> {
    let places: BTreeMap<&str, usize> = stages
        .iter()
        .enumerate()
        .rev()
        .map(|(i, s)| (s.name.as_str(), i))
        .collect();
    let mut edges = Vec::with_capacity(stages.len());
    for (i, stage) in stages.iter().enumerate() {
        let mut own = Vec::new();
        let mut seen = BTreeSet::new();
        let depends_on = stage_field(i).field("dependsOn");
        let named = stage
            .depends_on
            .iter()
            .enumerate()
            .map(|(k, name)| (name, depends_on.index(k)));
        for (name, field) in named {
            if !seen.insert(name) {
                faults.push(SpecFault::new(field, format!("`{name}` stands here twice")));
                continue;
            }
            match places.get(name.as_str()) {
                Some(&to) if to == i => {
                    faults.push(SpecFault::new(field, format!("`{name}` cannot depend on itself")));
                    broken[i] = true;
                }
                Some(&to) => own.push(Edge { to, field }),
                None => {
                    faults.push(no_such_stage(stages, field, name, i));
                    broken[i] = true;
                }
            }
        }
        if let Some(name) = &stage.input {
            let field = stage_field(i).field("input");
            match places.get(name.as_str()) {
                Some(&to) if to == i => {
                    faults.push(SpecFault::new(field, format!("`{name}` cannot read its own dataset")));
                    broken[i] = true;
                }
                Some(&to) => own.push(Edge { to, field }),
                None => {
                    faults.push(no_such_stage(stages, field, name, i));
                    broken[i] = true;
                }
            }
        }
        edges.push(own);
    }
    edges
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    OnPath,
    Done,
}

/// A walk from each stage to those that it names, deepest first. At most [`super::STAGES_MAX`] deep.
struct Walk<'a> {
    stages: &'a [StageDraft],
    edges: &'a [Vec<Edge>],
    state: Vec<State>,
    path: Vec<usize>,
    parents: Vec<Vec<usize>>,
    sequence: Vec<usize>,
    broken: Vec<bool>,
    faults: &'a mut Vec<SpecFault>,
}

impl Walk<'_> {
    fn visit(&mut self, i: usize) {
        if self.state[i] != State::New {
            return;
        }
        self.state[i] = State::OnPath;
        self.path.push(i);
        let edges = self.edges;
        for edge in &edges[i] {
            if self.state[edge.to] == State::OnPath {
                self.report_circle(edge);
            } else {
                self.parents[i].push(edge.to);
                self.visit(edge.to);
            }
        }
        self.path.pop();
        self.state[i] = State::Done;
        self.sequence.push(i);
    }

    /// `edge` leads from the end of the path back into it.
    fn report_circle(&mut self, edge: &Edge) {
        let start = self.path.iter().position(|&i| i == edge.to).unwrap_or(0);
        let circle = &self.path[start..];
        for &i in circle {
            self.broken[i] = true;
        }
        let names: Vec<&str> = circle
            .iter()
            .chain([&edge.to])
            .map(|&i| self.stages[i].name.as_str())
            .collect();
        let message = format!("stages depend on each other in a circle: {}", names.join(" -> "));
        self.faults.push(SpecFault::new(edge.field.clone(), message));
    }
}
