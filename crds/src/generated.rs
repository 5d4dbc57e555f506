//! What is made from the types and checked in: the definition, the schema, the reference.
//!
//! A test compares the files with what the types say today; `UPDATE_GENERATED=1 cargo test -p trainyard-crds` or
//! `cargo xtask crds` writes them anew.

use crate::definition::{model_version_definition, pipeline_definition, run_definition, schema_of};
use crate::{reference, yaml_text};

/// The first line of what is applied to a cluster: for whoever would edit it there.
const HEADER: &str = "# Made by `cargo xtask crds` from the types in crds/src/v1alpha1; do not edit.\n";

/// The schema of `MLPipeline` as it was last generated, as JSON: what `lint` walks, without making it from the types anew.
pub const PIPELINE_SCHEMA: &str = include_str!("../yaml/mlpipeline.schema.json");

/// All generated files: path from the root of the repository, and text.
pub fn generated() -> Vec<(&'static str, String)> {
    let definition = pipeline_definition();
    let schema = schema_of(&definition);
    let mut schema_text = format!("{schema:#}");
    schema_text.push('\n');
    vec![
        (
            "crds/yaml/mlpipelines.trainyard.dev.yaml",
            format!("{HEADER}{}", yaml_text::yaml(&definition)),
        ),
        (
            "crds/yaml/pipelineruns.trainyard.dev.yaml",
            format!("{HEADER}{}", yaml_text::yaml(&run_definition())),
        ),
        (
            "crds/yaml/modelversions.trainyard.dev.yaml",
            format!("{HEADER}{}", yaml_text::yaml(&model_version_definition())),
        ),
        ("crds/yaml/mlpipeline.schema.json", schema_text),
        ("docs/reference/mlpipeline.md", reference::page(schema)),
    ]
}
