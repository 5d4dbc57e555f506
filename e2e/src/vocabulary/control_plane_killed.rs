//! The sudden end of a part of the control plane, and its next start.

use super::PATIENCE;
use crate::cluster::{self, Cluster};
use crate::deadline::until;
use crate::processes::{self, Processes};
use anyhow::{Context as _, Result};
use kube::api::{GetParams, Request};
use std::time::Duration;

/// Who plays the nodes.
const KWOK: &str = "kwok";

/// A part of the control plane that a test may kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The API server.
    ApiServer,
    /// Its store.
    Etcd,
}

impl Part {
    fn program(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::Etcd => "etcd",
        }
    }
}

impl Cluster {
    /// Ends a part of the control plane with SIGKILL, starts it again as it was, and waits until the API server is ready.
    pub async fn kill_and_start(&self, part: Part) {
        let started = self.killed_and_started(part).await;
        started.unwrap_or_else(|error| panic!("{}: {error:#}", part.program()));
    }

    async fn killed_and_started(&self, part: Part) -> Result<()> {
        let mut processes = Processes::of(self.state());
        self.start_again(&mut processes, part.program()).await?;
        until("the API server is ready", Duration::from_secs(PATIENCE), async || {
            processes.all_run()?;
            let ready = Request::new("").get("readyz", &GetParams::default());
            let ready = ready.context("the question whether it is ready")?;
            Ok(self.client().request_text(ready).await.is_ok().then_some(()))
        })
        .await?;
        // A kubelet says again what could not be written; kwok gives that up, and looks at all pods only when it starts.
        self.start_again(&mut processes, KWOK).await
    }

    async fn start_again(&self, processes: &mut Processes, name: &str) -> Result<()> {
        let state = self.state();
        let line = processes::command_line(state, name)?;
        let (program, arguments) = line.split_first().context("it has no command line")?;
        processes::end_named(state, name).await?;
        processes.start(name, &cluster::place(state.name()), program.as_ref(), arguments)
    }
}
