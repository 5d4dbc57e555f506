//! A run: what is asked of it, and how it goes on.

use super::{Namespace, PATIENCE, Snapshot, StageOfRun, wait};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::ResourceExt as _;
use trainyard_contract::{RunName, RunUid, layout};
use trainyard_crds::PipelineRun;
use trainyard_engine::RunPhase;

/// A run in a test's namespace.
pub struct Run<'n> {
    namespace: &'n Namespace,
    name: String,
    uid: String,
}

impl<'n> Run<'n> {
    pub(super) fn of(namespace: &'n Namespace, object: &PipelineRun) -> Self {
        Self {
            namespace,
            name: object.name_any(),
            uid: object.uid().unwrap_or_default(),
        }
    }

    pub(super) fn namespace(&self) -> &'n Namespace {
        self.namespace
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What tells it from another one of its name.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// A stage of it.
    pub fn stage(&self, name: &str) -> StageOfRun<'_> {
        StageOfRun::of(self, name)
    }

    /// It as it is now.
    pub async fn now(&self) -> Snapshot {
        let found = self.namespace.api().get(&self.name).await;
        Snapshot::of(found.unwrap_or_else(|error| panic!("run `{}`: {error}", self.name)))
    }

    /// Waits until `holds` is true of it.
    pub async fn until(&self, what: &str, mut holds: impl FnMut(&Snapshot) -> bool) -> Snapshot {
        self.until_within(PATIENCE, what, &mut holds).await
    }

    async fn until_within(&self, seconds: u64, what: &str, mut holds: impl FnMut(&Snapshot) -> bool) -> Snapshot {
        let what = format!("run `{}`: {what}", self.name);
        let holds = |object: Option<&PipelineRun>| object.is_some_and(|run| holds(&Snapshot::of(run.clone())));
        let found = wait::until(self.namespace.api(), &self.name, &what, seconds, holds).await;
        Snapshot::of(found.unwrap_or_else(|| panic!("{what}: it went")))
    }

    /// Waits until it is in this phase.
    pub async fn reaches(&self, phase: RunPhase) -> Snapshot {
        self.until(&format!("is {phase}"), |run| run.phase() == phase).await
    }

    /// Waits until it says this, in `status.message`.
    pub async fn says(&self, text: &str) -> Snapshot {
        self.until(&format!("says `{text}`"), |run| run.message().contains(text))
            .await
    }

    /// The same for what Kubernetes itself takes minutes to find out.
    pub async fn says_within(&self, seconds: u64, text: &str) -> Snapshot {
        let holds = |run: &Snapshot| run.message().contains(text);
        self.until_within(seconds, &format!("says `{text}`"), holds).await
    }

    /// Waits until it is at its end, well or not.
    pub async fn ends(&self) -> Snapshot {
        self.until("ends", Snapshot::is_finished).await
    }

    /// Waits until it is at its end, well or not.
    pub async fn ends_within(&self, seconds: u64) -> Snapshot {
        self.until_within(seconds, "ends", Snapshot::is_finished).await
    }

    /// Waits for its end, which must be a success.
    pub async fn succeeds(&self) -> Snapshot {
        self.ends_as(RunPhase::Succeeded).await
    }

    /// Waits for its end, which must be a failure.
    pub async fn fails(&self) -> Snapshot {
        self.ends_as(RunPhase::Failed).await
    }

    /// Waits for its end, which must be because somebody stopped it.
    pub async fn is_stopped(&self) -> Snapshot {
        self.ends_as(RunPhase::Stopped).await
    }

    async fn ends_as(&self, phase: RunPhase) -> Snapshot {
        let end = self.ends().await;
        assert_eq!(end.phase(), phase, "run `{}`: {}", self.name, end.message());
        end
    }

    /// Asks it to stop.
    pub async fn stop(&self) {
        self.ask("Stopped").await;
    }

    /// Asks it to start nothing more for now.
    pub async fn suspend(&self) {
        self.ask("Suspended").await;
    }

    /// Asks it to go on.
    pub async fn resume(&self) {
        self.ask("Running").await;
    }

    async fn ask(&self, state: &str) {
        let patch = serde_json::json!({"spec": {"state": state}});
        self.namespace.change::<PipelineRun>(&self.name, &patch).await;
    }

    /// Its Jobs, in the order of their creation.
    pub async fn jobs(&self) -> Vec<Job> {
        let mut jobs: Vec<Job> = self.namespace.list(&self.label()).await;
        jobs.sort_by_key(|job| job.annotations().get("trainyard.dev/created").cloned());
        jobs
    }

    /// Its pods.
    pub async fn pods(&self) -> Vec<Pod> {
        self.namespace.list(&self.label()).await
    }

    /// Fails if a program of it still runs. Pods that are at their end may be there for a moment.
    pub async fn runs_nothing(&self) {
        for pod in self.pods().await {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            let ended = phase.is_some_and(|phase| ["Succeeded", "Failed"].contains(&phase));
            assert!(ended, "pod {} of run `{}` still runs", pod.name_any(), self.name);
        }
    }

    /// The events about it.
    pub async fn events(&self) -> Vec<Event> {
        self.namespace.events_of(&self.uid).await
    }

    /// The label that its Jobs and pods have.
    pub(super) fn label(&self) -> String {
        format!("trainyard.dev/run-uid={}", self.uid)
    }

    /// Its folder, from the workspace's root.
    pub fn folder(&self) -> String {
        let name = RunName::parse(self.name.clone()).unwrap_or_else(|fault| panic!("{fault}"));
        let uid = RunUid::parse(self.uid.clone()).unwrap_or_else(|fault| panic!("{fault}"));
        layout::run_folder(&name, &uid).into_string()
    }

    /// The stages of which the operator asked for a Job, in that order, by the audit log: an attempt each, even if it is gone.
    pub fn attempts_asked_for(&self) -> Vec<String> {
        let created = self.namespace.requests();
        let created = created
            .iter()
            .filter(|request| request.by_operator() && request.is("create", "jobs") && request.succeeded());
        let of_run = created.filter_map(|request| request.name().strip_prefix(&format!("{}-", self.name)));
        // `<stage>-<attempt>-<hash>`
        let stages = of_run.filter_map(|rest| rest.rsplit_once('-').map(|(attempt, _)| attempt.to_owned()));
        stages.collect()
    }
}
