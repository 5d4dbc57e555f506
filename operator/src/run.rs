//! One pass over one run: reads the stores, asks the engine, carries out the answer. Decides nothing itself.
//!
//! In the order of a pass: the run behind the door (`door.rs`), its revision (`revision.rs`) and its claim (`claim.rs`), what is
//! seen of its attempts (`observe.rs`, `ending.rs`, `obstacle.rs`; `causes.rs`, `gone.rs` and `late_pods.rs` ask the API server where
//! the stores cannot know), the actions (`apply.rs`, `manifest.rs`), the end (`finish.rs`), the status (`status.rs`).
//!
//! Killed between any two lines, the next pass ends in the same place: names follow from the run, "is there already" is
//! success, and the status is written last.

mod apply;
mod care;
mod causes;
mod claim;
mod door;
pub(crate) mod ending;
mod finish;
mod gone;
mod late_pods;
pub(crate) mod manifest;
mod node_loss;
mod observe;
mod obstacle;
mod record;
mod revision;
mod status;
mod waiting;

pub(crate) use door::first as first_fault;
pub(crate) use revision::{LoadedRevision, claim_name};

use crate::clock::{self, Moment};
use crate::context::{Context, GuardedRun};
use crate::error::{Error, with_causes};
use crate::memory::{Access, Waits};
use crate::names;
use apply::Applied;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use kube::runtime::reflector::ObjectRef;
use observe::RunObjects;
use status::Written;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use trainyard_contract::{ModelVersionName, StageName};
use trainyard_crds::v1alpha1::{PipelineRun, RunState};
use trainyard_engine::{AttemptState, Observed, ObservedAttempt, Plan, Run, plan};
use waiting::Waiting;

/// How many passes in a row are cut off before the object says so: most causes are over by then.
pub(crate) const SAID_AFTER: u32 = 3;

/// One pass over one run; what keeps cutting its passes off stands in its status.
pub(crate) async fn reconcile_and_say(run: Arc<GuardedRun>, ctx: Arc<Context>) -> Result<Action, Error> {
    let passed = reconcile(Arc::clone(&run), Arc::clone(&ctx)).await;
    if let (Err(error), Ok(object)) = (&passed, &run.0)
        && ctx.failures.in_a_row(&format!("run/{}", key(object))) >= SAID_AFTER
    {
        // Where not even that can be written, the log has it.
        let _ = status::write_waiting(&ctx, object, &with_causes(error)).await;
    }
    passed
}

/// One pass over one run.
#[tracing::instrument(skip_all, fields(run = %format!("{}/{}", run.namespace().unwrap_or_default(), run.name_any())))]
async fn reconcile(run: Arc<GuardedRun>, ctx: Arc<Context>) -> Result<Action, Error> {
    let began = Instant::now();
    let object = match &run.0 {
        Ok(object) => object,
        Err(invalid) => return door::refuse_unknown(&ctx, &invalid.metadata, &invalid.error).await,
    };
    // Nothing is created for what is being deleted; its Jobs go with it.
    if object.metadata.deletion_timestamp.is_some() || object.status.as_ref().is_some_and(|s| s.finished) {
        return Ok(Action::await_change());
    }
    if is_restored(object) {
        status::write_restored(&ctx, object).await?;
        return Ok(Action::await_change());
    }
    let identity = door::Identity::of(object)?;
    let mut objects = RunObjects::of(&ctx, &identity.namespace, &identity.uid);
    let moment = ctx.clock.moment();
    let created = ctx.times.known_or(&key(object), observe::written(object), || {
        observe::run_created(object, &objects, &moment)
    });
    let jobs = objects
        .jobs
        .iter()
        .filter_map(|job| job.metadata.uid.as_deref())
        .collect();
    if let Waits::ForStore(patience) = waits(&ctx, object, &jobs) {
        return Ok(Action::requeue(patience));
    }
    let Some(revision) = object.status.as_ref().and_then(|status| status.revision.as_ref()) else {
        return first_pass(&ctx, object, &identity).await;
    };
    let revision = match revision::load(&ctx, object, revision).await {
        Ok(revision) => revision,
        Err(error @ (Error::RevisionGone(_) | Error::RevisionUnreadable { .. })) => {
            return without_revision(&ctx, object, &identity, &objects, &error).await;
        }
        Err(error) => return Err(error),
    };
    let mut run = door::run(object, &identity, &revision)?;
    run.created = created;
    run.next_version = Some(
        moment
            .shown
            .model_version_after(champion(&ctx, &identity, &revision).as_ref()),
    );
    late_pods::look(&ctx, &identity.namespace, &run, &mut objects).await?;
    Pass {
        ctx: &ctx,
        object,
        identity: &identity,
        revision: &revision,
        run,
        objects,
        moment,
        began,
    }
    .go()
    .await
}

/// The version in use, as far as the store knows.
fn champion(ctx: &Context, identity: &door::Identity, revision: &LoadedRevision) -> Option<ModelVersionName> {
    let pipeline = ObjectRef::new(revision.pipeline.name().as_str()).within(&identity.namespace);
    let known = ctx.stores.pipelines.get(&pipeline)?;
    let champion = known.0.as_ref().ok()?.status.as_ref()?.champion.as_deref()?;
    ModelVersionName::parse(champion).ok()
}

/// A run that had ended, and that a backup brought back without its status: it must not run again.
fn is_restored(object: &PipelineRun) -> bool {
    let ended_as = object.annotations().get(names::FINISHED_UID);
    let ended_as = ended_as.and_then(|ended| ended.split_once('/'));
    ended_as.is_some_and(|(name, uid)| {
        object.labels().contains_key(names::FINISHED)
            && object.name_any() == name
            && object.uid().as_deref() != Some(uid)
    })
}

/// A run whose revision somebody has deleted or changed: where the pipeline still is as it was, the revision is made again; else
/// nobody knows any more what the run is to do, so that it stops what runs and ends.
async fn without_revision(
    ctx: &Context,
    object: &PipelineRun,
    identity: &door::Identity,
    objects: &RunObjects,
    error: &Error,
) -> Result<Action, Error> {
    let stopped = object.spec.state == Some(RunState::Stopped);
    if let (false, Error::RevisionGone(_), Ok(wanted)) = (stopped, error, door::pipeline(ctx, object, identity))
        && revision::make_again(ctx, &wanted.object, object).await?
    {
        return Ok(Action::requeue(Duration::ZERO));
    }
    let mut runs = false;
    for attempt in objects.observed(|_| None, |_| None).attempts {
        let ended = matches!(attempt.state, AttemptState::Ended { .. } | AttemptState::Gone);
        if let (false, Some(job)) = (ended, objects.job_of(&attempt.stage, attempt.attempt)) {
            apply::delete_job(ctx, &identity.namespace, job).await?;
            runs = true;
        }
    }
    if runs {
        status::write_waiting(ctx, object, &format!("{error}; what runs is stopped")).await?;
        return Ok(Action::requeue(Duration::from_secs(2)));
    }
    if stopped {
        status::write_stopped(ctx, object, "stopped").await?;
    } else {
        finish::refuse(ctx, object, &error.to_string()).await?;
    }
    Ok(Action::await_change())
}

fn waits(ctx: &Context, object: &PipelineRun, jobs: &BTreeSet<&str>) -> Waits {
    let resource_version = object.resource_version().unwrap_or_default();
    ctx.expectations.waits(&key(object), &resource_version, jobs)
}

/// `namespace/name`
fn key(object: &PipelineRun) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

/// A run's first pass names what it runs by, and nothing else.
async fn first_pass(ctx: &Context, object: &PipelineRun, identity: &door::Identity) -> Result<Action, Error> {
    if object.spec.state == Some(RunState::Stopped) {
        status::write_stopped(ctx, object, "stopped before it began").await?;
        return Ok(Action::await_change());
    }
    let wanted = match door::pipeline(ctx, object, identity) {
        Ok(pipeline) => pipeline,
        Err(door::NoPipeline::NotThere(cause)) => {
            status::write_waiting(ctx, object, &cause).await?;
            return Ok(Action::await_change());
        }
        Err(door::NoPipeline::Refused(fault)) => {
            finish::refuse(ctx, object, &fault).await?;
            return Ok(Action::await_change());
        }
    };
    if let Some(cause) = claim::ensure(ctx, &identity.namespace, &wanted.loaded).await? {
        status::write_waiting(ctx, object, &cause).await?;
        return Ok(Action::requeue(Duration::from_secs(10)));
    }
    let revision = revision::keep(ctx, &wanted.object, object).await?;
    status::write_first(ctx, object, &revision, &wanted.loaded).await?;
    ctx.revisions
        .put(&identity.namespace, &revision.name, Arc::new(wanted.loaded));
    Ok(Action::await_change())
}

/// One pass over a run that knows its revision.
pub(crate) struct Pass<'a> {
    ctx: &'a Context,
    object: &'a PipelineRun,
    identity: &'a door::Identity,
    revision: &'a LoadedRevision,
    run: Run,
    objects: RunObjects,
    moment: Moment,
    /// For the time from a stage's end to the next one's Job.
    began: Instant,
}

impl Pass<'_> {
    async fn go(self) -> Result<Action, Error> {
        let run = key(self.object);
        let lost = self.objects.lost_node(&self.ctx.leaving, &run);
        let look_again = causes::notice(
            self.ctx,
            &run,
            &self.identity.namespace,
            &self.objects,
            self.revision.claim_name(),
            &self.moment,
        )
        .await;
        let goes_on = !lost.pods.is_empty() && self.workspace().await?.is_shared();
        let mut observed = self.objects.observed(
            |job| causes::noticed(self.ctx, &run, job),
            |job| lost.end_of(job).filter(|_| goes_on),
        );
        let missing = gone::look(self.ctx, &self.identity.namespace, &self.run, &self.objects).await?;
        observe::in_even_time(&mut observed, |written| {
            self.ctx.times.even(&run, written, &self.moment)
        });
        observed.attempts.extend(missing.attempts);
        let (plan, mut waiting) = self.plan_and_apply(observed).await?;
        waiting.of_running = lost.said().filter(|_| !goes_on).or(missing.said);
        if plan.status.phase.is_final() {
            let removed = care::removed(&self.objects, &plan.status);
            finish::finish(self.ctx, self.object, self.revision, &plan, removed, self.moment.shown).await?;
        }
        let shown_in = match status::write(self.ctx, &self, &plan.status, &waiting).await? {
            Written::Now(written) => {
                let happened = waiting.what_happened(&plan.events);
                self.ctx.events.publish(&written, &self.run, &happened).await;
                None
            }
            Written::Later(wait) => Some(wait),
        };
        self.ctx.metrics.planned(&self.run, &plan, &self);
        let wake = plan.wake_at.map(|at| clock::until(self.moment.now, at));
        let sleeps = [
            shown_in,
            lost.look_again,
            wake,
            look_again,
            missing.look_again,
            waiting.look_again(self.run.created, self.moment.now),
        ];
        Ok(sleeps
            .into_iter()
            .flatten()
            .min()
            .map_or_else(Action::await_change, Action::requeue))
    }

    /// The claim that holds the workspace, as it is now.
    async fn workspace(&self) -> Result<Access, Error> {
        claim::access(self.ctx, &self.identity.namespace, self.revision.claim_name()).await
    }

    /// Asks the engine and does what it says. An attempt that can never be created has ended before it began: the engine is
    /// asked again with that.
    async fn plan_and_apply(&self, mut observed: Observed) -> Result<(Plan, Waiting), Error> {
        loop {
            let mut plan = plan(&self.run, self.revision_pipeline(), &observed, self.moment.now);
            record::record(self, &observed, &plan);
            let mut refused: Vec<ObservedAttempt> = Vec::new();
            let mut waiting = Waiting::default();
            let known = plan.status.clone();
            for action in &plan.actions {
                match apply::apply(self, action, &known).await? {
                    Applied::Done => {}
                    Applied::Refused(attempt) => refused.push(*attempt),
                    Applied::Waits { stage, cause } => {
                        waiting.hold(&mut plan.status, &self.run.status, &stage, &cause);
                    }
                }
            }
            if refused.is_empty() {
                return Ok((plan, waiting));
            }
            observed.attempts.extend(refused);
        }
    }

    /// The kind of a stage, as a manifest says it.
    pub(crate) fn kind_of(&self, stage: &StageName) -> &'static str {
        let stages = self.revision.pipeline.stages();
        stages
            .iter()
            .find(|s| s.name == *stage)
            .map_or("unknown", |s| s.spec.kind())
    }

    fn revision_pipeline(&self) -> &trainyard_engine::Pipeline {
        &self.revision.pipeline
    }
}
