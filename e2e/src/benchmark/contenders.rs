//! Who is measured: a run, the pods of a run without an operator, the Jobs of a run without an operator.

use anyhow::{Context, Result, bail, ensure};
use futures::TryStreamExt;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use trainyard_crds::v1alpha1::{MLPipeline, PipelineRun};
use trainyard_engine::RunPhase;

/// The namespace of the benchmark.
const NAMESPACE: &str = "bench";
/// The sample pipeline.
const PIPELINE: &str = "seed";
/// The same with one more stage.
const LONGER: &str = "seed-and-one";
/// Nothing here takes longer, or the cluster is broken.
const LONGEST: Duration = Duration::from_secs(300);
/// The sample table.
const CSV: &str = "age,salary,target\n25,50000,0\n30,60000,1\n45,80000,1\n22,40000,0\n";

/// Everything that is measured, on one cluster.
pub(super) struct Contenders {
    client: Client,
    /// The Jobs of a run that Succeeded, in the order of its stages.
    jobs: Vec<Job>,
    /// `<run>-<uid8>` and the uid of that run.
    folder: (String, String),
    number: AtomicU32,
}

impl Contenders {
    /// A namespace with the sample pipeline, run once: the volume is there, the images are on the node.
    pub(super) async fn ready(client: Client) -> Result<Self> {
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let namespace = Namespace {
            metadata: ObjectMeta {
                name: Some(NAMESPACE.to_owned()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        create(&namespaces, &namespace).await?;
        let maps: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
        let map = json!({"metadata": {"name": "sample-data"}, "data": {"sample_data.csv": CSV}});
        create(&maps, &serde_json::from_value(map).context("the table")?).await?;
        let pipelines: Api<MLPipeline> = Api::namespaced(client.clone(), NAMESPACE);
        create(&pipelines, &pipeline(PIPELINE, &[])?).await?;
        create(&pipelines, &pipeline(LONGER, &["validate-again"])?).await?;
        let mut contenders = Self {
            client,
            jobs: Vec::new(),
            folder: Default::default(),
            number: AtomicU32::new(0),
        };
        let run = contenders.start(PIPELINE).await?;
        let run = contenders.ended(&run).await?;
        contenders.learn(&run).await?;
        Ok(contenders)
    }

    /// Keeps the Jobs of a run, for those that do without an operator.
    async fn learn(&mut self, run: &PipelineRun) -> Result<()> {
        let status = run.status.as_ref().context("a run that ended has a status")?;
        let jobs: Api<Job> = self.api();
        for stage in &status.stages {
            let name = stage.job.as_ref().context("a stage that ended has a Job")?;
            let mut job = jobs.get(name).await?;
            // It keeps the pods of runs on one node, whose label the copies do not have: they would wait for ever.
            let pod = job.spec.as_mut().and_then(|spec| spec.template.spec.as_mut());
            pod.context("a Job has a pod's spec")?.affinity = None;
            self.jobs.push(job);
        }
        let uid = run.uid().context("a run has a uid")?;
        self.folder = (format!("{}-{}", run.name_any(), &uid[..8]), uid);
        Ok(())
    }

    fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    fn next(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    async fn start(&self, pipeline: &str) -> Result<PipelineRun> {
        let run = json!({
            "metadata": {"name": format!("bench-{}", self.next())},
            "spec": {"pipelineRef": {"name": pipeline}},
        });
        let mut run: PipelineRun = serde_json::from_value(with_kind(run)).context("a run")?;
        run.metadata.namespace = Some(NAMESPACE.to_owned());
        let created = self.api::<PipelineRun>().create(&PostParams::default(), &run).await;
        created.context("cannot create a run")
    }

    /// The run, once it is at its end; an error when it did not Succeed.
    async fn ended(&self, run: &PipelineRun) -> Result<PipelineRun> {
        let is_over = |run: &PipelineRun| run.status.as_ref().is_some_and(|status| status.finished);
        let run = until(self.api(), &run.name_any(), is_over).await?;
        let status = run.status.as_ref().context("it has a status")?;
        ensure!(
            status.phase == RunPhase::Succeeded,
            "run {} ended {}: {}",
            run.name_any(),
            status.phase,
            status.message
        );
        Ok(run)
    }

    /// A run of the sample pipeline, in seconds.
    pub(super) async fn run(&self) -> Result<f64> {
        let began = Instant::now();
        let run = self.start(PIPELINE).await?;
        self.ended(&run).await?;
        Ok(began.elapsed().as_secs_f64())
    }

    /// A run of three stages, or of four; returns when it has ended.
    pub(super) async fn run_of(&self, four_stages: bool) -> Result<()> {
        let run = self.start(if four_stages { LONGER } else { PIPELINE }).await?;
        self.ended(&run).await.map(drop)
    }

    /// Three bare pods in a row, in seconds.
    pub(super) async fn bare_pods(&self) -> Result<f64> {
        let number = self.next();
        let mut pods = Vec::new();
        for (place, job) in self.jobs.iter().enumerate() {
            let template = job.spec.as_ref().context("a Job has a spec")?.template.clone();
            let mut pod = json!({
                "metadata": {"name": format!("bare-{number}-{place}"), "annotations": {}},
                "spec": template.spec,
            });
            for (key, text) in template.metadata.and_then(|m| m.annotations).unwrap_or_default() {
                pod["metadata"]["annotations"][key] = Value::from(self.of_another_run(&text, number));
            }
            pods.push(serde_json::from_value::<Pod>(pod).context("a pod")?);
        }
        let api: Api<Pod> = self.api();
        let began = Instant::now();
        for pod in &pods {
            api.create(&PostParams::default(), pod)
                .await
                .context("cannot create a pod")?;
            let ended = until(api.clone(), &pod.name_any(), |pod| {
                phase(pod) != "Pending" && phase(pod) != "Running"
            })
            .await?;
            ensure!(
                phase(&ended) == "Succeeded",
                "pod {} ended {}",
                pod.name_any(),
                phase(&ended)
            );
        }
        Ok(began.elapsed().as_secs_f64())
    }

    /// Three Jobs in a row, each awaited by its status, in seconds.
    pub(super) async fn jobs_by_status(&self) -> Result<f64> {
        let number = self.next();
        let api: Api<Job> = self.api();
        let mut copies = Vec::new();
        for (place, job) in self.jobs.iter().enumerate() {
            let mut copy = Job {
                metadata: ObjectMeta {
                    name: Some(format!("job-{number}-{place}")),
                    ..ObjectMeta::default()
                },
                spec: job.spec.clone(),
                status: None,
            };
            let spec = copy.spec.as_mut().context("a Job has a spec")?;
            // The API server chose them for the Job that this is a copy of.
            spec.selector = None;
            if let Some(metadata) = &mut spec.template.metadata {
                metadata.labels = None;
                for text in metadata.annotations.iter_mut().flat_map(|a| a.values_mut()) {
                    *text = self.of_another_run(text, number);
                }
            }
            copies.push(copy);
        }
        let began = Instant::now();
        for job in &copies {
            api.create(&PostParams::default(), job)
                .await
                .context("cannot create a Job")?;
            let ended = until(api.clone(), &job.name_any(), |job| {
                has(job, "Complete") || has(job, "Failed")
            })
            .await?;
            ensure!(has(&ended, "Complete"), "Job {} failed", job.name_any());
        }
        Ok(began.elapsed().as_secs_f64())
    }

    /// A document as it would be in another run: what is committed already would only be told again.
    fn of_another_run(&self, document: &str, number: u32) -> String {
        let (folder, uid) = &self.folder;
        let other_uid = format!("{number:08x}{}", &uid[8..]);
        let run = folder.trim_end_matches(&uid[..8]);
        document
            .replace(folder, &format!("{run}{}", &other_uid[..8]))
            .replace(uid, &other_uid)
    }

    /// Removes the namespace with all that is in it.
    pub(super) async fn gone(self) -> Result<()> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        namespaces.delete(NAMESPACE, &DeleteParams::default()).await?;
        Ok(())
    }
}

fn pipeline(name: &str, more: &[&str]) -> Result<MLPipeline> {
    let mut stages = vec![
        json!({"name": "extract", "extract": {"csv": {"configMap": {"name": "sample-data", "key": "sample_data.csv"}}}}),
        json!({"name": "validate", "dependsOn": ["extract"], "validate": {"requiredColumns": ["age", "salary", "target"], "noNulls": "All"}}),
    ];
    let mut last = "validate".to_owned();
    for stage in more {
        stages.push(json!({"name": stage, "dependsOn": [last], "validate": {"noNulls": "All"}}));
        (*stage).clone_into(&mut last);
    }
    stages.push(json!({
        "name": "train", "dependsOn": [last],
        "train": {"features": ["age", "salary"], "target": "target", "logisticRegression": {}, "save": ["onnx", "joblib"]},
    }));
    let pipeline = json!({
        "apiVersion": "trainyard.dev/v1alpha1", "kind": "MLPipeline",
        "metadata": {"name": name}, "spec": {"stages": stages},
    });
    serde_json::from_value(pipeline).context("a pipeline")
}

fn with_kind(mut run: Value) -> Value {
    run["apiVersion"] = "trainyard.dev/v1alpha1".into();
    run["kind"] = "PipelineRun".into();
    run
}

fn phase(pod: &Pod) -> &str {
    let status = pod.status.as_ref();
    status.and_then(|status| status.phase.as_deref()).unwrap_or("Pending")
}

fn has(job: &Job, condition: &str) -> bool {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|c| c.type_ == condition && c.status == "True")
}

async fn create<K>(api: &Api<K>, object: &K) -> Result<()>
where
    K: Resource + Clone + DeserializeOwned + serde::Serialize + Debug,
{
    let created = api.create(&PostParams::default(), object).await;
    created
        .map(drop)
        .with_context(|| format!("cannot create {}", object.name_any()))
}

/// The object, once it is as it should be: by a watch, so that what is measured is not how often one looks.
async fn until<K>(api: Api<K>, name: &str, is: impl Fn(&K) -> bool) -> Result<K>
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let of_name = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut objects = pin!(watcher(api, of_name).applied_objects());
    let wait = async {
        while let Some(object) = objects.try_next().await? {
            if is(&object) {
                return Ok(object);
            }
        }
        bail!("the watch of {name} ended")
    };
    tokio::time::timeout(LONGEST, wait)
        .await
        .with_context(|| format!("{name} takes too long"))?
}
