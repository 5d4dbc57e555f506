//! What is made from the types and checked in: the definitions, the schema, the reference.
//!
//! A test compares the files with what the types say today; `UPDATE_GENERATED=1 cargo test -p trainyard-crds` or
//! `cargo xtask crds` writes them anew.

use crate::definition::Kind;
use crate::{reference, yaml_text};

/// The first line of what is applied to a cluster: for whoever would edit it there.
const HEADER: &str = "# Made by `cargo xtask crds` from the types in crds/src/v1alpha1; do not edit.\n";

/// The schema of `MLPipeline` as it was last generated, as JSON: what `lint` walks, without making it from the types anew.
pub const PIPELINE_SCHEMA: &str = include_str!("../schema/mlpipeline.json");

/// Where the definitions lie: by themselves, and in the chart, which can read no file outside of it.
const DEFINITION_FOLDERS: [&str; 2] = ["crds/yaml", "charts/trainyard/definitions"];

/// All generated files: path from the root of the repository, and text.
pub fn generated() -> Vec<(String, String)> {
    let kinds = Kind::all();
    let mut files: Vec<_> = kinds
        .iter()
        .flat_map(|kind| {
            let definition = format!("{HEADER}{}", yaml_text::yaml(&kind.definition()));
            let page = reference::page(&kind.kind, kind.schema());
            let copies = DEFINITION_FOLDERS.map(|folder| {
                let path = format!("{folder}/{}.trainyard.dev.yaml", kind.plural);
                (path, definition.clone())
            });
            let page = (format!("docs/reference/{}.md", kind.kind.to_lowercase()), page);
            copies.into_iter().chain([page])
        })
        .collect();
    let schema = format!("{:#}\n", Kind::pipeline().schema());
    files.push(("crds/schema/mlpipeline.json".to_owned(), schema));
    files
}
