//! What the real `lint` and `run` say of a manifest before anything is touched: from a file, from stdin, from a stream
//! without an end, and with parameters.

mod vocabulary;

use std::io::Write as _;
use std::process::{Output, Stdio};
use vocabulary::{SEED_ROWS, Workspace, manifest, workspace};

/// Runs `trainyard` with a text on its stdin, which it may leave unread.
fn with_stdin(workspace: &Workspace, words: &str, text: &[u8]) -> Output {
    let mut command = workspace.command(words);
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().expect("it starts");
    let _ = child.stdin.take().expect("a pipe").write_all(text);
    child.wait_with_output().expect("it ends")
}

fn ended(output: &Output) -> (Option<i32>, &str) {
    (
        output.status.code(),
        std::str::from_utf8(&output.stderr).expect("UTF-8"),
    )
}

#[test]
fn lint_reads_stdin() {
    let workspace = workspace();
    let good = manifest::seed().yaml();
    assert_eq!(ended(&with_stdin(&workspace, "lint -", good.as_bytes())), (Some(0), ""));
    let bad = good.replace("name: seed", "nam: seed");
    assert_eq!(
        ended(&with_stdin(&workspace, "lint -", bad.as_bytes())),
        (
            Some(2),
            "stdin:3:12: metadata.nam: unknown field; did you mean `name`?\n"
        )
    );
}

#[test]
fn run_reads_stdin_and_its_paths_start_from_the_current_folder() {
    let workspace = workspace().with("data.csv", SEED_ROWS);
    let ran = with_stdin(&workspace, "run - -o json", manifest::seed().yaml().as_bytes());
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(workspace.runs().len(), 1);
}

#[test]
fn a_stream_without_an_end_is_too_large() {
    let workspace = workspace();
    let too_large = "1:1: YAML: the file has more than 4194304 bytes: \
         keep a large table in a file of its own, and name it by `path`\n";
    for verb in ["lint", "run"] {
        let ran = workspace.trainyard(&format!("{verb} /dev/zero")).exits(2);
        assert_eq!(ran.stderr, format!("/dev/zero:{too_large}"));
        let ran = with_stdin(&workspace, &format!("{verb} -"), &vec![b'y'; 6 * 1024 * 1024]);
        assert_eq!(ended(&ran), (Some(2), format!("stdin:{too_large}").as_str()));
    }
    assert_eq!(workspace.names("."), [""; 0]);
}

#[test]
fn what_a_parameter_spoils_is_told_where_its_value_is_used() {
    let yaml = manifest("p")
        .spec("parameters: [{name: target, default: age}]")
        .extract("data.csv")
        .train("age, salary", "$(parameters.target)")
        .yaml();
    let workspace = workspace().with("data.csv", SEED_ROWS).with("p.yaml", yaml);
    let told = |name: &str| {
        format!(
            "p.yaml:8:82: spec.stages[1].train.target: target must not be among the features; \
             take `{name}` out of the features: the model would only learn to copy it\n"
        )
    };
    assert_eq!(workspace.trainyard("lint p.yaml").exits(2).stderr, told("age"));
    assert_eq!(workspace.trainyard("run p.yaml").exits(2).stderr, told("age"));
    let ran = workspace.trainyard("run p.yaml -p target=salary").exits(2);
    assert_eq!(ran.stderr, told("salary"));
    assert_eq!(workspace.names("runs"), [""; 0]);
    workspace.trainyard("run p.yaml -p target=target").exits(0);
}

#[test]
fn a_config_map_writes_nothing_outside_of_its_folder() {
    let table = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {KEY: \"a\\n1\\n\"}\n---\n";
    let pipeline = manifest("p")
        .stage("name: extract, extract: {csv: {configMap: {name: NAME, key: KEY}}}")
        .yaml();
    for (name, key, places) in [
        (
            "../../t",
            "k",
            [
                "3:18: metadata.name:",
                "11:55: spec.stages[0].extract.csv.configMap.name:",
            ],
        ),
        (
            "t",
            "../k",
            ["4:8: data.../k:", "11:63: spec.stages[0].extract.csv.configMap.key:"],
        ),
    ] {
        let yaml = format!("{table}{pipeline}").replace("NAME", name).replace("KEY", key);
        let workspace = workspace().with("p.yaml", yaml);
        let ran = workspace.trainyard("run p.yaml").exits(2);
        assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
        for (line, place) in ran.stderr.lines().zip(places) {
            assert!(line.starts_with(&format!("p.yaml:{place} `../")), "{line}");
        }
        assert_eq!(workspace.names("."), ["p.yaml"]);
    }
}

/// Columns are called `y` too often to refuse them where nobody takes them for `true`.
#[test]
fn what_only_kubectl_misreads_hinders_no_run_here() {
    let pipeline = manifest("seed")
        .extract("data.csv")
        .validate("noNulls: Off")
        .train("age, salary", "y")
        .yaml();
    let workspace = workspace()
        .with("seed.yaml", pipeline)
        .with("data.csv", SEED_ROWS.replace("target", "y"));
    workspace.trainyard("run seed.yaml").exits(0);
    let linted = workspace.trainyard("lint seed.yaml").exits(2);
    for word in ["Off", "y"] {
        let wanted = format!("kubectl does not read `{word}` as text: write `\"{word}\"`, in quotes");
        assert!(linted.stderr.contains(&wanted), "{}", linted.stderr);
    }
}
