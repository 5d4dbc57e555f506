//! `trainyard logs`: what the stages of a run logged.

mod vocabulary;

use vocabulary::{manifest, workspace};

#[test]
fn logs_are_shown_in_the_stages_order() {
    let pipeline = manifest("p")
        .stage("name: zebra, extract: {csv: {path: data.csv}}")
        .stage("name: apple, dependsOn: [zebra], extract: {csv: {path: data.csv}}")
        .yaml();
    let workspace = workspace().with("p.yaml", pipeline).with("data.csv", "a\n1\n");
    workspace.trainyard("run p.yaml").exits(0);
    let log = workspace.trainyard("logs p-1").exits(0).stdout;
    let titles: Vec<&str> = log.lines().filter(|line| line.starts_with("==>")).collect();
    assert_eq!(titles, ["==> zebra, attempt 1 <==", "==> apple, attempt 1 <=="]);
    assert!(log.contains("info  zebra: stage succeeded rows=1"), "{log}");
    let folder = workspace.runs().pop().unwrap();
    let one = workspace.trainyard(&format!("logs {folder} apple")).exits(0).stdout;
    assert!(one.lines().all(|line| line.contains(" apple: ")), "{one}");
    let again = workspace.path(&format!("runs/{folder}/apple/2"));
    std::fs::create_dir(&again).unwrap();
    std::fs::write(again.join("stage.log"), "tried again\n").unwrap();
    let both = workspace.trainyard("logs p-1 apple").exits(0).stdout;
    let (first, second) = both.split_once("==> apple, attempt 2 <==\n").unwrap();
    assert_eq!(
        (first, second),
        (format!("==> apple, attempt 1 <==\n{one}").as_str(), "tried again\n")
    );
    workspace.trainyard("logs p-2").exits(2).reads_as("unknown-run");
    workspace.trainyard("logs p-1 aple").exits(2).reads_as("unknown-stage");
}
