//! `trainyard plan`: when a schedule is due.

#![allow(clippy::unwrap_used, reason = "what a test needs must be there")]

mod vocabulary;

use vocabulary::manifest::seed;
use vocabulary::{SEED_ROWS, Workspace, workspace};

fn scheduled(schedule: &str) -> Workspace {
    let manifest = seed().spec(&format!("schedule: {schedule}"));
    workspace()
        .with("seed.yaml", manifest.yaml())
        .with("data.csv", SEED_ROWS)
}

#[test]
fn ten_times_are_told_and_what_the_clocks_do() {
    let workspace = scheduled("{cron: \"30 2 * * *\", timeZone: Europe/Berlin}");
    let ran = workspace
        .trainyard("plan seed.yaml --after 2026-10-23T12:00:00Z")
        .exits(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        lines[..4],
        [
            "30 2 * * * in Europe/Berlin",
            "2026-10-24T00:30:00Z   Sat 2026-10-24 02:30 CEST",
            "2026-10-25T00:30:00Z   Sun 2026-10-25 02:30 CEST   02:30 comes twice, clocks are turned back: the first one counts",
            "2026-10-26T01:30:00Z   Mon 2026-10-26 02:30 CET",
        ]
    );
    assert_eq!((lines.len(), ran.stderr.as_str()), (11, ""));
    let ran = workspace
        .trainyard("plan seed.yaml --after 2026-03-28T12:00:00Z")
        .exits(0);
    let skipped = "2026-03-29T01:00:00Z   Sun 2026-03-29 03:00 CEST   02:30 does not come, clocks are turned forward";
    assert_eq!(ran.stdout.lines().nth(1), Some(skipped));
    // Without a time, from now on.
    assert_eq!(
        workspace.trainyard("plan seed.yaml").exits(0).stdout.lines().count(),
        11
    );
}

#[test]
fn what_never_starts_is_told() {
    let ran = scheduled("{cron: \"@daily\", suspend: true}")
        .trainyard("plan seed.yaml")
        .exits(0);
    assert_eq!(
        ran.stderr,
        "warning: the schedule is suspended by `spec.schedule.suspend`: none of these runs will start\n"
    );
    let ran = scheduled("{cron: \"0 0 30 2 *\"}").trainyard("plan seed.yaml").exits(2);
    let never = "spec.schedule.cron: `0 0 30 2 *` is never due: no such month has such a day";
    assert!(ran.stderr.contains(never), "{}", ran.stderr);
    let workspace = workspace().with("seed.yaml", seed().yaml()).with("data.csv", SEED_ROWS);
    let ran = workspace.trainyard("plan seed.yaml").exits(1);
    assert!(
        ran.stderr.starts_with("error: pipeline `seed` has no schedule\nhint: "),
        "{}",
        ran.stderr
    );
    let ran = workspace.trainyard("plan seed.yaml --after tomorrow").exits(2);
    assert!(ran.stderr.contains("`tomorrow` is not a time"), "{}", ran.stderr);
}

#[test]
fn a_run_has_its_slot_or_the_last_one() {
    let extract = "data-$(slot.date).csv";
    let manifest = seed().spec("schedule: {cron: \"30 5 * * *\", timeZone: Asia/Tokyo}");
    let yaml = manifest.yaml().replace("data.csv", extract);
    assert!(yaml.contains(extract));
    let workspace = workspace().with("seed.yaml", &yaml);
    // In Tokyo it is the next day by then.
    let ran = workspace
        .trainyard("run seed.yaml --slot 2026-11-23T20:30:00Z")
        .exits(1);
    assert!(
        ran.stderr.contains("data-2026-11-24.csv is not there"),
        "{}",
        ran.stderr
    );
    workspace.write("data-2026-11-24.csv", SEED_ROWS);
    workspace
        .trainyard("run seed.yaml --slot 2026-11-23T20:30:00Z")
        .exits(0);
    let all = "$(run.slot)_$(slot.start)_$(slot.end)";
    workspace.write("all.yaml", yaml.replace("$(slot.date)", all));
    let ran = workspace.trainyard("run all.yaml --slot 2026-11-23T20:30:00Z").exits(1);
    let times = "2026-11-23T20:30:00Z_2026-11-23T05:30:00+09:00_2026-11-24T05:30:00+09:00";
    assert!(ran.stderr.contains(&format!("data-{times}.csv")), "{}", ran.stderr);
    // Without one, the last that was due: yesterday or today.
    let ran = workspace.trainyard("run seed.yaml").exits(1);
    assert!(ran.stderr.contains("data-20"), "{}", ran.stderr);
    for (slot, wanted) in [
        (
            "2026-11-23T20:30:10Z",
            "it is not a due time: a whole minute in UTC, like `2026-11-24T05:30:00Z`",
        ),
        ("2026-02-31T20:30:00Z", "it is not a due time"),
        ("yesterday", "it is not a due time"),
    ] {
        let ran = workspace.trainyard(&format!("run seed.yaml --slot {slot}")).exits(2);
        assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
    }
}

#[test]
fn a_slot_without_a_schedule_has_no_start() {
    let yaml = seed().yaml().replace("data.csv", "data-$(slot.start).csv");
    let workspace = workspace().with("seed.yaml", &yaml);
    let ran = workspace.trainyard("run seed.yaml").exits(2);
    assert!(ran.stderr.contains("but this run has no slot"), "{}", ran.stderr);
    let ran = workspace
        .trainyard("run seed.yaml --slot 2026-11-24T05:30:00Z")
        .exits(2);
    let wanted = "`$(slot.start)` stands for the due time before the slot, but the pipeline has no schedule";
    assert!(ran.stderr.contains(wanted), "{}", ran.stderr);
}
