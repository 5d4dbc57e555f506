//! Who depends on whom: the arrows between the crates, and what may never be linked at any distance.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use std::collections::{BTreeMap, BTreeSet};

/// Every arrow between our own crates, as `dependent -> dependencies`. A new one is a decision: see ARCHITECTURE.md.
const ARROWS: [(&str, &[&str]); 9] = [
    ("trainyard-contract", &[]),
    ("trainyard-engine", &["trainyard-contract"]),
    ("trainyard-crds", &["trainyard-contract", "trainyard-engine"]),
    ("trainyard-worker", &["trainyard-contract"]),
    (
        "trainyard-cli",
        &[
            "trainyard-contract",
            "trainyard-crds",
            "trainyard-engine",
            "trainyard-worker",
        ],
    ),
    (
        "trainyard-fuzz",
        &[
            "trainyard-cli",
            "trainyard-contract",
            "trainyard-engine",
            "trainyard-worker",
        ],
    ),
    (
        "trainyard-operator",
        &["trainyard-contract", "trainyard-crds", "trainyard-engine"],
    ),
    (
        "trainyard-e2e",
        &["trainyard-contract", "trainyard-crds", "trainyard-engine"],
    ),
    ("xtask", &["trainyard-crds"]),
];

/// Everything of Kubernetes.
const KUBERNETES: [&str; 6] = [
    "k8s-openapi",
    "kube",
    "kube-cel",
    "kube-client",
    "kube-core",
    "kube-runtime",
];
/// What reads files, sockets or clocks by itself.
const RUNTIMES: [&str; 5] = ["async-std", "hyper", "mio", "reqwest", "tokio"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo metadata of the workspace")
}

fn package<'a>(metadata: &'a Metadata, name: &str) -> &'a Package {
    let found = metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name == name);
    found.expect("a member of the workspace")
}

/// The names of everything that `name` links or builds with, at any distance; what only its tests need is left out.
fn linked(metadata: &Metadata, name: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<&PackageId, _> = metadata
        .resolve
        .as_ref()
        .expect("a resolved graph")
        .nodes
        .iter()
        .map(|node| (&node.id, node))
        .collect();
    let mut seen = BTreeSet::new();
    let mut open = vec![&package(metadata, name).id];
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let shipped = dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind != DependencyKind::Development);
            if shipped && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().map(|id| metadata[id].name.to_string()).collect()
}

fn assert_never_links(metadata: &Metadata, name: &str, banned: &[&str]) {
    let linked = linked(metadata, name);
    let found: Vec<_> = banned.iter().filter(|banned| linked.contains(**banned)).collect();
    assert!(found.is_empty(), "{name} links {found:?}");
}

#[test]
fn the_arrows_between_our_crates_are_the_ones_that_were_decided() {
    let metadata = metadata();
    let ours: BTreeSet<_> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let found: BTreeMap<_, BTreeSet<_>> = metadata
        .workspace_packages()
        .iter()
        .map(|package| {
            let names = package.dependencies.iter().map(|dependency| dependency.name.clone());
            (
                package.name.to_string(),
                names.filter(|name| ours.contains(name)).collect(),
            )
        })
        .collect();
    let decided = ARROWS.map(|(from, to)| (from.to_owned(), to.iter().map(|&name| name.to_owned()).collect()));
    assert_eq!(found, BTreeMap::from(decided));
}

#[test]
fn the_engine_links_no_kubernetes_and_no_runtime() {
    let banned = [&KUBERNETES[..], &RUNTIMES[..]].concat();
    assert_never_links(&metadata(), "trainyard-engine", &banned);
}

#[test]
fn the_worker_links_no_kubernetes_and_no_runtime() {
    let banned = [&KUBERNETES[..], &RUNTIMES[..]].concat();
    assert_never_links(&metadata(), "trainyard-worker", &banned);
}

#[test]
fn the_contract_links_nothing_but_serialisation_and_paths() {
    let metadata = metadata();
    let direct: BTreeSet<_> = package(&metadata, "trainyard-contract")
        .dependencies
        .iter()
        .map(|dependency| dependency.name.as_str())
        .collect();
    assert_eq!(
        direct,
        BTreeSet::from(["camino", "schemars", "serde", "serde_json", "thiserror"])
    );
}

#[test]
fn every_dependency_has_its_line_in_the_documentation_and_every_line_its_dependency() {
    let metadata = metadata();
    let used: BTreeSet<_> = metadata
        .workspace_packages()
        .iter()
        .flat_map(|package| &package.dependencies)
        .filter(|dependency| dependency.path.is_none())
        .map(|dependency| dependency.name.clone())
        .collect();
    let (crates, _) = documented();
    assert_eq!(crates, used);
}

#[test]
fn every_program_that_tests_build_has_its_line_and_every_line_its_program() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../e2e/binaries");
    let groups: BTreeSet<_> = std::fs::read_dir(folder)
        .expect("the programs that tests build")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let (_, programs) = documented();
    assert_eq!(programs, groups);
}

/// The names in `docs/dependencies.md`: of crates, and of programs that tests build from source.
fn documented() -> (BTreeSet<String>, BTreeSet<String>) {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/dependencies.md")).expect("the page");
    let (crates, programs) = text.split_once("## Programs ").expect("both parts of the page");
    (names_in(crates), names_in(programs))
}

/// What stands between backticks in the first cell of each row.
fn names_in(tables: &str) -> BTreeSet<String> {
    let cells = tables
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('|'));
    cells
        .flat_map(|(cell, _)| cell.split('`').step_by(2).map(str::trim))
        .filter(|name| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
        })
        .map(str::to_owned)
        .collect()
}
