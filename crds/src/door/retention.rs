//! The engine's retention of a pipeline.

use crate::v1alpha1::MLPipelineSpec;
use trainyard_engine::retention::Retention;

/// What is kept of a pipeline; what it does not say has the engine's defaults.
pub fn retention(pipeline: &MLPipelineSpec) -> Retention {
    let default = Retention::default();
    let Some(written) = &pipeline.retention else {
        return default;
    };
    let count = |written: Option<i32>| written.and_then(|count| usize::try_from(count).ok());
    Retention {
        succeeded: count(written.successful_runs).unwrap_or(default.succeeded),
        others: count(written.failed_runs).unwrap_or(default.others),
        model_versions: count(written.model_versions),
    }
}
