//! What Prometheus is told: how passes go, how runs stand, how long stages take.
//!
//! No label has a value that users choose: the number of series is bounded by this file. In `/metrics` as `OpenMetrics` text.

use crate::run::Pass;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::time::Duration;
use trainyard_engine::schedule::{SlotFate, SlotRange};
use trainyard_engine::{Plan, Run, RunPhase, StagePhase, StageStatus, StartAttempt};

/// All figures. Each is shared: a copy counts on.
pub(crate) struct Metrics {
    registry: Registry,
    leader: Gauge,
    passes: Family<OfKind, Histogram>,
    errors: Family<OfError, Counter>,
    runs: Family<OfPhase, Gauge>,
    ended_runs: Family<OfPhase, Counter>,
    attempts: Family<OfClass, Counter>,
    stage_seconds: Family<OfStageKind, Histogram>,
    stage_gap: Histogram,
    slots: Family<OfFate, Counter>,
    slot_delay: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfError {
    kind: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPhase {
    phase: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfClass {
    class: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFate {
    fate: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStageKind {
    kind: &'static str,
}

/// A pass takes some milliseconds; one that waits for an API server up to seconds.
fn short() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 2.0, 14))
}

/// A stage takes a second to some hours.
fn long() -> Histogram {
    Histogram::new(exponential_buckets(0.25, 2.0, 17))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("trainyard"),
            leader: Gauge::default(),
            passes: Family::new_with_constructor(short as fn() -> Histogram),
            errors: Family::default(),
            runs: Family::default(),
            ended_runs: Family::default(),
            attempts: Family::default(),
            stage_seconds: Family::new_with_constructor(long as fn() -> Histogram),
            stage_gap: short(),
            slots: Family::default(),
            slot_delay: short(),
        };
        metrics.register();
        metrics.begin_at_nought();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("leader", "Whether this operator acts: 1, or 0", self.leader.clone());
        registry.register_with_unit(
            "reconcile",
            "Length of a pass over an object",
            Unit::Seconds,
            self.passes.clone(),
        );
        registry.register(
            "reconcile_errors",
            "Passes that were cut off, by cause",
            self.errors.clone(),
        );
        registry.register("runs", "Unfinished runs, by phase", self.runs.clone());
        registry.register("runs_finished", "Runs that ended, by phase", self.ended_runs.clone());
        registry.register(
            "attempts",
            "Attempts that ended, by failure class (Succeeded: none)",
            self.attempts.clone(),
        );
        registry.register_with_unit(
            "stage",
            "From a stage's first begin to its end, by kind",
            Unit::Seconds,
            self.stage_seconds.clone(),
        );
        registry.register_with_unit(
            "stage_gap",
            "From the moment the operator saw a stage end to the creation of the next stage's Job",
            Unit::Seconds,
            self.stage_gap.clone(),
        );
        registry.register(
            "slots",
            "Due times of schedules whose fate became known: Ran, Skipped or Missed",
            self.slots.clone(),
        );
        registry.register_with_unit(
            "slot_delay",
            "From a due time to the creation of its run",
            Unit::Seconds,
            self.slot_delay.clone(),
        );
    }

    /// What is not there before it happens has not grown when it does: nobody would be told of the first.
    fn begin_at_nought(&self) {
        for phase in [RunPhase::Succeeded, RunPhase::Failed, RunPhase::Stopped] {
            let phase = phase.to_string();
            drop(self.ended_runs.get_or_create(&OfPhase { phase }));
        }
        for fate in ["Ran", "Skipped", "Missed"] {
            drop(self.slots.get_or_create(&OfFate { fate }));
        }
    }

    /// All figures as text.
    ///
    /// # Errors
    /// Never: writing to a text does not fail.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// This operator acts from now on.
    pub(crate) fn leads(&self) {
        self.leader.set(1);
    }

    /// A pass over an object of this kind has ended.
    pub(crate) fn passed(&self, kind: &'static str, took: Duration) {
        self.passes.get_or_create(&OfKind { kind }).observe(took.as_secs_f64());
    }

    /// A pass was cut off.
    pub(crate) fn failed(&self, kind: &'static str, reason: &'static str) {
        self.errors.get_or_create(&OfError { kind, reason }).inc();
    }

    /// How many unfinished runs there are in each phase.
    pub(crate) fn count_runs(&self, phases: impl Iterator<Item = RunPhase>) {
        let all = [
            RunPhase::Pending,
            RunPhase::Running,
            RunPhase::Suspended,
            RunPhase::Stopping,
        ];
        let mut counts = [0; 4];
        for phase in phases {
            if let Some(at) = all.iter().position(|p| *p == phase) {
                counts[at] += 1;
            }
        }
        for (phase, count) in all.iter().zip(counts) {
            let phase = phase.to_string();
            self.runs.get_or_create(&OfPhase { phase }).set(count);
        }
    }

    /// A pass over a run is written down: what ended since the last one.
    pub(crate) fn planned(&self, run: &Run, plan: &Plan, pass: &Pass<'_>) {
        for stage in &plan.status.stages {
            let before = run.status.stage(&stage.name);
            self.count_attempt(before, stage);
            let has_ended = stage.phase.is_end() && before.is_none_or(|before| before.phase != stage.phase);
            if has_ended && let (Some(began), Some(ended)) = (stage.began_after, stage.ended_after) {
                let millis = ended.as_millis().saturating_sub(began.as_millis());
                let kind = pass.kind_of(&stage.name);
                let seconds = Duration::from_millis(millis).as_secs_f64();
                self.stage_seconds.get_or_create(&OfStageKind { kind }).observe(seconds);
            }
        }
        let phase = plan.status.phase;
        if phase.is_final() && run.status.phase != phase {
            let phase = phase.to_string();
            self.ended_runs.get_or_create(&OfPhase { phase }).inc();
        }
    }

    /// Counts the attempt of a stage that has its verdict since the last pass.
    fn count_attempt(&self, before: Option<&StageStatus>, now: &StageStatus) {
        let ended = |stage: &StageStatus| {
            let open = stage.latest.as_ref().is_some_and(|latest| latest.verdict.is_none());
            stage.attempts - u32::from(open)
        };
        let new = ended(now).saturating_sub(before.map_or(0, ended));
        if new > 0 {
            let class = match (now.phase, now.failure_class) {
                (StagePhase::Succeeded, _) => "Succeeded".to_owned(),
                (_, Some(class)) => class.to_string(),
                (_, None) => "Stopped".to_owned(),
            };
            self.attempts.get_or_create(&OfClass { class }).inc_by(new.into());
        }
    }

    /// What became of due times is written down.
    pub(crate) fn slots_settled(&self, ranges: &[SlotRange]) {
        for range in ranges {
            let fate = match range.fate {
                SlotFate::Ran => "Ran",
                SlotFate::Skipped => "Skipped",
                SlotFate::Missed => "Missed",
            };
            let count = u64::try_from(range.count).unwrap_or_default();
            self.slots.get_or_create(&OfFate { fate }).inc_by(count);
        }
    }

    /// The run of a slot was created this long after its time.
    pub(crate) fn slot_started(&self, late: trainyard_contract::Duration) {
        self.slot_delay.observe(late.as_millis() as f64 / 1e3);
    }

    /// An attempt's Job was created this long after the pass began that saw its predecessor end.
    pub(crate) fn attempt_created(&self, start: &StartAttempt, since_pass_began: Duration) {
        if start.attempt == 1 {
            self.stage_gap.observe(since_pass_began.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_for_who_runs_the_operator_has_every_figure() {
        let page = include_str!("../../docs/operator.md");
        let metrics = Metrics::default();
        // A figure without a series is not written.
        metrics.passed("run", Duration::from_millis(3));
        metrics.failed("run", "Refused");
        metrics.count_runs(std::iter::empty());
        let class = "Succeeded".to_owned();
        drop(metrics.attempts.get_or_create(&OfClass { class }));
        drop(metrics.stage_seconds.get_or_create(&OfStageKind { kind: "train" }));
        let text = metrics.text().expect("text");
        let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        let figures: Vec<_> = types.filter_map(|line| line.split(' ').next()).collect();
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `trainyard_"));
        let shown: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
        let shown: Vec<_> = shown.iter().map(|name| format!("trainyard_{name}")).collect();
        assert_eq!(shown, figures, "docs/operator.md");
    }

    #[test]
    fn the_first_failure_is_seen_as_an_increase() {
        let text = Metrics::default().text().expect("text");
        for line in [
            "trainyard_runs_finished_total{phase=\"Failed\"} 0",
            "trainyard_slots_total{fate=\"Missed\"} 0",
        ] {
            assert!(text.lines().any(|shown| shown == line), "no {line} in\n{text}");
        }
    }

    /// Whatever users call their pipelines, runs and stages: no name of theirs is a label.
    #[test]
    fn the_number_of_series_does_not_grow_with_what_is_run() {
        let metrics = Metrics::default();
        let series = |metrics: &Metrics| {
            let text = metrics.text().expect("text");
            text.lines().filter(|line| !line.starts_with('#')).count()
        };
        let phases = [
            RunPhase::Pending,
            RunPhase::Running,
            RunPhase::Suspended,
            RunPhase::Stopping,
        ];
        let observe = |metrics: &Metrics| {
            for kind in ["run", "pipeline"] {
                metrics.passed(kind, Duration::from_millis(3));
                for reason in crate::error::REASONS {
                    metrics.failed(kind, reason);
                }
            }
            metrics.count_runs(phases.into_iter());
        };
        observe(&metrics);
        let after_one = series(&metrics);
        for _ in 0..1_000 {
            observe(&metrics);
        }
        assert_eq!(series(&metrics), after_one);
        let text = metrics.text().expect("text");
        for label in text.split('{').skip(1).filter_map(|rest| rest.split('=').next()) {
            assert!(
                ["kind", "phase", "class", "reason", "fate", "le"].contains(&label),
                "{label}"
            );
        }
    }
}
