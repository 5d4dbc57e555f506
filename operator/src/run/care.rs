//! What an attempt does for the workspace beside its stage: the first ones of a run remove what retention has removed, the last one
//! moves the champion's link.
//!
//! `MLPipeline.status` decides; the volume is made the same by whoever has it mounted anyway.

use super::{Pass, ending, finish};
use crate::context::GuardedPipeline;
use crate::error::Error;
use crate::names::TIDIES;
use crate::run::observe::{RunObjects, attempt_of};
use crate::seen::SeenVersion;
use camino::Utf8PathBuf;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use trainyard_contract::document::{NextChampion, Tidy};
use trainyard_contract::{ModelVersionName, PipelineName, layout};
use trainyard_crds::v1alpha1::{MLPipelineStatus, PipelineRun};
use trainyard_engine::{AttemptState, Ending, RunStatus, StagePhase, StartAttempt};

/// What goes into an attempt's document, and what its Job remembers of it.
#[derive(Default)]
pub(super) struct Care {
    /// Before the stage begins.
    pub tidy: Option<Tidy>,
    /// Once it has succeeded.
    pub next_champion: Option<NextChampion>,
    /// The folders that `tidy` removes, as the pipeline's status names them.
    pub removes: Vec<String>,
}

/// What an attempt does; `status` is what will be known of the run after this pass.
pub(super) async fn of(pass: &Pass<'_>, start: &StartAttempt, status: &RunStatus) -> Result<Care, Error> {
    let has_succeeded = |stage: &trainyard_engine::StageStatus| stage.phase == StagePhase::Succeeded;
    let is_first = !status.stages.iter().any(has_succeeded);
    let is_last = status
        .stages
        .iter()
        .all(|stage| stage.name == start.stage || has_succeeded(stage));
    if !is_first && !is_last {
        return Ok(Care::default());
    }
    // Read anew: what a store that lags does not show would never be removed.
    let api: Api<GuardedPipeline> = Api::namespaced(pass.ctx.client.clone(), &pass.identity.namespace);
    let name = pass.revision.pipeline.name();
    let read = Error::kube("read the run's pipeline");
    let found = api.get_opt(name.as_str()).await.map_err(read)?;
    let Some(known) = found.and_then(|pipeline| pipeline.0.ok()?.status) else {
        return Ok(Care::default());
    };
    let mut care = Care::default();
    if is_first {
        let claim = pass.revision.claim_name();
        for folder in known.removed_folders.iter().filter(|folder| folder.claim_name == claim) {
            if !is_still_there(pass, claim, &folder.path).await? {
                care.removes.push(folder.path.clone());
            }
        }
        care.tidy = Some(tidy(&care.removes, name, &known));
    }
    if is_last {
        care.next_champion = next_champion(start, status, known.champion.as_deref());
    }
    Ok(care)
}

/// Whether the run or the version of a folder is there: somebody, or a policy, has kept it from going.
async fn is_still_there(pass: &Pass<'_>, claim: &str, path: &str) -> Result<bool, Error> {
    let (client, namespace) = (pass.ctx.client.clone(), &pass.identity.namespace);
    let Some((parent, name)) = path.rsplit_once('/') else {
        return Ok(true);
    };
    let read = Error::kube("look for what retention has removed");
    if parent == layout::RUNS {
        let Some((run, uid)) = name.rsplit_once('-') else {
            return Ok(true);
        };
        let found = Api::<PipelineRun>::namespaced(client, namespace)
            .get_metadata_opt(run)
            .await;
        let found = found.map_err(read)?.and_then(|run| run.uid());
        return Ok(found.is_some_and(|found| found.starts_with(uid)));
    }
    let versions = ListParams::default().fields(&format!("spec.pipeline={}", pass.revision.pipeline.name()));
    let found = Api::<SeenVersion>::namespaced(client, namespace).list(&versions).await;
    Ok(found
        .map_err(read)?
        .items
        .iter()
        .any(|version| version.spec.claim_name == claim && version.spec.path == path))
}

fn tidy(removes: &[String], pipeline: &PipelineName, known: &MLPipelineStatus) -> Tidy {
    let right_in = |folder: Utf8PathBuf| {
        removes.iter().filter_map(move |path| {
            let (parent, name) = path.rsplit_once('/')?;
            (parent == folder).then(|| name.to_owned())
        })
    };
    Tidy {
        runs: right_in(layout::RUNS.into()).collect(),
        versions: right_in(layout::models_folder(pipeline))
            .filter_map(|name| ModelVersionName::parse(name).ok())
            .collect(),
        champion: known.champion.clone().and_then(|c| ModelVersionName::parse(c).ok()),
    }
}

/// The version that becomes the champion when this attempt, the last of its run, succeeds.
fn next_champion(start: &StartAttempt, status: &RunStatus, champion: Option<&str>) -> Option<NextChampion> {
    if let Some(minted) = &start.given.model_version {
        return finish::is_newer(minted, champion).then_some(NextChampion::Made);
    }
    let version = &status.model()?.version;
    finish::is_newer(version, champion).then(|| NextChampion::Version(version.clone()))
}

/// The folders that attempts of the run have removed: those whose worker has said how its stage ended, well or not.
pub(super) fn removed(objects: &RunObjects, status: &RunStatus) -> Vec<String> {
    let worked = |job: &crate::seen::SeenJob| {
        let (stage, attempt) = attempt_of(job.labels())?;
        let known = status.stage(&stage)?;
        let succeeded = known.phase == StagePhase::Succeeded && known.attempts == attempt;
        let reported = || {
            let stands = ending::state(job, &objects.pods_of(&stage, attempt), None);
            matches!(
                stands,
                AttemptState::Ended {
                    ending: Ending::Reported(_),
                    ..
                }
            )
        };
        (succeeded || reported()).then_some(())
    };
    let said = objects.jobs.iter().filter_map(|job| {
        worked(job)?;
        serde_json::from_str::<Vec<String>>(job.annotations().get(TIDIES)?).ok()
    });
    said.flatten().collect()
}
