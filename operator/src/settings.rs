//! What the operator is told on its command line.

use crate::leader::{LEASE_LONGEST, LEASE_SHORTEST};
use axum::http::Uri;
use camino::Utf8PathBuf;
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use trainyard_contract::Duration;

/// Watches pipelines and runs, and runs their stages as Jobs.
///
/// In a pod it uses the pod's own account; outside it uses KUBECONFIG.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "trainyard-operator",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct CommandLine {
    /// Something else than to be the operator.
    #[command(subcommand)]
    pub errand: Option<Errand>,
    /// As the operator.
    #[command(flatten)]
    pub settings: Option<Settings>,
}

/// What the program does besides being the operator.
#[derive(Clone, Debug, Subcommand)]
pub enum Errand {
    /// Asks a running operator's page; exits with 0 when the answer is 200. `helm test` does it.
    Probe {
        /// The page, such as `http://trainyard:8080/readyz`.
        url: Uri,
        /// How long it may take until it answers with 200: `1m`, `90s`.
        #[arg(long, value_name = "TIME", default_value = "0s", value_parser = Duration::parse)]
        within: Duration,
    },
}

/// How the operator works.
#[derive(Clone, Debug, Parser)]
pub struct Settings {
    /// The image that runs the stages of pipelines that name none.
    #[arg(long, value_name = "IMAGE")]
    pub worker_image: String,
    /// When that image is pulled: Always, `IfNotPresent` or Never; Kubernetes' own rule when left out.
    #[arg(long, value_name = "POLICY")]
    pub worker_image_pull_policy: Option<String>,
    /// The one namespace that is watched; the pod's own (outside a pod: the kubeconfig's) when left out.
    #[arg(long, value_name = "NAMESPACE", conflicts_with = "cluster_wide")]
    pub namespace: Option<String>,
    /// Watch all namespaces.
    #[arg(long)]
    pub cluster_wide: bool,
    /// Act only while holding a Lease, so that of several operators one acts; for a pod, where others may run beside it.
    #[arg(long)]
    pub leader_election: bool,
    /// How long that Lease is good when its holder has died: whole seconds from `3s` to `5m`.
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = lease_duration, requires = "leader_election")]
    pub lease_duration: Duration,
    /// How large a claim is created for pipelines that do not say it.
    #[arg(long, value_name = "SIZE", default_value = "5Gi")]
    pub workspace_size: String,
    /// The storage class of claims that are created; the cluster's default when left out.
    #[arg(long, value_name = "CLASS")]
    pub workspace_storage_class: Option<String>,
    /// How long the Jobs of a finished run stay once a newer run of its pipeline has ended; those of the newest stay.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = Duration::parse)]
    pub finished_jobs_kept: Duration,
    /// Where /healthz, /readyz and /metrics are served; nowhere when left out.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// For tests: a file that holds the seconds by which the clock of schedules is ahead of the machine's.
    #[arg(long, value_name = "FILE", hide = true)]
    pub test_clock: Option<Utf8PathBuf>,
    /// For tests: a folder that takes, in a file for each run, what each pass asked the engine and what it was answered.
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub record_passes: Option<Utf8PathBuf>,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Human)]
    pub log: LogFormat,
}

/// A Lease holds whole seconds.
fn lease_duration(text: &str) -> Result<Duration, String> {
    let duration = Duration::parse(text).map_err(|error| error.to_string())?;
    let millis = duration.as_millis();
    let allowed = LEASE_SHORTEST.as_millis()..=LEASE_LONGEST.as_millis();
    if allowed.contains(&millis.into()) && millis % 1_000 == 0 {
        Ok(duration)
    } else {
        Err("must be whole seconds from `3s` to `5m`".to_owned())
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

#[cfg(test)]
impl Settings {
    /// What a chart would say.
    pub(crate) fn example() -> Self {
        Self::parse_from(["trainyard-operator", "--worker-image", "localhost/trainyard-worker:dev"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_page_for_who_runs_the_operator_shows_its_command_line() {
        let page = include_str!("../../docs/operator.md");
        let help = CommandLine::command().render_help().to_string();
        let shown = format!("$ trainyard-operator -h\n{}\n```\n", help.trim_end());
        assert!(page.contains(&shown), "docs/operator.md does not have\n{shown}");
    }

    fn parsed(arguments: &[&str]) -> Result<CommandLine, String> {
        CommandLine::try_parse_from([&["trainyard-operator"], arguments].concat()).map_err(|e| e.to_string())
    }

    #[test]
    fn the_operator_needs_an_image_for_its_stages() {
        let line = parsed(&["--worker-image", "worker:1", "--cluster-wide"]).expect("settings");
        let settings = line.settings.expect("settings");
        assert_eq!(settings.worker_image, "worker:1");
        assert!(settings.cluster_wide && line.errand.is_none());
        for arguments in [&[][..], &["--cluster-wide"]] {
            let error = parsed(arguments).expect_err("no image");
            assert!(error.contains("--worker-image <IMAGE>"), "{error}");
        }
    }

    #[test]
    fn a_lease_has_whole_seconds_and_is_neither_short_nor_long() {
        let duration = |text| {
            let line = parsed(&[
                "--worker-image",
                "worker:1",
                "--leader-election",
                "--lease-duration",
                text,
            ])?;
            Ok::<_, String>(line.settings.expect("settings").lease_duration)
        };
        for (text, seconds) in [("3s", 3), ("15s", 15), ("5m", 300)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["2s", "3500ms", "5m1s"] {
            let error = duration(text).expect_err(text);
            assert!(error.contains("must be whole seconds from `3s` to `5m`"), "{error}");
        }
    }

    #[test]
    fn one_namespace_or_all_of_them() {
        let both = ["--worker-image", "worker:1", "--cluster-wide", "--namespace", "a"];
        let error = parsed(&both).expect_err("both");
        assert!(error.contains("cannot be used with"), "{error}");
    }

    #[test]
    fn a_probe_needs_its_page_only() {
        let line = parsed(&["probe", "http://trainyard:8080/readyz"]).expect("a probe");
        let Some(Errand::Probe { url, within }) = line.errand else {
            panic!("a probe");
        };
        assert_eq!(url, "http://trainyard:8080/readyz");
        assert_eq!(within, Duration::default());
        assert!(parsed(&["probe"]).is_err());
    }

    #[test]
    fn a_time_is_written_as_in_a_manifest() {
        let error = parsed(&["probe", "http://trainyard:8080/readyz", "--within", "soon"]).expect_err("no time");
        assert!(
            error.contains("`soon` is not a duration; write it like `90s`"),
            "{error}"
        );
    }
}
