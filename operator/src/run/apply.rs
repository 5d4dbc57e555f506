//! Carries out one action of the engine. Each is repeatable: names follow from the run, and "is there already" is success.

use super::Pass;
use super::manifest::{self, WORKSPACE};
use crate::context::Context;
use crate::error::Error;
use crate::names::{self, MANAGED_BY, OPERATOR, PIPELINE};
use crate::run::{care, claim, finish, key};
use crate::seen::{SeenJob, SeenVersion};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, ListParams, PostParams, Preconditions, PropagationPolicy};
use kube::core::Status;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use serde_json::Value;
use std::collections::BTreeMap;
use tracing::info;
use trainyard_contract::document::InputModel;
use trainyard_contract::result::MadeModelVersion;
use trainyard_contract::{FailureClass, ModelVersionName, PipelineName, StageName, layout};
use trainyard_crds::v1alpha1::{MeasuredRows, ModelMetrics, ModelVersion, ModelVersionSpec};
use trainyard_engine::{
    Action, AttemptState, Ending, HostPlaces, ModelSource, ObservedAttempt, RunStatus, StageStatus, StartAttempt,
    StopReason,
};

/// What became of an action.
pub(super) enum Applied {
    /// It is done, now or before.
    Done,
    /// The attempt can never be created: it has ended before it began.
    Refused(Box<ObservedAttempt>),
    /// The attempt cannot be created now.
    Waits {
        /// Its stage.
        stage: StageName,
        /// Why, in a sentence.
        cause: String,
    },
}

/// Carries out one action; `status` is what will be known after all of them.
pub(super) async fn apply(pass: &Pass<'_>, action: &Action, status: &RunStatus) -> Result<Applied, Error> {
    match action {
        Action::StartAttempt(start) => start_attempt(pass, start, status).await,
        Action::StopAttempt { stage, attempt, reason } => {
            stop_attempt(pass, stage, *attempt, *reason).await?;
            Ok(Applied::Done)
        }
        Action::RegisterModelVersion { stage, made } => {
            register(pass, stage, made, status.stage(stage)).await?;
            Ok(Applied::Done)
        }
        Action::MoveChampion { made: _ } => {
            // With the rest of what a run's end changes of its pipeline: `finish.rs`.
            Ok(Applied::Done)
        }
    }
}

async fn start_attempt(pass: &Pass<'_>, start: &StartAttempt, status: &RunStatus) -> Result<Applied, Error> {
    let champion = match &start.model {
        Some(ModelSource::ChampionOf(owner)) => {
            if let Some(champion) = champion_of(pass, owner).await? {
                Some(champion)
            } else {
                let message = format!("pipeline `{owner}` has no champion yet");
                let hint = "train one first: the model of a run that Succeeded becomes the champion";
                return Ok(refused(pass, start, FailureClass::Config, &message, hint));
            }
        }
        Some(ModelSource::Version(_)) | None => None,
    };
    if let Some(path) = manifest::absolute_path(&start.spec) {
        let message = format!("the path `{path}` does not begin at the workspace");
        let hint = "on a cluster a table lies below the workspace: `path: people.csv`";
        return Ok(refused(pass, start, FailureClass::Config, &message, hint));
    }
    let care = care::of(pass, start, status).await?;
    let places = HostPlaces {
        workspace: WORKSPACE.into(),
        source: manifest::source(&start.spec),
        champion,
        tidy: care.tidy,
        next_champion: care.next_champion,
    };
    let (namespace, claim) = (&pass.identity.namespace, pass.revision.claim_name());
    let workspace = claim::known_access(pass.ctx, namespace, claim).await?;
    let document = start.document(&pass.run, &pass.revision.pipeline, places);
    let attempt = manifest::Attempt {
        run: &pass.run,
        owner: names::owner(pass.object),
        namespace: &pass.identity.namespace,
        revision: pass.revision,
        start,
        document: &document,
        removes: &care.removes,
        on_one_node: !workspace.is_shared(),
        created: pass.moment.now,
    };
    let job = manifest::job(&attempt, &pass.ctx.settings);
    let jobs: Api<Job> = Api::namespaced(pass.ctx.client.clone(), &pass.identity.namespace);
    match jobs.create(&PostParams::default(), &job).await {
        Ok(created) => {
            let uid = created.uid().unwrap_or_default();
            pass.ctx.expectations.job_created(&key(pass.object), &uid);
            info!(stage = %start.stage, attempt = start.attempt, job = created.name_any(), "attempt created");
            pass.ctx.metrics.attempt_created(start, pass.began.elapsed());
            Ok(Applied::Done)
        }
        Err(kube::Error::Api(status)) if status.is_already_exists() => {
            let name = job.name_any();
            let present = jobs.get_opt(&name).await.map_err(Error::kube("read a Job"))?;
            if present.is_some_and(|job| names::is_job_of(&job, &pass.run.uid)) {
                Ok(Applied::Done)
            } else {
                Err(Error::NameTaken { kind: "Job", name })
            }
        }
        Err(kube::Error::Api(status)) => denied(pass, start, *status),
        Err(error) => Err(Error::kube("create a Job")(error)),
    }
}

/// What a refusal of the API server means: a Job that is not valid will never be; a quota may have room later.
fn denied(pass: &Pass<'_>, start: &StartAttempt, status: Status) -> Result<Applied, Error> {
    let message = status.message.clone();
    let waits = |cause: String| {
        Ok(Applied::Waits {
            stage: start.stage.clone(),
            cause,
        })
    };
    match status.code {
        422 => {
            let message = format!("its Job is not valid: {message}");
            let hint = "look at `worker` and at the stage's `resources` and `env`";
            Ok(refused(pass, start, FailureClass::Config, &message, hint))
        }
        403 if message.contains("exceeded quota") => {
            waits(format!("the namespace's quota has no room for the Job: {message}"))
        }
        // Nothing can be created any more, and all goes soon.
        403 if message.contains("being terminated") => waits("the namespace is being deleted".to_owned()),
        400 | 403 => waits(format!("the Job is refused: {message}")),
        _ => Err(Error::kube("create a Job")(kube::Error::Api(Box::new(status)))),
    }
}

fn refused(pass: &Pass<'_>, start: &StartAttempt, class: FailureClass, message: &str, hint: &str) -> Applied {
    Applied::Refused(Box::new(ObservedAttempt {
        stage: start.stage.clone(),
        attempt: start.attempt,
        created: pass.moment.now,
        given: start.given.clone(),
        state: AttemptState::Ended {
            began: None,
            at: pass.moment.now,
            ending: Ending::NotStarted {
                class,
                message: message.to_owned(),
                hint: hint.to_owned(),
            },
        },
    }))
}

/// Deletes the attempt's Job so that it stays until its pods are gone: they get SIGTERM and their time of grace.
async fn stop_attempt(pass: &Pass<'_>, stage: &StageName, attempt: u32, reason: StopReason) -> Result<(), Error> {
    let Some(job) = pass.objects.job_of(stage, attempt) else {
        return Ok(());
    };
    if job.metadata.deletion_timestamp.is_none() {
        info!(%stage, attempt, ?reason, "attempt is stopped");
    }
    delete_job(pass.ctx, &pass.identity.namespace, job).await
}

/// Deletes a Job of a run; it is gone when its pods are.
pub(super) async fn delete_job(ctx: &Context, namespace: &str, job: &SeenJob) -> Result<(), Error> {
    if job.metadata.deletion_timestamp.is_some() {
        return Ok(());
    }
    let jobs: Api<Job> = Api::namespaced(ctx.client.clone(), namespace);
    let params = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Foreground),
        preconditions: Some(Preconditions {
            uid: job.metadata.uid.clone(),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    match jobs.delete(&job.name_any(), &params).await {
        Ok(_) => Ok(()),
        // It is gone, or another one has its name.
        Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
        Err(error) => Err(Error::kube("stop a Job")(error)),
    }
}

/// Makes a model version known. It belongs to nobody: it stays when its run and its pipeline go.
async fn register(
    pass: &Pass<'_>,
    stage: &StageName,
    made: &MadeModelVersion,
    ended: Option<&StageStatus>,
) -> Result<(), Error> {
    let rows = ended.and_then(|stage| stage.rows);
    let pipeline = pass.revision.pipeline.name();
    let spec = ModelVersionSpec {
        pipeline: pipeline.to_string(),
        version: made.version.clone(),
        path: made.path.to_string(),
        claim_name: pass.revision.claim_name().to_owned(),
        run: pass.run.name.to_string(),
        run_uid: pass.run.uid.to_string(),
        stage: stage.to_string(),
        digest: finish::digest(made),
        rows: rows.and_then(|rows| i64::try_from(rows).ok()),
        metrics: ended.and_then(|stage| metrics_among(&stage.outputs)),
    };
    let object = ModelVersion {
        metadata: ObjectMeta {
            name: Some(names::model_version(pipeline, &made.version)),
            labels: Some(BTreeMap::from([
                (MANAGED_BY.to_owned(), OPERATOR.to_owned()),
                (PIPELINE.to_owned(), pipeline.to_string()),
            ])),
            ..ObjectMeta::default()
        },
        spec,
        status: None,
    };
    let versions: Api<ModelVersion> = Api::namespaced(pass.ctx.client.clone(), &pass.identity.namespace);
    match versions.create(&PostParams::default(), &object).await {
        Ok(_) => {
            info!(version = %made.version, "model version registered");
            Ok(())
        }
        Err(kube::Error::Api(status)) if status.is_already_exists() => another_version(pass, &versions, object).await,
        Err(error) => Err(Error::kube("create a model version")(error)),
    }
}

/// The metrics among what a stage that trained gave out; none of a worker that did not measure yet.
fn metrics_among(outputs: &BTreeMap<String, Value>) -> Option<ModelMetrics> {
    let rounded = |name: &str| Some((outputs.get(name)?.as_f64()? * 1e4).round() / 1e4);
    let metrics = ModelMetrics {
        data: if outputs.contains_key("holdout_rows") {
            MeasuredRows::Holdout
        } else {
            MeasuredRows::Training
        },
        accuracy: rounded("accuracy"),
        roc_auc: rounded("roc_auc"),
        log_loss: rounded("log_loss"),
        f1: rounded("f1"),
    };
    let ModelMetrics {
        data: _,
        accuracy,
        roc_auc,
        log_loss,
        f1,
    } = metrics;
    [accuracy, roc_auc, log_loss, f1]
        .iter()
        .any(Option::is_some)
        .then_some(metrics)
}

/// The same version was registered before; or the volume is a new one, and an entry of an old one has the name.
async fn another_version(pass: &Pass<'_>, versions: &Api<ModelVersion>, mut object: ModelVersion) -> Result<(), Error> {
    let name = object.name_any();
    let read = Error::kube("read a model version");
    let seen: Api<SeenVersion> = Api::namespaced(pass.ctx.client.clone(), &pass.identity.namespace);
    let present = seen.get_opt(&name).await.map_err(read)?;
    if present
        .is_none_or(|present| present.spec.digest == object.spec.digest && present.spec.run_uid == object.spec.run_uid)
    {
        return Ok(());
    }
    object.metadata.name = Some(names::model_version_beside(&name, &object.spec.run_uid));
    match versions.create(&PostParams::default(), &object).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
        Err(error) => Err(Error::kube("create a model version")(error)),
    }
}

/// The version in use of a pipeline in the run's namespace.
async fn champion_of(pass: &Pass<'_>, owner: &PipelineName) -> Result<Option<InputModel>, Error> {
    let key = ObjectRef::new(owner.as_str()).within(&pass.identity.namespace);
    let pipeline = pass.ctx.stores.pipelines.get(&key);
    let status = pipeline.as_ref().and_then(|p| p.0.as_ref().ok()?.status.as_ref());
    let version = status.and_then(|status| status.champion.clone());
    let Some(version) = version.and_then(|version| ModelVersionName::parse(version).ok()) else {
        return Ok(None);
    };
    let versions: Api<SeenVersion> = Api::namespaced(pass.ctx.client.clone(), &pass.identity.namespace);
    let read = || Error::kube("read the champion");
    let mut known = versions
        .get_opt(&names::model_version(owner, &version))
        .await
        .map_err(read())?;
    // Of two volumes' entries of its name the one in use is marked. The API server goes through all versions for that.
    if !known.as_ref().is_some_and(|known| known.status.champion) {
        let marked = ListParams::default()
            .labels(&format!("{PIPELINE}={owner}"))
            .fields("status.champion=true");
        let marked = versions.list(&marked).await.map_err(read())?.items.into_iter();
        let is_champion = |one: &SeenVersion| one.spec.version == version.as_str();
        known = marked.into_iter().find(is_champion).or(known);
    }
    let folder = known.as_ref().map_or_else(
        || layout::model_folder(owner, &version),
        |known| known.spec.path.as_str().into(),
    );
    let sha256 = known.and_then(|known| known.spec.digest.strip_prefix("sha256:").map(str::to_owned));
    Ok(Some(InputModel {
        version,
        folder,
        sha256,
    }))
}
