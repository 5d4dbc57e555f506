//! The operator's binary: arguments, log lines, one call.

use clap::Parser;
use tracing_subscriber::EnvFilter;
use trainyard_operator::settings::LogFormat;
use trainyard_operator::{Settings, serve};

/// kube's own span says less than ours, at length.
const QUIET: &str = "info,kube=warn,kube_runtime=warn,kube_client=warn";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(QUIET));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    match settings.log {
        LogFormat::Human => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
    serve::serve(settings).await
}
