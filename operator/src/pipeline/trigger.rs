//! `spec.trigger`: a changed token starts one run. The run is created first, and the token kept as seen after it.

use super::start::{Started, Trigger, start};
use crate::context::Context;
use crate::error::Error;
use trainyard_crds::v1alpha1::{MLPipeline, MLPipelineStatus, SeenTrigger};

/// Starts the run of a token that was not seen yet. Returns the token that is seen now.
pub(super) async fn follow(
    ctx: &Context,
    pipeline: &MLPipeline,
    before: &MLPipelineStatus,
) -> Result<Option<SeenTrigger>, Error> {
    let Some(token) = &pipeline.spec.trigger else {
        // The last one stays known: when it comes back it is no new one.
        return Ok(before.trigger.clone());
    };
    if before.trigger.as_ref().is_some_and(|seen| seen.token == *token) {
        return Ok(before.trigger.clone());
    }
    // One that was seen before the last one has had its run.
    match start(ctx, pipeline, &Trigger::Token(token)).await? {
        Started::There(run) => Ok(Some(SeenTrigger {
            token: token.clone(),
            run,
        })),
        Started::Taken(name) => Err(Error::NameTaken {
            kind: "PipelineRun",
            name,
        }),
    }
}
