//! `trainyard plan FILE`: the next times at which the schedule of a pipeline is due.

use crate::exit::Exit;
use crate::print::{self, Complaint};
use camino::Utf8PathBuf;
use chrono::{DateTime, NaiveDateTime, Utc};
use trainyard_crds::door;
use trainyard_engine::Timestamp;
use trainyard_engine::schedule::{DueTime, LocalTime, Schedule, Tz};

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
    let Some(schedule) = door::schedule(&manifest.raw) else {
        print::error(
            &Complaint::new(format!("pipeline `{}` has no schedule", manifest.pipeline.name()))
                .hint("give it one, such as `schedule: {cron: \"30 5 * * *\", timeZone: Europe/Berlin}`"),
        );
        return Exit::Failed;
    };
    let after = arguments
        .after
        .unwrap_or_else(|| Timestamp::from_millis(Utc::now().timestamp_millis()));
    if let Err(e) = print::data(&table(&schedule, after)) {
        print::error(&Complaint::new(format!("cannot write the times: {e}")));
        return Exit::Failed;
    }
    if let Some(paused) = door::paused(&manifest.raw) {
        print::warning(&Complaint::new(format!("{paused}: none of these runs will start")));
    }
    Exit::Done
}

/// A line a time.
fn table(schedule: &Schedule, after: Timestamp) -> String {
    let mut text = format!("{} in {}\n", schedule.cron_text, schedule.zone);
    for due in schedule.cron.due_times(schedule.zone, after).take(SHOWN) {
        text.push_str(&line(&due, schedule.zone));
        text.push('\n');
    }
    text
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
