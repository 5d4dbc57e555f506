//! What the end of a run changes of its pipeline: the champion, the last run, whether it is healthy.
//!
//! `MLPipeline.status.champion` decides; `ModelVersion.status.champion` is a copy for lists. All of it before the run's own
//! last status, so that a pass that was cut off is made good by the next.

use super::revision::LoadedRevision;
use super::status;
use crate::clock;
use crate::conditions::{self, Condition};
use crate::context::{Context, GuardedPipeline};
use crate::error::Error;
use crate::names;
use crate::seen::SeenVersion;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use tracing::info;
use trainyard_contract::FailureClass;
use trainyard_contract::result::{MESSAGE_BYTES_MAX, MadeModelVersion, cut};
use trainyard_contract::{Duration, ModelVersionName, PipelineName};
use trainyard_crds::v1alpha1::{LastRun, MLPipeline, MLPipelineStatus, PipelineRun};
use trainyard_engine::{Action, Plan, RunPhase, Timestamp};

/// `sha256:` and the digest of a version's manifest.
pub(super) fn digest(made: &MadeModelVersion) -> String {
    format!("sha256:{}", made.sha256)
}

/// Brings the end of a run to its pipeline. A pipeline that is gone has no champion.
pub(super) async fn finish(
    ctx: &Context,
    object: &PipelineRun,
    revision: &LoadedRevision,
    plan: &Plan,
    removed: Vec<String>,
    now: Timestamp,
) -> Result<(), Error> {
    let champion = plan.actions.iter().find_map(|action| match action {
        Action::MoveChampion { made } => Some(&made.version),
        Action::StartAttempt(_) | Action::StopAttempt { .. } | Action::RegisterModelVersion { .. } => None,
    });
    let ended = plan.status.ended_after.map_or(now, |after| {
        let created = object.creation_timestamp().as_ref().map(clock::timestamp);
        created.unwrap_or(now).plus(after)
    });
    let end = End {
        run: object.name_any(),
        phase: plan.status.phase,
        message: plan.status.message.clone(),
        reason: plan
            .status
            .failure_class
            .map_or_else(|| plan.status.phase.to_string(), |class| class.to_string()),
        ended,
        champion,
        claim: revision.claim_name(),
        removed,
    };
    let namespace = object.namespace().unwrap_or_default();
    let name = revision.pipeline.name();
    let mut moved = tell_pipeline(ctx, &namespace, name, &end).await?;
    while let Some(now) = moved {
        mark_champion(ctx, &namespace, name, &now, object).await?;
        // Two runs may end at once. Who has marked looks again: a champion that was moved before the mark is seen here, and one
        // that is moved after it sees the mark.
        let found = champion_of(ctx, &namespace, name).await?;
        moved = found
            .filter(|found| *found != now.champion)
            .map(|champion| Moved { champion, from: None });
    }
    Ok(())
}

/// A champion that is to be marked.
struct Moved {
    champion: ModelVersionName,
    /// The one before it, where this very pass has moved it.
    from: Option<ModelVersionName>,
}

/// Which version is champion now; none where the pipeline is gone, or cannot be read.
async fn champion_of(ctx: &Context, namespace: &str, name: &PipelineName) -> Result<Option<ModelVersionName>, Error> {
    let pipelines: Api<GuardedPipeline> = Api::namespaced(ctx.client.clone(), namespace);
    let found = pipelines.get_opt(name.as_str()).await;
    let found = found.map_err(Error::kube("read the run's pipeline"))?;
    let status = found.and_then(|pipeline| pipeline.0.ok()?.status);
    Ok(status.and_then(|status| ModelVersionName::parse(status.champion?).ok()))
}

struct End<'a> {
    run: String,
    phase: RunPhase,
    message: String,
    reason: String,
    ended: Timestamp,
    champion: Option<&'a ModelVersionName>,
    claim: &'a str,
    /// The folders that it removed from the claim's workspace.
    removed: Vec<String>,
}

/// Writes the pipeline's status. What is to be marked then, where this run meant to move the champion.
async fn tell_pipeline(
    ctx: &Context,
    namespace: &str,
    name: &PipelineName,
    end: &End<'_>,
) -> Result<Option<Moved>, Error> {
    let guarded: Api<GuardedPipeline> = Api::namespaced(ctx.client.clone(), namespace);
    let read = Error::kube("read the run's pipeline");
    // One that this version cannot read keeps no run from its end.
    let found = guarded.get_opt(name.as_str()).await.map_err(read)?;
    let Some(mut pipeline) = found.and_then(|pipeline| pipeline.0.ok()) else {
        return Ok(None);
    };
    let pipelines: Api<MLPipeline> = Api::namespaced(ctx.client.clone(), namespace);
    let before = pipeline.status.clone().unwrap_or_default();
    let mut status = before.clone();
    if let Some(champion) = end.champion.filter(|c| is_newer(c, status.champion.as_deref())) {
        info!(namespace, pipeline = %name, %champion, "champion moved");
        status.champion = Some(champion.to_string());
    }
    remember(&mut status, end, pipeline.metadata.generation);
    status.message = crate::pipeline::message(&status, &pipeline, ctx.clock.now());
    status
        .removed_folders
        .retain(|folder| folder.claim_name != end.claim || !end.removed.contains(&folder.path));
    let parsed = |champion: &Option<String>| ModelVersionName::parse(champion.as_deref()?).ok();
    let (from, champion) = (parsed(&before.champion), parsed(&status.champion));
    if status != before {
        pipeline.status = Some(status);
        let written = pipelines
            .replace_status(name.as_str(), &PostParams::default(), &pipeline)
            .await;
        written.map_err(Error::kube("write the status of the run's pipeline"))?;
    }
    let meant = champion.filter(|_| end.champion.is_some());
    Ok(meant.map(|champion| Moved {
        from: from.filter(|from| *from != champion),
        champion,
    }))
}

/// The champion never goes back to an older version by itself: an operator that repeats the end of a run after a crash would
/// otherwise undo the end of a later one.
pub(super) fn is_newer(version: &ModelVersionName, champion: Option<&str>) -> bool {
    let champion = champion.and_then(|champion| ModelVersionName::parse(champion).ok());
    champion.is_none_or(|champion| version.age() > champion.age())
}

/// The run that ended last is the one that says how the pipeline does; one that ends long after now ended by a clock that was ahead.
fn remember(status: &mut MLPipelineStatus, end: &End<'_>, generation: Option<i64>) {
    let ended = clock::time(end.ended);
    let latest = clock::now().plus(Duration::from_millis(clock::APART));
    let known = status.last_run.as_ref().map(|last| clock::timestamp(&last.ended));
    if known.is_some_and(|known| known > end.ended && known <= latest) {
        return;
    }
    status.last_run = Some(LastRun {
        name: end.run.clone(),
        phase: end.phase,
        ended,
    });
    let healthy = match end.phase {
        RunPhase::Succeeded => Condition::new("Healthy", true, "Succeeded", format!("run `{}` succeeded", end.run)),
        RunPhase::Failed => Condition::new(
            "Healthy",
            false,
            &end.reason,
            format!("run `{}`: {}", end.run, end.message),
        ),
        // Somebody wanted it: that says nothing about the pipeline.
        RunPhase::Stopped | RunPhase::Pending | RunPhase::Running | RunPhase::Suspended | RunPhase::Stopping => return,
    };
    conditions::set(&mut status.conditions, healthy, generation, clock::now());
}

/// Marks the champion among the model versions, and no other. For the others the API server goes through all versions: where one run
/// after the other ends, they are looked up only now and then.
async fn mark_champion(
    ctx: &Context,
    namespace: &str,
    pipeline: &PipelineName,
    Moved { champion, from }: &Moved,
    run: &PipelineRun,
) -> Result<(), Error> {
    let versions: Api<SeenVersion> = Api::namespaced(ctx.client.clone(), namespace);
    let key = format!("{namespace}/{pipeline}");
    let name = names::model_version(pipeline, champion);
    // Two volumes may hold a version of one name: this run's is the one in use, if it has made one.
    let own = names::model_version_beside(&name, &run.uid().unwrap_or_default());
    let read = Error::kube("look for the run's model version");
    let own = versions.get_metadata_opt(&own).await.map_err(read)?.map(|_| own);
    if let Some(before) = from.as_ref().and_then(|from| ctx.marks.of(&key, from)) {
        let entry = own.unwrap_or(name);
        mark(&versions, &before, false).await?;
        mark(&versions, &entry, true).await?;
        ctx.marks.moved(&key, champion.clone(), entry);
        return Ok(());
    }
    let marked = ListParams::default()
        .labels(&format!("{}={pipeline}", names::PIPELINE))
        .fields("status.champion=true");
    let marked = versions
        .list(&marked)
        .await
        .map_err(Error::kube("list the champions"))?;
    let is_champion = |known: &&SeenVersion| known.spec.version == champion.as_str();
    let has_mark = || marked.items.iter().find(is_champion).map(ResourceExt::name_any);
    let entry = own.or_else(has_mark).unwrap_or(name);
    for old in marked.items.iter().filter(|old| old.name_any() != entry) {
        mark(&versions, &old.name_any(), false).await?;
    }
    if marked.items.iter().all(|old| old.name_any() != entry) {
        mark(&versions, &entry, true).await?;
    }
    ctx.marks.looked(key, champion.clone(), entry);
    Ok(())
}

async fn mark(versions: &Api<SeenVersion>, name: &str, champion: bool) -> Result<(), Error> {
    let patch = json!({"status": {"champion": champion}});
    match versions
        .patch_status(name, &PatchParams::default(), &Patch::Merge(&patch))
        .await
    {
        Ok(_) => Ok(()),
        // Somebody deleted the entry: the folder and the pipeline's status still say it.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(Error::kube("mark the champion")(error)),
    }
}

/// Ends a run that can never be what it was meant to be, and says so at its pipeline.
pub(super) async fn refuse(ctx: &Context, object: &PipelineRun, fault: &str) -> Result<(), Error> {
    info!(fault, "run refused");
    let message = cut(fault, MESSAGE_BYTES_MAX);
    let end = End {
        run: object.name_any(),
        phase: RunPhase::Failed,
        message,
        reason: FailureClass::Config.to_string(),
        ended: clock::now(),
        champion: None,
        claim: "",
        removed: Vec::new(),
    };
    if let Ok(pipeline) = PipelineName::parse(object.spec.pipeline_ref.name.clone()) {
        tell_pipeline(ctx, &object.namespace().unwrap_or_default(), &pipeline, &end).await?;
    }
    status::write_refused(ctx, object, fault).await
}
