//! Objects of a table as requests, and the API server's answer field by field.

use crate::cases::objects::Kind;
use kube::Api;
use kube::api::{ApiResource, DynamicObject};
use serde_json::Value;
use trainyard_crds::{MLPipeline, ModelVersion, PipelineRun};
use trainyard_e2e::vocabulary::Namespace;

/// The objects of a kind, as they are written: our types would leave out what they do not know.
pub(super) fn api(ns: &Namespace, kind: Kind) -> Api<DynamicObject> {
    let resource = match kind {
        Kind::Pipeline => ApiResource::erase::<MLPipeline>(&()),
        Kind::Run => ApiResource::erase::<PipelineRun>(&()),
        Kind::ModelVersion => ApiResource::erase::<ModelVersion>(&()),
    };
    Api::namespaced_with(ns.cluster().client(), ns.name(), &resource)
}

pub(super) fn object(value: Value) -> DynamicObject {
    serde_json::from_value(value).unwrap()
}

/// Each field that the API server complains about, and what it says of it; none where it admits the object.
#[expect(clippy::panic, reason = "no answer ends the test")]
pub(super) fn complaints<T>(answer: kube::Result<T>) -> Vec<(String, String)> {
    let status = match answer {
        Ok(_) => return Vec::new(),
        Err(kube::Error::Api(status)) => status,
        Err(error) => panic!("no answer: {error}"),
    };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let found: Vec<_> = causes
        .map(|cause| (cause.field.clone(), cause.message.clone()))
        .collect();
    assert!(!found.is_empty(), "refused, but not for a field: {status:?}");
    found
}
