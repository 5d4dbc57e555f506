//! The `Dockerfile` says what the archives hold. Tests only: it is read, not run, since that needs a container engine.

use super::archive::Content;
use super::build::{COMPILER_FLAGS, PROGRAMS, cargo_arguments, image, root};
use camino::Utf8Path;
use std::collections::BTreeMap;

/// One stage: its base, and its instructions with the word in front.
struct Stage<'a> {
    base: &'a str,
    instructions: Vec<(&'a str, &'a str)>,
}

impl<'a> Stage<'a> {
    /// What stands behind each `word`.
    fn all(&self, word: &str) -> Vec<&'a str> {
        let with = self.instructions.iter().filter(|(first, _)| *first == word);
        with.map(|(_, rest)| *rest).collect()
    }

    fn only(&self, word: &str) -> &'a str {
        let all = self.all(word);
        assert_eq!(all.len(), 1, "one {word}, not {all:?}");
        all[0]
    }
}

fn stages(text: &str) -> BTreeMap<&str, Stage<'_>> {
    let mut stages = BTreeMap::new();
    let mut current = "";
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').expect("an instruction on one line");
        if word == "FROM" {
            let (base, name) = rest.split_once(" AS ").expect("a named stage");
            let instructions = Vec::new();
            stages.insert(name, Stage { base, instructions });
            current = name;
        } else {
            let stage = stages.get_mut(current).expect("FROM comes first");
            stage.instructions.push((word, rest));
        }
    }
    stages
}

fn text() -> String {
    std::fs::read_to_string(root().join("Dockerfile")).expect("the Dockerfile")
}

#[test]
fn each_program_has_a_target_with_the_same_files_user_entrypoint_and_labels() {
    let text = text();
    let stages = stages(&text);
    for program in PROGRAMS {
        let target = program.strip_prefix("trainyard-").expect("a name of ours");
        let stage = &stages[target];
        let archive = image(program, "built".into());
        assert_eq!(stage.base, "scratch", "{target}");
        assert_eq!(stage.only("USER"), archive.user, "{target}");
        let entrypoint = archive.entrypoint.expect("an entrypoint");
        assert_eq!(stage.only("ENTRYPOINT"), format!("[\"{entrypoint}\"]"), "{target}");
        let labels: BTreeMap<_, _> = stage
            .all("LABEL")
            .into_iter()
            .map(|label| {
                let (key, value) = label.split_once('=').expect("a value");
                (key.to_owned(), value.trim_matches('"').to_owned())
            })
            .collect();
        assert_eq!(labels, archive.labels, "{target}");
        let copied: BTreeMap<_, _> = stage.all("COPY").into_iter().map(copy).collect();
        let mut wanted: BTreeMap<_, _> = archive
            .files
            .iter()
            .map(|(path, content)| (path.as_str(), source(path, content, target)))
            .collect();
        // A machine without certificates leaves them out of the archive; the builder's image has them.
        let authorities = "/etc/ssl/certs/ca-certificates.crt";
        wanted.insert(authorities, format!("--from=build-{target} {authorities}"));
        assert_eq!(copied, wanted, "{target}");
    }
}

/// `COPY`'s destination and what stands before it.
fn copy(words: &str) -> (&str, String) {
    let (source, destination) = words.rsplit_once(' ').expect("source and destination");
    (destination, source.to_owned())
}

/// From where the `Dockerfile` has to copy what the archive holds.
fn source(path: &Utf8Path, content: &Content, target: &str) -> String {
    match content {
        Content::File(file) => match file.strip_prefix(root()) {
            Ok(file) => file.to_string(),
            Err(_) => format!("--from=build-{target} {path}"),
        },
        Content::Program(_) => format!("--from=build-{target} {path}"),
        Content::Link(to) => panic!("{path} is a link to {to}, which no COPY makes"),
    }
}

#[test]
fn what_is_copied_from_the_repository_is_there_and_not_ignored() {
    let text = text();
    let ignored = std::fs::read_to_string(root().join(".dockerignore")).expect("the list");
    let mut files = 0;
    for (name, stage) in stages(&text) {
        for (_, source) in stage.all("COPY").into_iter().map(copy) {
            if !source.starts_with("--from=") {
                assert!(root().join(&source).exists(), "{name}: {source}");
                assert!(
                    !ignored.lines().any(|line| Utf8Path::new(&source).starts_with(line)),
                    "{source} is ignored"
                );
                files += 1;
            }
        }
    }
    assert_eq!(files, 5, "the whole source once, two files for each of two images");
}

#[test]
fn the_programs_are_built_by_the_command_lines_of_the_task() {
    let text = text();
    let stages = stages(&text);
    assert_eq!(stages["source"].only("ENV"), format!("RUSTFLAGS=\"{COMPILER_FLAGS}\""));
    for program in PROGRAMS {
        let target = program.strip_prefix("trainyard-").expect("a name of ours");
        let stage = &stages[format!("build-{target}").as_str()];
        assert_eq!(stage.base, "source");
        let platform = "\"$(rustc --print host-tuple)\"";
        let cargo = format!("cargo {}", cargo_arguments(program, platform).join(" "));
        let copy = format!("cp target/*/image/{program} /{program}");
        assert_eq!(stage.all("RUN"), [cargo, copy]);
    }
}
