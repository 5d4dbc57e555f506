//! What is checked in is what the types say.

use std::fs;
use std::path::Path;

/// An object in a cluster cannot be larger with its last applied copy in an annotation.
const DEFINITION_BYTES_MAX: usize = 256 * 1024;

#[test]
fn the_files_are_what_the_types_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a crate of the workspace");
    for (path, text) in trainyard_crds::generated() {
        let file = root.join(&path);
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is made");
            fs::write(&file, &text).expect("the file is written");
        }
        let checked_in = fs::read_to_string(&file).unwrap_or_default();
        assert!(checked_in == text, "{path} is out of date: run `cargo xtask crds`");
    }
}

#[test]
fn the_definition_fits_an_annotation() {
    for (path, text) in trainyard_crds::generated() {
        assert!(text.len() < DEFINITION_BYTES_MAX, "{path} has {} bytes", text.len());
    }
}

/// A definition that is left behind would be installed by the chart for ever.
#[test]
fn the_chart_holds_the_definitions_and_nothing_else() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/trainyard/definitions");
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    found.sort();
    let mut wanted: Vec<_> = trainyard_crds::generated()
        .into_iter()
        .filter_map(|(path, _)| Some(path.strip_prefix("charts/trainyard/definitions/")?.to_owned()))
        .collect();
    wanted.sort();
    assert_eq!(found, wanted);
}
