//! A line of a gibibyte: a file that is no CSV at all must end in a message and not in memory.

mod vocabulary;

use std::fs::OpenOptions;
use vocabulary::{manifest, workspace};

const GIBIBYTE: u64 = 1 << 30;

#[test]
fn a_line_of_a_gibibyte_is_refused_with_its_place() {
    let pipeline = manifest("p").extract("data.csv").yaml();
    let workspace = workspace().with("p.yaml", pipeline).with("data.csv", "a,b\n1,2\n3,");
    // The rest is a hole: a gibibyte of zeros that takes no room.
    let file = OpenOptions::new().write(true).open(workspace.path("data.csv"));
    file.and_then(|file| file.set_len(GIBIBYTE))
        .expect("a file may have a hole");
    let ran = workspace.trainyard("run p.yaml -o json").exits(1);
    assert_eq!(ran.ending("extract"), "Failed Data");
    assert_eq!(ran.message("extract"), "data.csv:3: the record is longer than 16 MiB");
}
