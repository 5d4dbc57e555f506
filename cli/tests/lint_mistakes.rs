//! Every mistake that a manifest can have, and the lines that tell of it: `tests/mistakes/*.txt`.
//!
//! A file holds cases: `=== what is wrong`, the manifest, `---- the lines` and the exact output, `FILE` left out. With
//! `UPDATE_MISTAKES=1` the lines are written anew; look at the diff.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What every case begins with when its manifest starts with `@stages`: the rest are stages.
const STAGES: &str = "\
apiVersion: trainyard.dev/v1alpha1
kind: MLPipeline
metadata:
  name: example
spec:
  stages:
";

fn manifest(text: &str) -> String {
    match text.strip_prefix("@stages\n") {
        Some(stages) => format!("{STAGES}{stages}"),
        None => text.to_owned(),
    }
    .replace("<TAB>", "\t")
    .replace("<U+0007>", "\u{7}")
    .replace("<U+007F>", "\u{7f}")
    .replace("<U+0090>", "\u{90}")
    .replace("<U+FEFF>", "\u{feff}")
    .replace("<U+FFFE>", "\u{fffe}")
}

fn told(text: &str) -> String {
    trainyard_cli::manifest::check("m", manifest(text).as_bytes())
        .iter()
        .fold(String::new(), |mut lines, fault| {
            let line = fault.to_string();
            let _ = writeln!(lines, "{}", line.strip_prefix("m:").unwrap_or(&line));
            lines
        })
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let update = std::env::var_os("UPDATE_MISTAKES").is_some();
    let mut wrong = String::new();
    let mut cases = 0;
    for file in fs::read_dir(folder).expect("the folder is there") {
        let path = file.expect("a file").path();
        let text = fs::read_to_string(&path).expect("UTF-8");
        let mut anew = String::new();
        for case in text.split("=== ").skip(1) {
            let (name, rest) = case.split_once('\n').expect("a name");
            let (manifest, wanted) = rest.split_once("---- the lines\n").expect("the lines");
            let found = told(manifest);
            let _ = write!(anew, "=== {name}\n{manifest}---- the lines\n{found}");
            if found != wanted {
                let _ = write!(wrong, "{name}\nwanted:\n{wanted}found:\n{found}\n");
            }
            cases += 1;
        }
        if update {
            fs::write(&path, anew).expect("written");
        }
    }
    assert!(cases > 0, "no cases");
    assert!(update || wrong.is_empty(), "{wrong}");
}
