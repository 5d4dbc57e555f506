//! What an attempt does for the workspace beside its stage: the first ones of a run remove what retention has removed, the last one
//! moves the champion's link.
//!
//! `MLPipeline.status` decides; the volume is made the same by whoever has it mounted anyway.

use super::{Pass, finish};
use crate::context::GuardedPipeline;
use crate::error::Error;
use crate::names::TIDIES;
use crate::run::observe::{RunObjects, attempt_of};
use kube::{Api, ResourceExt};
use trainyard_contract::document::{NextChampion, Tidy};
use trainyard_contract::{ModelVersionName, layout};
use trainyard_crds::v1alpha1::MLPipelineStatus;
use trainyard_engine::{RunStatus, StagePhase, StartAttempt};

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
    let is_first = !pass.run.status.stages.iter().any(has_succeeded);
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
        let folders = known.removed_folders.iter().filter(|folder| folder.claim_name == claim);
        care.removes = folders.map(|folder| folder.path.clone()).collect();
        care.tidy = Some(tidy(&care.removes, &known));
    }
    if is_last {
        care.next_champion = next_champion(start, status, known.champion.as_deref());
    }
    Ok(care)
}

fn tidy(removes: &[String], known: &MLPipelineStatus) -> Tidy {
    let below = |folder: &'static str| {
        removes.iter().filter_map(move |path| {
            let (parent, name) = path.rsplit_once('/')?;
            (parent == folder || parent.starts_with(&format!("{folder}/"))).then(|| name.to_owned())
        })
    };
    Tidy {
        runs: below(layout::RUNS).collect(),
        versions: below(layout::MODELS)
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

/// The folders that attempts of the run, those that succeeded, have removed.
pub(super) fn removed(objects: &RunObjects, status: &RunStatus) -> Vec<String> {
    let succeeded = |job: &crate::seen::SeenJob| {
        let (stage, attempt) = attempt_of(job.labels())?;
        let known = status.stage(&stage)?;
        (known.phase == StagePhase::Succeeded && known.attempts == attempt).then_some(())
    };
    let said = objects.jobs.iter().filter_map(|job| {
        succeeded(job)?;
        serde_json::from_str::<Vec<String>>(job.annotations().get(TIDIES)?).ok()
    });
    said.flatten().collect()
}
