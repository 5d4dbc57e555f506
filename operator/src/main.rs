//! The operator's binary: arguments, log lines, one call.

use anyhow::Context;
use clap::Parser;
use std::io::Write;
use std::time::Duration;
use tracing::error;
use tracing_subscriber::EnvFilter;
use trainyard_operator::settings::{CommandLine, Errand, LogFormat};
use trainyard_operator::{Settings, probe, serve};

/// kube's own span says less than ours, at length.
const QUIET: &str = "info,kube=warn,kube_runtime=warn,kube_client=warn";

/// One thread: what the operator does is to wait, and what wakes it is cheaper on the thread that it waits on.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let CommandLine { errand, settings } = CommandLine::parse();
    if let Some(Errand::Probe { url, within }) = errand {
        let answer = probe::probe(&url, Duration::from_millis(within.as_millis())).await?;
        writeln!(std::io::stdout(), "{url}: {answer}")?;
        return Ok(());
    }
    let settings = settings.context("no settings; see --help")?;
    start_logging(&settings);
    if let Err(error) = serve::serve(settings).await {
        error!(error = format!("{error:#}"), "stopped by an error");
        // At once: what is under way must not go on, and nothing is waited for.
        std::process::exit(1);
    }
    Ok(())
}

fn start_logging(settings: &Settings) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(QUIET));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    match settings.log {
        LogFormat::Human => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
