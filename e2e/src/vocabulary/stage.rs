//! A stage of a run: how it goes on, and the Jobs and pods of its attempts.

use super::{Run, Snapshot};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use trainyard_engine::StagePhase;

/// A stage of a run.
pub struct StageOfRun<'r> {
    run: &'r Run<'r>,
    name: String,
}

impl<'r> StageOfRun<'r> {
    pub(super) fn of(run: &'r Run<'r>, name: &str) -> Self {
        Self {
            run,
            name: name.to_owned(),
        }
    }

    /// Waits until it is in this phase.
    pub async fn reaches(&self, phase: StagePhase) -> Snapshot {
        let what = format!("stage `{}` is {phase}", self.name);
        self.run
            .until(&what, |run| run.phase_of(&self.name) == Some(phase))
            .await
    }

    /// Waits until it says this, in its message.
    pub async fn says(&self, text: &str) -> Snapshot {
        let what = format!("stage `{}` says `{text}`", self.name);
        let holds = |run: &Snapshot| run.phase_of(&self.name).is_some() && run.stage(&self.name).message.contains(text);
        self.run.until(&what, holds).await
    }

    /// The Job of an attempt; waits until it is there.
    pub async fn job(&self, attempt: u32) -> Job {
        let what = format!("the Job of attempt {attempt} of `{}` is there", self.name);
        self.run
            .namespace()
            .wait_for_any(&self.labels(attempt), &what, |_| true)
            .await
    }

    /// The pod of an attempt; waits until it is there.
    pub async fn pod(&self, attempt: u32) -> Pod {
        let what = format!("the pod of attempt {attempt} of `{}` is there", self.name);
        self.run
            .namespace()
            .wait_for_any(&self.labels(attempt), &what, |_| true)
            .await
    }

    /// The pod of an attempt; waits until its container runs, or has run.
    pub async fn pod_that_runs(&self, attempt: u32) -> Pod {
        let what = format!("the container of attempt {attempt} of `{}` runs", self.name);
        let runs = |pod: &Pod| {
            let containers = pod.status.as_ref().and_then(|seen| seen.container_statuses.as_ref());
            let mut states = containers.into_iter().flatten().filter_map(|one| one.state.as_ref());
            states.any(|state| state.running.is_some() || state.terminated.is_some())
        };
        self.run
            .namespace()
            .wait_for_any(&self.labels(attempt), &what, runs)
            .await
    }

    /// The same; waits then until it has logged something that contains `text`.
    pub async fn pod_that_says(&self, attempt: u32, text: &str) -> Pod {
        let pod = self.pod_that_runs(attempt).await;
        self.run.namespace().log_says(&pod.name_any(), text).await;
        pod
    }

    /// The pod of an attempt; waits until it is at its end.
    pub async fn pod_that_ended(&self, attempt: u32) -> Pod {
        let what = format!("the pod of attempt {attempt} of `{}` is at its end", self.name);
        let ended = |pod: &Pod| {
            let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
            phase.is_some_and(|phase| ["Succeeded", "Failed"].contains(&phase))
        };
        self.run
            .namespace()
            .wait_for_any(&self.labels(attempt), &what, ended)
            .await
    }

    fn labels(&self, attempt: u32) -> String {
        format!(
            "{},trainyard.dev/stage={},trainyard.dev/attempt={attempt}",
            self.run.label(),
            self.name
        )
    }
}
