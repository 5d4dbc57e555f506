//! Ctrl-C and SIGTERM: the stages end, nothing unfinished stays, and the exit code says who stopped the run.

mod vocabulary;

use vocabulary::manifest::seed;
use vocabulary::{Workspace, is_alive, until, workspace};

fn long_run() -> Workspace {
    let rows = "age,salary,target\n".to_owned() + &"25,50000,0\n30,60000,1\n".repeat(1_000_000);
    workspace().with("seed.yaml", seed().yaml()).with("data.csv", rows)
}

/// Sends `signals` once the first stage is at work.
fn stopped_by(signals: &[&str]) -> (Workspace, vocabulary::Ran) {
    let workspace = long_run();
    let run = workspace.start("run seed.yaml -o json");
    let worker = until("a stage is at work", || {
        let folder = workspace.runs().pop()?;
        workspace.names(&format!("runs/{folder}/extract")).pop()?;
        run.workers().pop()
    });
    for signal in signals {
        run.signal(signal);
    }
    let ran = run.ends(&workspace);
    assert!(!is_alive(worker), "the stage outlived the command");
    (workspace, ran)
}

#[test]
fn ctrl_c_stops_the_run() {
    let (workspace, ran) = stopped_by(&["INT"]);
    let ran = ran.exits(130);
    assert_eq!(ran.json()["phase"], "Stopped");
    assert_eq!(ran.ending("extract"), "Stopped", "{}", ran.stdout);
    for stage in ["validate", "train"] {
        assert!(
            ["Stopped", "Skipped"].contains(&ran.ending(stage).as_str()),
            "{}",
            ran.stdout
        );
        assert_eq!(ran.stage(stage)["attempts"], 0);
    }
    assert_eq!(workspace.unfinished(), [] as [&std::path::Path; 0]);
    let folder = workspace.runs().pop().unwrap();
    assert_eq!(
        workspace.json(&format!("runs/{folder}/run.json"))["status"]["phase"],
        "Stopped"
    );
    let log = workspace.trainyard(&format!("logs {folder} extract")).exits(0).stdout;
    assert!(log.contains("extract: stage stopped"), "{log}");
}

#[test]
fn sigterm_stops_the_run() {
    let (_, ran) = stopped_by(&["TERM"]);
    assert_eq!(ran.exits(143).json()["phase"], "Stopped");
}

#[test]
fn a_second_ctrl_c_kills_the_stages() {
    let (_, ran) = stopped_by(&["INT", "INT"]);
    assert_eq!(ran.exits(130).json()["phase"], "Stopped");
}
