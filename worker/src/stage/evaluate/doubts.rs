//! What makes a model doubtful although it could be judged: it knows no more than its most frequent class, never answers a class,
//! or leans on one column alone.

use super::figures;
use crate::csv::some_names;
use crate::metrics::{Metrics, PermutationImportance};

/// With fewer rows one or two of them make the difference.
const ROWS_MIN: u64 = 20;
/// A model that is so good by one column alone was perhaps given the answer.
const PERFECT: f64 = 0.99;
/// What the other columns add, as a share of what the first one does, where it is alone.
const OTHERS_MOST: f64 = 0.01;

/// The doubts as sentences, the heaviest first. `labels` are those of the classes.
pub(super) fn doubts(metrics: &Metrics, labels: &[String]) -> Vec<String> {
    if metrics.rows < ROWS_MIN {
        return Vec::new();
    }
    let importance = metrics.permutation_importance.as_ref();
    let doubts = [
        importance.and_then(one_column_decides),
        no_better_than_one_answer(metrics, labels),
        never_answered(metrics, labels),
    ];
    doubts.into_iter().flatten().collect()
}

fn one_column_decides(importance: &PermutationImportance) -> Option<String> {
    let [first, others @ ..] = importance.columns.as_slice() else {
        return None;
    };
    let most = others.iter().map(|column| column.importances_mean).reduce(f64::max)?;
    let alone = first.importances_mean > 0.0 && most <= OTHERS_MOST * first.importances_mean;
    (alone && importance.baseline >= PERFECT).then(|| {
        format!(
            "{} decides alone, and the {} is {}: is its value known before the class is?",
            some_names(std::slice::from_ref(&first.column)),
            importance.metric,
            figures::plain(importance.baseline)
        )
    })
}

fn no_better_than_one_answer(metrics: &Metrics, labels: &[String]) -> Option<String> {
    let (rows, label) = metrics.support.iter().zip(labels).max_by_key(|(rows, _)| **rows)?;
    let share = *rows as f64 / metrics.rows as f64;
    (metrics.accuracy < share).then(|| {
        format!(
            "Always answering {} is right in {} of these rows, the model in {}",
            some_names(std::slice::from_ref(label)),
            figures::percent(share),
            figures::percent(metrics.accuracy)
        )
    })
}

fn never_answered(metrics: &Metrics, labels: &[String]) -> Option<String> {
    let answered = |class: usize| metrics.confusion_matrix.iter().any(|row| row.get(class) != Some(&0));
    let (mut never, mut rows) = (Vec::new(), 0);
    for (class, (label, &of_class)) in labels.iter().zip(&metrics.support).enumerate() {
        if of_class > 0 && !answered(class) {
            never.push(label.clone());
            rows += of_class;
        }
    }
    (!never.is_empty()).then(|| {
        let are = if rows == 1 { "is" } else { "are" };
        format!(
            "The model never answers {}, which {} of these rows {are}",
            some_names(&never),
            figures::count(rows)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic::Predictions;
    use crate::metrics::{ColumnImportance, Judge, JudgedRows};
    use crate::model::Classes;

    /// The doubts about a model that gives each row this probability of `yes`, and what each column is worth to it.
    fn doubts_about(rows: &[(u32, f64)], columns: &[(&str, f64)]) -> Vec<String> {
        let (classes, positive): (Vec<u32>, Vec<f64>) = rows.iter().copied().unzip();
        let labels = ["no", "yes"].map(str::to_owned);
        let mut judge = Judge::new(2);
        let predictions = Predictions {
            classes: positive.iter().map(|&p| u32::from(p > 0.5)).collect(),
            probabilities: vec![positive.iter().map(|p| 1.0 - p).collect(), positive],
        };
        judge.add(&classes, &predictions);
        let known = Classes::Text(labels.to_vec());
        let mut metrics = judge.finish(JudgedRows::Holdout, &known, None).unwrap();
        metrics.permutation_importance = Some(PermutationImportance {
            metric: "roc_auc".to_owned(),
            baseline: metrics.roc_auc.unwrap(),
            rows: metrics.rows,
            columns: columns
                .iter()
                .map(|(column, importances_mean)| ColumnImportance {
                    column: (*column).to_owned(),
                    importances_mean: *importances_mean,
                    importances_std: 0.0,
                })
                .collect(),
        });
        doubts(&metrics, &labels)
    }

    #[test]
    fn doubts_table() {
        let rows = |no: f64, yes: f64| [vec![(0, no); 36], vec![(1, yes); 4]].concat();
        let useful = [("fare", 0.3), ("age", 0.2)];
        let alone = [("alive", 0.5), ("age", 0.001)];
        let mixed: Vec<(u32, f64)> = [rows(0.2, 0.9), vec![(0, 0.95)]].concat();
        let wrong = [vec![(0, 0.9); 20], vec![(0, 0.1); 15], vec![(1, 0.2); 5]].concat();
        for (rows, columns, wanted) in [
            (mixed.clone(), useful, vec![]),
            (rows(0.2, 0.9), useful, vec![]),
            (
                rows(0.2, 0.9),
                alone,
                vec!["`alive` decides alone, and the roc_auc is 1: is its value known before the class is?"],
            ),
            (mixed, alone, vec![]),
            (
                rows(0.2, 0.3),
                useful,
                vec!["The model never answers `yes`, which 4 of these rows are"],
            ),
            (
                wrong,
                useful,
                vec!["Always answering `no` is right in 87.5 % of these rows, the model in 37.5 %"],
            ),
        ] {
            assert_eq!(doubts_about(&rows, &columns), wanted);
        }
        // Of so few rows nothing is said.
        assert_eq!(doubts_about(&[(0, 0.9), (1, 0.1)], &alone), [""; 0]);
    }
}
