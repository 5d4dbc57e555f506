//! `trainyard plan FILE`: the next times at which the schedule of a pipeline is due.

use crate::exit::Exit;
use crate::print::{self, Complaint};
use camino::Utf8PathBuf;
use chrono::{DateTime, NaiveDateTime, Utc};
use trainyard_crds::v1alpha1::Schedule;
use trainyard_engine::Timestamp;
use trainyard_engine::schedule::{Cron, DueTime, LocalTime, Tz};

/// How many times are told.
const SHOWN: usize = 10;

/// Tells the next ten times at which a pipeline's schedule is due
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The manifest; `-` is stdin
    file: Utf8PathBuf,
    /// Times after this one, as 2026-11-24T05:30:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    after: Option<Timestamp>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|e| e.to_string())
}

/// Tells them.
pub fn run(arguments: &Arguments) -> Exit {
    let manifest = match super::load(&arguments.file) {
        Ok(manifest) => manifest,
        Err(exit) => return exit,
    };
    let Some(schedule) = &manifest.raw.spec.schedule else {
        print::error(
            &Complaint::new(format!("pipeline `{}` has no schedule", manifest.pipeline.name()))
                .hint("give it one, such as `schedule: {cron: \"30 5 * * *\", timeZone: Europe/Berlin}`"),
        );
        return Exit::Failed;
    };
    let after = arguments
        .after
        .unwrap_or_else(|| Timestamp::from_millis(Utc::now().timestamp_millis()));
    let text = match table(schedule, after) {
        Ok(text) => text,
        Err(e) => {
            print::error(&Complaint::new(e));
            return Exit::Failed;
        }
    };
    if let Err(e) = print::data(&text) {
        print::error(&Complaint::new(format!("cannot write the times: {e}")));
        return Exit::Failed;
    }
    if schedule.suspend == Some(true) {
        print::warning(&Complaint::new(
            "the schedule is suspended: none of these runs will start",
        ));
    }
    Exit::Done
}

/// A line a time. The manifest was checked, so that its schedule can be read.
fn table(schedule: &Schedule, after: Timestamp) -> Result<String, String> {
    let cron = Cron::parse(&schedule.cron).map_err(|e| e.to_string())?;
    let zone = schedule.time_zone.as_deref().unwrap_or("UTC");
    let zone: Tz = zone.parse().map_err(|e| format!("time zone `{zone}`: {e}"))?;
    let mut text = format!("{} in {zone}\n", schedule.cron);
    for due in cron.due_times(zone, after).take(SHOWN) {
        text.push_str(&line(&due, zone));
        text.push('\n');
    }
    Ok(text)
}

fn line(due: &DueTime, zone: Tz) -> String {
    let at = DateTime::from_timestamp_millis(due.at.as_millis()).unwrap_or_default();
    let shown = at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z");
    let time = |local: NaiveDateTime| local.format("%H:%M").to_string();
    let remark = match due.local {
        LocalTime::Once(_) => String::new(),
        LocalTime::Twice(local) => {
            format!(
                "   {} comes twice, clocks are turned back: the first one counts",
                time(local)
            )
        }
        LocalTime::Never(local) => format!("   {} does not come, clocks are turned forward", time(local)),
    };
    format!("{}   {shown}{remark}", due.at)
}
