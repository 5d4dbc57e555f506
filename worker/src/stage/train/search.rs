//! `train.search`: every candidate is fitted and judged by cross-validation; the best makes the model.
//!
//! The training rows are cut as scikit-learn's `StratifiedKFold` cuts them without shuffling, and `preprocess` is fitted anew in each fold, so
//! that a score never sees the rows it is of. All scores are kept in `search.json`.

use super::fitting::Fitting;
use super::row_set::RowSet;
use crate::StageError;
use crate::csv::{FileName, Word};
use crate::metrics::JudgedRows;
use arrow_buffer::BooleanBuffer;
use serde::{Deserialize, Serialize};
use tracing::info;
use trainyard_contract::stage::{MetricName, Search};

/// Parts of the training rows when the manifest says nothing.
const FOLDS: u32 = 5;

/// What was tried, as it stands in `search.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchReport {
    /// What was compared.
    pub metric: MetricName,
    /// In how many parts the training rows were cut.
    pub folds: u32,
    /// The best value of `c`.
    pub c: f64,
    /// Every value, in the manifest's order.
    pub candidates: Vec<Candidate>,
}

/// One value and what it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The value of `c`.
    pub c: f64,
    /// The mean of the scores.
    pub mean: f64,
    /// Their standard deviation (of the population).
    pub std: f64,
    /// The metric on each part, by the model of the others.
    pub scores: Vec<f64>,
}

/// Tries every candidate on the training rows.
pub(super) fn search(fitting: &Fitting<'_>, spec: &Search) -> Result<SearchReport, StageError> {
    let (metric, folds) = (spec.metric.unwrap_or_default(), spec.folds.unwrap_or(FOLDS));
    if spec.over.c.is_empty() {
        return Err(
            StageError::config("train.search.over.c is empty: there is nothing to try")
                .hint("name some values, such as c: [0.01, 0.1, 1, 10]"),
        );
    }
    let parts = parts(fitting, folds)?;
    let mut scores = vec![Vec::new(); spec.over.c.len()];
    for (fold, part) in parts.iter().enumerate() {
        let chosen = fitting.chosen;
        let rest = chosen
            .training
            .without(part, |block| chosen.table.rows_of(block), chosen.table.blocks());
        let class_rows = super::chosen::rows_of_classes(
            &chosen.table,
            &rest,
            chosen.target,
            &chosen.lookup,
            chosen.classes.count(),
        )?;
        let prepared = fitting.prepare(&rest)?;
        let design = fitting.design(&rest, &prepared.encoder)?;
        for (&c, scores) in spec.over.c.iter().zip(&mut scores) {
            let (fitted, _) = fitting.solve(&design, Some(c), &prepared, &rest, &class_rows)?;
            let judge = fitting.judge(part, &prepared.encoder, &fitted)?;
            let metrics = judge.finish(JudgedRows::Holdout, &chosen.classes, None);
            let Some(score) = metrics.and_then(|metrics| metrics.value(metric)) else {
                return Err(StageError::data(format!(
                    "{}: {} is undefined on part {} of {folds} of the training rows",
                    FileName::new(&fitting.description.source.name),
                    name(metric),
                    fold + 1
                ))
                .hint("compare by another metric, or take fewer folds"));
            };
            scores.push(score);
        }
    }
    let candidates: Vec<Candidate> = spec
        .over
        .c
        .iter()
        .zip(scores)
        .map(|(&c, scores)| candidate(c, scores))
        .collect();
    let best = best(&candidates, metric);
    for candidate in &candidates {
        info!(
            c = candidate.c,
            mean = candidate.mean,
            std = candidate.std,
            metric = name(metric),
            "tried"
        );
    }
    Ok(SearchReport {
        metric,
        folds,
        c: best,
        candidates,
    })
}

fn candidate(c: f64, scores: Vec<f64>) -> Candidate {
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count;
    let variance = scores.iter().map(|score| (score - mean) * (score - mean)).sum::<f64>() / count;
    Candidate {
        c,
        mean,
        std: variance.sqrt(),
        scores,
    }
}

/// The first of the best.
fn best(candidates: &[Candidate], metric: MetricName) -> f64 {
    let better = |left: f64, right: f64| {
        if metric.less_is_better() {
            left < right
        } else {
            left > right
        }
    };
    let mut candidates = candidates.iter();
    let first = candidates.next().map_or((1.0, f64::NAN), |first| (first.c, first.mean));
    candidates
        .fold(first, |best, one| {
            if better(one.mean, best.1) {
                (one.c, one.mean)
            } else {
                best
            }
        })
        .0
}

/// The name of a metric as it stands in `metrics.json`.
pub(super) fn name(metric: MetricName) -> &'static str {
    match metric {
        MetricName::LogLoss => "log_loss",
        MetricName::RocAuc => "roc_auc",
        MetricName::AveragePrecision => "average_precision",
        MetricName::Accuracy => "accuracy",
        MetricName::BalancedAccuracy => "balanced_accuracy",
        MetricName::F1 => "f1",
        MetricName::BrierScore => "brier_score",
        MetricName::MatthewsCorrcoef => "matthews_corrcoef",
    }
}

/// The training rows in `folds` parts.
fn parts(fitting: &Fitting<'_>, folds: u32) -> Result<Vec<RowSet>, StageError> {
    let (chosen, folds) = (fitting.chosen, folds as usize);
    if let Some(class) = chosen.class_rows.iter().position(|&rows| rows < folds as u64) {
        let rows = chosen.class_rows[class];
        return Err(StageError::data(format!(
            "{}: class `{}` has {rows} training {}, too few for {folds} folds",
            FileName::new(&fitting.description.source.name),
            Word::new(&chosen.classes.labels()[class]),
            if rows == 1 { "row" } else { "rows" }
        ))
        .hint("lower train.search.folds, or leave such rows out with train.where"));
    }
    let classes = classes_by_row(fitting)?;
    let ends = ends_of_folds(&chosen.class_rows, &classes.order, folds);
    let mut seen = vec![0_u64; chosen.class_rows.len()];
    let mut masks = vec![Vec::with_capacity(chosen.table.blocks()); folds];
    for (block, of_rows) in classes.of_blocks.iter().enumerate() {
        let rows = chosen.table.rows_of(block);
        let mask = chosen.training.mask(block, rows);
        let mut is_in = vec![vec![false; rows]; folds];
        for (row, &class) in mask.set_indices().zip(of_rows) {
            let class = class as usize;
            let fold = ends[class].partition_point(|&end| end <= seen[class]);
            is_in[fold][row] = true;
            seen[class] += 1;
        }
        for (masks, is_in) in masks.iter_mut().zip(is_in) {
            masks.push(BooleanBuffer::from(is_in));
        }
    }
    Ok(masks.into_iter().map(RowSet::of).collect())
}

/// The classes of the training rows.
struct ClassesByRow {
    of_blocks: Vec<Vec<u32>>,
    /// The classes as they first appear.
    order: Vec<usize>,
}

fn classes_by_row(fitting: &Fitting<'_>) -> Result<ClassesByRow, StageError> {
    let chosen = fitting.chosen;
    let of_blocks = crate::in_order::collected(chosen.table.blocks(), chosen.table.context().threads, |block| {
        let target = chosen
            .training
            .cut(block, chosen.table.read(block, &[chosen.target])?)?;
        let mut classes = Vec::new();
        if chosen.lookup.classes(&target[0], &mut classes) {
            Ok(classes)
        } else {
            Err(super::other_than_described())
        }
    })?;
    let mut order = Vec::new();
    for &class in of_blocks.iter().flatten() {
        if order.len() == chosen.class_rows.len() {
            break;
        }
        if !order.contains(&(class as usize)) {
            order.push(class as usize);
        }
    }
    Ok(ClassesByRow { of_blocks, order })
}

/// Of each class: up to which of its rows each fold reaches. Sorted by class, in the order in which classes first appear, every
/// `folds`-th row goes to a fold; as many rows of the class as that gives, in the order of the table.
fn ends_of_folds(class_rows: &[u64], order: &[usize], folds: usize) -> Vec<Vec<u64>> {
    let mut ends = vec![Vec::new(); class_rows.len()];
    let mut start = 0;
    for &class in order {
        let rows = class_rows[class];
        let upto = |end: u64, fold: u64| (end + folds as u64 - 1 - fold) / folds as u64;
        let mut reached = 0;
        for fold in 0..folds as u64 {
            reached += upto(start + rows, fold) - upto(start, fold);
            ends[class].push(reached);
        }
        start += rows;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_those_of_scikit_learn() {
        // StratifiedKFold(3) of y = [1, 0, 0, 1, 1, 0, 1, 1, 0, 1]: test folds of the rows 1 1 1 1 2 2 2 3 3 3 less one.
        let ends = ends_of_folds(&[4, 6], &[1, 0], 3);
        assert_eq!(ends[1], [2, 4, 6]);
        assert_eq!(ends[0], [2, 3, 4]);
    }

    #[test]
    fn the_first_of_the_best_is_taken() {
        let candidates = [
            candidate(0.1, vec![0.5, 0.7]),
            candidate(1.0, vec![0.6, 0.6]),
            candidate(9.0, vec![0.9, 0.1]),
        ];
        assert!((best(&candidates, MetricName::RocAuc) - 0.1).abs() < 1e-15);
        assert!((best(&candidates, MetricName::LogLoss) - 9.0).abs() < 1e-15);
        assert!((candidates[2].std - 0.4).abs() < 1e-15);
    }
}
