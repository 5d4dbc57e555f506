//! The engine's schedule of a pipeline, and the slot of a run.

use crate::time_zone;
use crate::v1alpha1::{MLPipeline, MLPipelineSpec, Schedule as Written};
use kube::ResourceExt;
use trainyard_contract::Duration;
use trainyard_engine::schedule::{Cron, Schedule, Tz};
use trainyard_engine::{FieldPath, Slot, SpecFault, Timestamp};

/// The annotation of a pipeline that pauses its schedule from outside Git; its value says who and why.
pub const PAUSED: &str = "trainyard.dev/paused";

/// What pauses the schedule of a pipeline, as a sentence; `None` where nothing does.
pub fn paused(raw: &MLPipeline) -> Option<String> {
    let schedule = raw.spec.schedule.as_ref()?;
    if schedule.suspend == Some(true) {
        return Some("the schedule is suspended by `spec.schedule.suspend`".to_owned());
    }
    let why = raw.annotations().get(PAUSED)?;
    match why.as_str() {
        // Who writes that means that it goes on.
        "false" => None,
        "" | "true" => Some(format!("the schedule is paused by the annotation `{PAUSED}`")),
        why => Some(format!("the schedule is paused by the annotation `{PAUSED}`: {why}")),
    }
}

/// The schedule of a pipeline; `None` where it has none, or one that [`pipeline`](super::pipeline) refuses.
pub fn schedule(raw: &MLPipeline) -> Option<Schedule> {
    let field = FieldPath::root("spec").field("schedule");
    let schedule = read(&field, raw.spec.schedule.as_ref()?, &mut Vec::new())?;
    Some(Schedule {
        paused: paused(raw).is_some(),
        ..schedule
    })
}

/// The slot of a run that was made at `created`: the one that it was `given`, or the last one that was due by then. A run of a
/// pipeline without a schedule has the one that it was given, in UTC.
///
/// # Errors
/// What was given is no time.
pub fn run_slot(pipeline: &MLPipelineSpec, given: Option<&str>, created: Timestamp) -> Result<Option<Slot>, SpecFault> {
    let field = FieldPath::root("spec").field("slot");
    let given = given
        .map(Timestamp::parse)
        .transpose()
        .map_err(|e| SpecFault::new(field, e.to_string()))?;
    let schedule = pipeline.schedule.as_ref().and_then(|written| {
        let field = FieldPath::root("spec").field("schedule");
        read(&field, written, &mut Vec::new())
    });
    Ok(match (schedule, given) {
        (Some(schedule), Some(at)) => Some(schedule.slot(at)),
        (Some(schedule), None) => schedule.last_slot(created),
        (None, Some(at)) => Some(Slot::new(None, at, Tz::UTC)),
        (None, None) => None,
    })
}

/// A schedule that nobody pauses, and every fault of what is written.
pub(super) fn read(field: &FieldPath, written: &Written, faults: &mut Vec<SpecFault>) -> Option<Schedule> {
    let Written {
        cron,
        time_zone,
        suspend: _,
        concurrency_policy,
        missed_runs,
        starting_deadline_seconds,
    } = written;
    let zone = zone(field, time_zone.as_deref(), faults);
    let parsed = Cron::parse(cron).map_err(|e| faults.push(SpecFault::new(field.field("cron"), e.to_string())));
    Some(Schedule {
        cron_text: cron.clone(),
        cron: parsed.ok()?,
        zone: zone?,
        paused: false,
        concurrency: concurrency_policy.unwrap_or_default(),
        missed: missed_runs.unwrap_or_default(),
        starting_deadline: starting_deadline_seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Duration::from_secs),
    })
}

fn zone(field: &FieldPath, written: Option<&str>, faults: &mut Vec<SpecFault>) -> Option<Tz> {
    let name = written.unwrap_or("UTC");
    let zone = name.parse().ok();
    if zone.is_none() {
        let message = format!("`{name}` is not the name of a time zone");
        let like = || "write it like `Europe/Berlin` or `UTC`".to_owned();
        let suggestion = time_zone::meant(name).unwrap_or_else(like);
        faults.push(SpecFault::new(field.field("timeZone"), message).suggest(suggestion));
    }
    zone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline(suspend: Option<bool>, annotation: Option<&str>) -> MLPipeline {
        let spec: MLPipelineSpec = serde_json::from_value(serde_json::json!({
            "schedule": {"cron": "30 5 * * *", "timeZone": "Europe/Berlin", "suspend": suspend},
            "stages": [],
        }))
        .expect("a spec");
        let mut raw = MLPipeline::new("iris", spec);
        if let Some(why) = annotation {
            raw.annotations_mut().insert(PAUSED.to_owned(), why.to_owned());
        }
        raw
    }

    #[test]
    fn paused_by_git_or_by_annotation() {
        for (suspend, annotation, wanted) in [
            (None, None, None),
            (Some(false), Some("false"), None),
            (
                Some(true),
                Some("false"),
                Some("the schedule is suspended by `spec.schedule.suspend`"),
            ),
            (
                Some(false),
                Some("true"),
                Some("the schedule is paused by the annotation `trainyard.dev/paused`"),
            ),
            (
                None,
                Some("ann: warehouse is moving"),
                Some("the schedule is paused by the annotation `trainyard.dev/paused`: ann: warehouse is moving"),
            ),
        ] {
            let raw = pipeline(suspend, annotation);
            assert_eq!(paused(&raw).as_deref(), wanted);
            assert_eq!(schedule(&raw).map(|schedule| schedule.paused), Some(wanted.is_some()));
        }
    }

    #[test]
    fn a_run_has_the_slot_that_it_was_given_or_the_last_one() {
        let created = Timestamp::parse("2026-11-24T04:30:00.700Z").expect("a time");
        let with = pipeline(None, None).spec;
        let without = MLPipelineSpec {
            schedule: None,
            ..with.clone()
        };
        for (spec, given, wanted) in [
            (&with, None, Some("2026-11-24T04:30:00Z")),
            (&with, Some("2026-11-20T04:30:00Z"), Some("2026-11-20T04:30:00Z")),
            (&without, Some("2026-11-20T04:30:00Z"), Some("2026-11-20T04:30:00Z")),
            (&without, None, None),
        ] {
            let slot = run_slot(spec, given, created).expect("a slot");
            assert_eq!(slot.map(|slot| slot.at().to_string()).as_deref(), wanted);
        }
        let fault = run_slot(&with, Some("2026-02-31T00:00:00Z"), created).expect_err("no such day");
        assert!(
            fault
                .to_string()
                .contains("spec.slot: `2026-02-31T00:00:00Z` is not a time"),
            "{fault}"
        );
    }
}
