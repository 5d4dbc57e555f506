//! Which finished runs and model versions are removed.
//!
//! In: those that there are. Out: those that go. Pure; only runs that the host made itself are to be shown to it.

use crate::Timestamp;
use trainyard_contract::{ModelVersionName, RunName};

/// How many runs of each end are kept where nothing is said.
pub const RUNS_KEPT: usize = 10;

/// What is kept of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Runs that Succeeded.
    pub succeeded: usize,
    /// Runs that Failed or were Stopped.
    pub others: usize,
    /// Model versions; all when left out.
    pub model_versions: Option<usize>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            succeeded: RUNS_KEPT,
            others: RUNS_KEPT,
            model_versions: None,
        }
    }
}

/// A run at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedRun {
    /// Its name.
    pub name: RunName,
    /// When it was created.
    pub created: Timestamp,
    /// Whether it Succeeded.
    pub succeeded: bool,
    /// The slot that it ran for.
    pub slot: Option<Timestamp>,
}

/// The runs that go, oldest first: those beyond what is kept, but never the newest of all, nor one whose slot is newer than the newest
/// that is known to have its run (`last_slot`): it would start again.
pub fn surplus_runs(
    mut finished: Vec<FinishedRun>,
    retention: Retention,
    last_slot: Option<Timestamp>,
) -> Vec<FinishedRun> {
    finished.sort_by(|a, b| (b.created, &b.name).cmp(&(a.created, &a.name)));
    let (mut succeeded, mut others) = (0, 0);
    let mut surplus: Vec<FinishedRun> = Vec::new();
    for (place, run) in finished.into_iter().enumerate() {
        let (count, kept) = if run.succeeded {
            (&mut succeeded, retention.succeeded)
        } else {
            (&mut others, retention.others)
        };
        *count += 1;
        let is_settled = run.slot.is_none_or(|slot| last_slot.is_some_and(|last| slot <= last));
        if *count > kept && place > 0 && is_settled {
            surplus.push(run);
        }
    }
    surplus.reverse();
    surplus
}

/// The versions that go, oldest first: those beyond what is kept, but never one that is `needed` (the champion, and what a run under way
/// has made), which counts as one that is kept.
pub fn surplus_versions(
    mut versions: Vec<ModelVersionName>,
    retention: Retention,
    needed: impl Fn(&ModelVersionName) -> bool,
) -> Vec<ModelVersionName> {
    let Some(kept) = retention.model_versions else {
        return Vec::new();
    };
    versions.sort_by(|a, b| b.age().cmp(&a.age()));
    let known = versions.len();
    versions.retain(|version| !needed(version));
    let others_kept = kept.saturating_sub(known - versions.len());
    let mut surplus = versions.split_off(others_kept.min(versions.len()));
    surplus.reverse();
    surplus
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(name: &str, minute: i64, succeeded: bool) -> FinishedRun {
        FinishedRun {
            name: RunName::parse(name).expect("a name"),
            created: Timestamp::from_millis(minute * 60_000),
            succeeded,
            slot: None,
        }
    }

    fn names(runs: &[FinishedRun]) -> Vec<&str> {
        runs.iter().map(|run| run.name.as_str()).collect()
    }

    #[test]
    fn surplus_runs_table() {
        let all = || {
            vec![
                run("c", 3, true),
                run("a", 1, true),
                run("b", 2, false),
                run("d", 4, false),
                run("e", 5, true),
            ]
        };
        for (kept, wanted) in [
            ((10, 10), &[][..]),
            ((2, 2), &["a"]),
            ((1, 1), &["a", "b", "c"]),
            ((2, 0), &["a", "b", "d"]),
            // The newest is never among them.
            ((0, 0), &["a", "b", "c", "d"]),
        ] {
            let (succeeded, others) = kept;
            let retention = Retention {
                succeeded,
                others,
                model_versions: None,
            };
            assert_eq!(names(&surplus_runs(all(), retention, None)), wanted, "{kept:?}");
        }
    }

    #[test]
    fn a_run_whose_slot_has_no_fate_yet_stays() {
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
        let slot = |name: &str, minute: i64| FinishedRun {
            slot: Some(at(minute)),
            ..run(name, minute, true)
        };
        let none = Retention {
            succeeded: 0,
            others: 0,
            model_versions: None,
        };
        for (last, wanted) in [(None, &[][..]), (Some(at(1)), &["a"]), (Some(at(2)), &["a", "b"])] {
            let all = vec![slot("a", 1), slot("b", 2), slot("c", 3)];
            assert_eq!(names(&surplus_runs(all, none, last)), wanted);
        }
    }

    #[test]
    fn surplus_versions_table() {
        let version = |text: &str| ModelVersionName::parse(format!("model_2026022{text}")).expect("a version");
        let all = || {
            ["2_104700", "1_104700", "3_104700", "3_104700_2", "3_104700_10"]
                .map(version)
                .to_vec()
        };
        let old = version("1_104700");
        for (kept, champion, wanted) in [
            (None, None, vec![]),
            (Some(9), None, vec![]),
            (Some(3), None, vec!["1_104700", "2_104700"]),
            (Some(3), Some(&old), vec!["2_104700", "3_104700"]),
            (
                Some(1),
                Some(&old),
                vec!["2_104700", "3_104700", "3_104700_2", "3_104700_10"],
            ),
            // One that is no version of the pipeline takes nobody's place.
            (Some(4), Some(&version("9_000000")), vec!["1_104700"]),
        ] {
            let retention = Retention {
                model_versions: kept,
                ..Retention::default()
            };
            let wanted: Vec<_> = wanted.into_iter().map(version).collect();
            let is_needed = |version: &ModelVersionName| Some(version) == champion;
            assert_eq!(
                surplus_versions(all(), retention, is_needed),
                wanted,
                "{kept:?} {champion:?}"
            );
        }
        // The champion, and a newer one whose run has not ended: both stay.
        let one = Retention {
            model_versions: Some(1),
            ..Retention::default()
        };
        let needed = [&old, &version("2_104700")];
        let surplus = surplus_versions(all(), one, |version| needed.contains(&version));
        assert_eq!(surplus, ["3_104700", "3_104700_2", "3_104700_10"].map(version));
    }
}
