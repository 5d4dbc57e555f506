//! Thousands of runs through one operator; before it, Jobs through the Job controller alone; after it, a start with all runs kept.

use super::{Scale, alone, gauge};
use crate::cluster::Cluster;
use crate::deadline::until;
use crate::fake_nodes;
use crate::operator::{self, Election, Number};
use crate::processes::Processes;
use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolume, PersistentVolumeClaim, Pod};
use kube::api::{ListParams, PostParams};
use kube::core::PartialObjectMeta;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::pin::pin;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use trainyard_crds::v1alpha1::{MLPipeline, ModelVersion, PipelineRun};

const NAMESPACE: &str = "flood";
/// Without a step for so long, something is broken.
const LONGEST: Duration = Duration::from_secs(180);
/// How often the process is looked at.
const SAMPLES: usize = 10;
/// Runs before those that count, whose Jobs are copied.
const PROBES: usize = 1;
/// Stages of each run.
pub(super) const STAGES: usize = 3;
/// How far the clock is set ahead, so that the Jobs of finished runs go at once and not after minutes.
const AHEAD_SECONDS: &str = "3600";
/// How long the operator is watched after it has started.
const WATCHED: Duration = Duration::from_secs(30);

/// The operator at one moment of the flood.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// Runs that have ended.
    pub runs: usize,
    /// Its memory, in MiB.
    pub memory: f64,
}

/// How many began a minute.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pace {
    /// Runs, or Jobs, under way at once.
    pub at_once: usize,
    /// Stages of runs.
    pub stages: f64,
    /// The same Jobs through the Job controller alone, which removes them at their end as well.
    pub jobs: f64,
    /// The same, and they stay.
    pub jobs_kept: f64,
}

/// What was measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flood {
    /// Runs that ended, all of them well.
    pub runs: usize,
    /// Pipelines that they were of.
    pub pipelines: usize,
    /// Model versions that were registered.
    pub versions: usize,
    /// Runs under way at once.
    pub at_once: usize,
    /// From the first to the last, in seconds.
    pub seconds: f64,
    /// Stages against Jobs through the Job controller alone, at few and at many at once.
    pub paces: Vec<Pace>,
    /// The operator's memory on the way.
    pub samples: Vec<Sample>,
    /// Its peak, in MiB.
    pub peak: f64,
    /// Its processor time a run, in milliseconds.
    pub milliseconds_a_run: f64,
    /// Its attempted writes a run.
    pub writes_a_run: f64,
    /// Runs that are kept at the next start.
    pub kept: usize,
    /// From that start until it is ready, in seconds.
    pub ready_after: f64,
    /// Its peak within half a minute of it, in MiB: its lists, and those of its term.
    pub peak_after_start: f64,
    /// From due times of a schedule to the first container of their runs, in seconds.
    pub cron_to_start: Vec<f64>,
}

/// Measures it.
pub(super) async fn measure(cluster: &Cluster, scale: Scale) -> Result<Flood> {
    let flooded = Flooded {
        client: cluster.client(),
    };
    flooded.prepare(scale.pipelines).await?;
    let mut flood = Flood {
        pipelines: scale.pipelines,
        at_once: scale.at_once,
        ..Flood::default()
    };
    fs::write(operator::clock(cluster.state()), AHEAD_SECONDS).context("cannot set the clock")?;
    let templates = flooded.templates().await?;
    for at_once in [scale.few_at_once, scale.at_once] {
        let pace = flooded.pace(scale, at_once, &templates).await?;
        eprintln!("{pace:?}");
        flood.paces.push(pace);
    }
    let (before, writes) = (gauge::taken(cluster)?, writes(cluster));
    let began = Instant::now();
    let samples = &mut flood.samples;
    let each = (scale.runs / SAMPLES).max(1);
    flooded
        .runs("run", scale.runs, scale.at_once, scale.pipelines, |runs| {
            if runs % each == 0 {
                let memory = gauge::taken(cluster)?.memory;
                eprintln!(
                    "{runs} runs after {:.0} s: {memory:.1} MiB",
                    began.elapsed().as_secs_f64()
                );
                samples.push(Sample { runs, memory });
            }
            Ok(())
        })
        .await?;
    flood.seconds = began.elapsed().as_secs_f64();
    let after = gauge::taken(cluster)?;
    flood.runs = scale.runs;
    flood.peak = after.peak;
    flood.milliseconds_a_run = (after.seconds - before.seconds) * 1e3 / scale.runs as f64;
    flood.writes_a_run = (self::writes(cluster) - writes) as f64 / scale.runs as f64;
    let of_paces = flood.paces.iter().map(|pace| scale.runs_of_pace(pace.at_once));
    let before = PROBES + of_paces.sum::<usize>();
    flood.versions = flooded.count::<ModelVersion>("").await? - before;
    ensure!(
        flood.versions == scale.runs,
        "{} versions of {} runs",
        flood.versions,
        scale.runs
    );
    flooded.is_whole(before + scale.runs).await?;

    flood.kept = flooded.count::<PipelineRun>("trainyard.dev/finished").await?;
    operator::kill(cluster.state(), Number::FIRST).await?;
    let began = Instant::now();
    operator::start(
        cluster.state(),
        &mut Processes::of(cluster.state()),
        Number::FIRST,
        Election::On,
    )?;
    flood.ready_after = began.elapsed().as_secs_f64();
    tokio::time::sleep(WATCHED).await;
    flood.peak_after_start = gauge::taken(cluster)?.peak;
    eprintln!(
        "{} runs kept: ready after {:.1} s, {:.1} MiB at most",
        flood.kept, flood.ready_after, flood.peak_after_start
    );
    fs::write(operator::clock(cluster.state()), "0").context("cannot set the clock")?;
    flood.cron_to_start = flooded.cron(scale.minutes).await?;
    eprintln!("from due times to containers: {:?} s", flood.cron_to_start);
    Ok(flood)
}

fn a_minute(count: usize, began: Instant) -> f64 {
    count as f64 * 60.0 / began.elapsed().as_secs_f64()
}

/// The operator's attempted writes so far, but for its Lease.
fn writes(cluster: &Cluster) -> usize {
    let requests = cluster.audit();
    let counts = requests
        .iter()
        .filter(|request| request.by_operator() && request.writes() && !request.is_of_lease());
    counts.count()
}

struct Flooded {
    client: Client,
}

impl Flooded {
    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    async fn prepare(&self, pipelines: usize) -> Result<()> {
        let namespace = json!({"metadata": {"name": NAMESPACE}});
        create(&Api::<Namespace>::all(self.client.clone()), namespace).await?;
        let volume = json!({
            "metadata": {"name": NAMESPACE},
            "spec": {
                "accessModes": ["ReadWriteMany"], "capacity": {"storage": "1Gi"}, "storageClassName": "",
                "claimRef": {"namespace": NAMESPACE, "name": "trainyard"}, "hostPath": {"path": "/nowhere"},
            },
        });
        create(&Api::<PersistentVolume>::all(self.client.clone()), volume).await?;
        let claim = json!({
            "metadata": {"name": "trainyard"},
            "spec": {
                "accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": NAMESPACE,
                "resources": {"requests": {"storage": "1Gi"}},
            },
        });
        create(&self.api::<PersistentVolumeClaim>(), claim).await?;
        for number in 0..pipelines {
            create(&self.api::<MLPipeline>(), pipeline(&name_of(number), &json!(null))).await?;
        }
        Ok(())
    }

    /// Jobs alone, which stay; Jobs alone, which go; stages: as many of each, so many at once.
    async fn pace(&self, scale: Scale, at_once: usize, templates: &[Job]) -> Result<Pace> {
        let mut jobs = [0.0; 2];
        let runs = scale.runs_of_pace(at_once);
        let count = runs * STAGES;
        for (pace, stay) in jobs.iter_mut().zip([true, false]) {
            let name = format!("{}-{at_once}", if stay { "stays" } else { "goes" });
            let began = Instant::now();
            alone::jobs(&self.api(), &name, count, at_once, templates, stay).await?;
            *pace = a_minute(count, began);
        }
        let began = Instant::now();
        let name = format!("pace-{at_once}");
        self.runs(&name, runs, at_once, scale.pipelines, |_| Ok(())).await?;
        let [jobs_kept, jobs] = jobs;
        Ok(Pace {
            at_once,
            stages: a_minute(count, began),
            jobs,
            jobs_kept,
        })
    }

    /// So many runs, so many at once; `ended` hears how many have.
    async fn runs(
        &self,
        name: &str,
        count: usize,
        at_once: usize,
        pipelines: usize,
        mut ended: impl FnMut(usize) -> Result<()>,
    ) -> Result<()> {
        let api = self.api::<PipelineRun>();
        let finished = watcher::Config::default().labels("trainyard.dev/finished");
        let mut finished = pin!(
            watcher(self.api::<PartialObjectMeta<PipelineRun>>(), finished)
                .default_backoff()
                .touched_objects()
        );
        let mut seen = BTreeSet::new();
        let mut started = 0;
        while seen.len() < count {
            while started < count && started - seen.len() < at_once {
                let run = json!({
                    "apiVersion": "trainyard.dev/v1alpha1", "kind": "PipelineRun",
                    "metadata": {"name": format!("{name}-{started}")},
                    "spec": {"pipelineRef": {"name": name_of(started % pipelines)}},
                });
                create(&api, run).await?;
                started += 1;
            }
            let Some(run) = next(&mut finished).await? else {
                continue;
            };
            let end = run.labels().get("trainyard.dev/finished").cloned().unwrap_or_default();
            if !run.name_any().starts_with(&format!("{name}-")) {
                continue;
            }
            ensure!(end == "Succeeded", "run {} ended {end}", run.name_any());
            if seen.insert(run.name_any()) {
                ended(seen.len())?;
            }
        }
        Ok(())
    }

    /// Every run has its three attempts, each made once.
    async fn is_whole(&self, count: usize) -> Result<()> {
        let page = ListParams::default().limit(500);
        let mut whole = 0;
        let mut next: Option<String> = None;
        loop {
            let page = next
                .as_ref()
                .map_or_else(|| page.clone(), |token| page.clone().continue_token(token));
            let runs = self.api::<PipelineRun>().list(&page).await?;
            for run in &runs.items {
                let stages = run.status.iter().flat_map(|status| &status.stages);
                let attempts: u32 = stages.map(|stage| stage.known.attempts).sum();
                ensure!(
                    attempts as usize == STAGES,
                    "run {} had {attempts} attempts",
                    run.name_any()
                );
                whole += 1;
            }
            next = runs.metadata.continue_.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        ensure!(whole == count, "{whole} runs of {count}");
        Ok(())
    }

    /// A Job of each stage, as the operator makes them.
    async fn templates(&self) -> Result<Vec<Job>> {
        let probe = json!({
            "apiVersion": "trainyard.dev/v1alpha1", "kind": "PipelineRun",
            "metadata": {"name": "probe"}, "spec": {"pipelineRef": {"name": name_of(0)}},
        });
        create(&self.api::<PipelineRun>(), probe).await?;
        until("the probe ends", LONGEST, async || {
            let run = self.api::<PipelineRun>().get("probe").await?;
            Ok(run.status.is_some_and(|status| status.finished).then_some(()))
        })
        .await?;
        let api = self.api::<Job>();
        let templates = api
            .list(&ListParams::default().labels("trainyard.dev/run=probe"))
            .await?
            .items;
        ensure!(templates.len() == STAGES, "the probe has {} Jobs", templates.len());
        Ok(templates)
    }

    /// From due times to the first container of their runs.
    async fn cron(&self, minutes: usize) -> Result<Vec<f64>> {
        create(
            &self.api::<MLPipeline>(),
            pipeline("minutely", &json!({"cron": "* * * * *", "concurrencyPolicy": "Allow"})),
        )
        .await?;
        let first = watcher::Config::default().labels("trainyard.dev/pipeline=minutely,trainyard.dev/stage=extract");
        let mut pods = pin!(watcher(self.api::<Pod>(), first).default_backoff().touched_objects());
        let mut seen = BTreeSet::new();
        let mut late = Vec::new();
        while late.len() < minutes {
            let Some(pod) = next(&mut pods).await? else { continue };
            let phase = pod
                .status
                .as_ref()
                .and_then(|status| status.phase.as_deref())
                .unwrap_or("Pending");
            if phase != "Pending" && seen.insert(pod.name_any()) {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                late.push((now.as_secs_f64() % 60.0 * 1e3).round() / 1e3);
            }
        }
        Ok(late)
    }

    async fn count<K>(&self, labels: &str) -> Result<usize>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
        K: Clone + DeserializeOwned + Debug,
    {
        let all = self
            .api::<K>()
            .list_metadata(&ListParams::default().labels(labels))
            .await?;
        Ok(all.items.len())
    }
}

fn name_of(number: usize) -> String {
    format!("pipeline-{number}")
}

fn pipeline(name: &str, schedule: &Value) -> Value {
    let (key, value) = fake_nodes::MARK;
    let mut spec = json!({
        "worker": {"nodeSelector": {key: value}, "tolerations": [{"key": key, "operator": "Exists"}]},
        "stages": [
            {"name": "extract", "extract": {"csv": {"configMap": {"name": "data", "key": "data.csv"}}}},
            {"name": "validate", "dependsOn": ["extract"], "validate": {"noNulls": "All"}},
            {"name": "train", "dependsOn": ["validate"], "train": {
                "features": ["age", "salary"], "target": "target", "logisticRegression": {},
            }},
        ],
    });
    if !schedule.is_null() {
        spec["schedule"] = schedule.clone();
    }
    json!({"apiVersion": "trainyard.dev/v1alpha1", "kind": "MLPipeline", "metadata": {"name": name}, "spec": spec})
}

async fn create<K>(api: &Api<K>, object: Value) -> Result<()>
where
    K: kube::Resource + Clone + DeserializeOwned + Serialize + Debug,
{
    let object: K = serde_json::from_value(object).context("an object")?;
    let created = api.create(&PostParams::default(), &object).await;
    created
        .map(drop)
        .with_context(|| format!("cannot create {}", object.name_any()))
}

/// The next thing that a watch says, but for errors, after which it goes on.
pub(super) async fn next<T>(
    events: &mut (impl futures::Stream<Item = Result<T, watcher::Error>> + Unpin),
) -> Result<Option<T>> {
    let event = tokio::time::timeout(LONGEST, events.next())
        .await
        .context("nothing happens any more")?;
    Ok(event.context("a watch ended")?.ok())
}
