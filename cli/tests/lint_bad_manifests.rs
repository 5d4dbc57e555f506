//! `lint` finds, without a cluster, whatever an API server or the operator would refuse: every bad pipeline of the table that
//! they are held against, with the field.

#[path = "../../crds/tests/refusals/cases/mod.rs"]
#[expect(dead_code, reason = "only the bad manifests are looked at here")]
mod cases;

use cases::bad_manifests::bad_manifests;
use cases::objects::with_dots;

#[test]
fn every_bad_pipeline_is_found_without_a_cluster() {
    let pipelines = bad_manifests()
        .into_iter()
        .filter(|bad| !bad.text.contains("\"PipelineRun\""));
    let mut missed = Vec::new();
    for bad in pipelines {
        let told: Vec<String> = trainyard_cli::manifest::check("m", bad.text.as_bytes())
            .iter()
            .map(ToString::to_string)
            .collect();
        let field = with_dots(bad.field);
        if !told.iter().any(|fault| fault.contains(&field)) {
            missed.push(format!("{}: {field}: {told:?}", bad.name));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
