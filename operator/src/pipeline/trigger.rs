//! `spec.trigger`: a changed token starts one run.
//!
//! The run's name follows from the token, so that a pass that is repeated starts nothing twice. The run is created first, and
//! the token kept as seen after it.

use crate::context::Context;
use crate::error::Error;
use crate::names::{self, MANAGED_BY, OPERATOR, PIPELINE, TRIGGER};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, ResourceExt};
use std::collections::BTreeMap;
use tracing::info;
use trainyard_contract::PipelineName;
use trainyard_crds::v1alpha1::{MLPipeline, MLPipelineStatus, PipelineRef, PipelineRun, PipelineRunSpec, SeenTrigger};

/// Starts the run of a token that was not seen yet. Returns the token that is seen now.
pub(super) async fn start(
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
    let run = run(pipeline, token)?;
    let namespace = pipeline.namespace().unwrap_or_default();
    let runs: Api<PipelineRun> = Api::namespaced(ctx.client.clone(), &namespace);
    match runs.create(&PostParams::default(), &run).await {
        Ok(_) => info!(namespace, run = run.name_any(), "run started by its token"),
        Err(kube::Error::Api(status)) if status.is_already_exists() => {
            let name = run.name_any();
            let present = runs
                .get_opt(&name)
                .await
                .map_err(Error::kube("read the run of a token"))?;
            let uid = pipeline.uid().unwrap_or_default();
            let is_ours = |run: &PipelineRun| names::is_controlled_by(run.metadata.owner_references.as_ref(), &uid);
            // Of an earlier pipeline of this name: it is on its way out.
            if !present.as_ref().is_some_and(is_ours) {
                return Err(Error::NameTaken {
                    kind: "PipelineRun",
                    name,
                });
            }
            // A token that was seen before the last one: it has had its run.
        }
        Err(error) => return Err(Error::kube("start the run of a token")(error)),
    }
    Ok(Some(SeenTrigger {
        token: token.clone(),
        run: run.name_any(),
    }))
}

/// It belongs to its pipeline, since the operator made it.
fn run(pipeline: &MLPipeline, token: &str) -> Result<PipelineRun, Error> {
    let name = PipelineName::parse(pipeline.name_any()).map_err(|e| Error::Internal(e.to_string()))?;
    let spec = PipelineRunSpec {
        pipeline_ref: PipelineRef {
            name: pipeline.name_any(),
        },
        parameters: Vec::new(),
        state: None,
    };
    let mut run = PipelineRun::new(&names::token_run(&name, token), spec);
    run.metadata = ObjectMeta {
        labels: Some(BTreeMap::from([
            (MANAGED_BY.to_owned(), OPERATOR.to_owned()),
            (PIPELINE.to_owned(), pipeline.name_any()),
            (TRIGGER.to_owned(), "Token".to_owned()),
        ])),
        owner_references: Some(vec![names::owner(pipeline)]),
        ..run.metadata
    };
    Ok(run)
}
