//! A test's own namespace: made before it, everything in it printed when it fails, removed after it.

use super::kubectl::Said;
use super::{PATIENCE, PipelineManifest, Request, Run, Volume, evidence, kubectl, not_here, volume, wait};
use crate::cluster::Cluster;
use crate::deadline::until;
use crate::state::Name;
use futures::{AsyncBufReadExt as _, AsyncReadExt as _, FutureExt as _, StreamExt as _};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Namespace as Object, Pod, ServiceAccount};
use kube::api::{ListParams, LogParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher;
use kube::{Api, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::fmt::{Debug, Display};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use trainyard_crds::{MLPipeline, ModelVersion, PipelineRun};

/// Names the cluster that is tested: `cargo xtask cluster test` sets it.
pub(crate) const CLUSTER_VARIABLE: &str = "TRAINYARD_E2E_CLUSTER";
/// Set to anything, a namespace whose test failed stays.
pub(crate) const KEEP_VARIABLE: &str = "TRAINYARD_E2E_KEEP";
/// The claim of pipelines that name none.
pub(super) const WORKSPACE: &str = "trainyard";
/// How much of a test's name is in that of its namespace.
const NAME_PART_MAX: usize = 40;

/// A namespace of a cluster, for one test.
pub struct Namespace {
    cluster: Cluster,
    name: String,
}

/// The name of the cluster that is tested.
pub(super) fn name_under_test() -> Name {
    let name = std::env::var(CLUSTER_VARIABLE).map_or_else(|_| Ok(Name::default()), |name| name.parse());
    name.unwrap_or_else(|fault| panic!("{CLUSTER_VARIABLE}: {fault}"))
}

/// The cluster that is tested.
pub async fn cluster_under_test() -> Cluster {
    let cluster = Cluster::running(&name_under_test()).await;
    cluster.unwrap_or_else(|error| panic!("`cargo xtask cluster test` runs these tests on a cluster: {error:#}"))
}

/// Runs a test in a namespace of its own.
pub async fn in_namespace(test: impl AsyncFnOnce(&Namespace)) {
    in_namespace_of(cluster_under_test().await, test).await;
}

/// Runs a test in a namespace of its own that has a workspace for pods on fake nodes: for pipelines
/// [`super::PipelineManifest::on_fake_nodes`].
pub async fn in_namespace_on_fake_nodes(test: impl AsyncFnOnce(&Namespace)) {
    in_namespace(async |namespace| {
        namespace.volume_of_fake_nodes(WORKSPACE).await;
        Box::pin(test(namespace)).await;
    })
    .await;
}

pub(super) async fn in_namespace_of(cluster: Cluster, test: impl AsyncFnOnce(&Namespace)) {
    let namespace = Namespace::create(cluster).await;
    // On the heap: what a test holds would else be held once more by each function around it.
    let ended = AssertUnwindSafe(Box::pin(test(&namespace))).catch_unwind().await;
    match ended {
        Ok(()) => namespace.remove().await,
        Err(end) if not_here::was_not_checked(&*end, &namespace.name) => namespace.remove().await,
        Err(panic) => {
            evidence::print(&namespace).await;
            if std::env::var_os(KEEP_VARIABLE).is_none() {
                namespace.remove().await;
            }
            resume_unwind(panic);
        }
    }
}

impl Namespace {
    /// Another one in the same cluster, with a workspace for pods on fake nodes. It goes with the cluster, or with
    /// [`Self::delete`].
    pub async fn beside(&self, name: &str) -> Self {
        let object = Object {
            metadata: kube::api::ObjectMeta {
                name: Some(name.to_owned()),
                ..Default::default()
            },
            ..Object::default()
        };
        let namespace = Self::create_object(self.cluster.again(), &object).await;
        namespace.volume_of_fake_nodes(WORKSPACE).await;
        namespace
    }

    /// Asks for its deletion, and waits until it is gone.
    pub async fn delete(&self) {
        let api: Api<Object> = Api::all(self.cluster.client());
        let asked = api.delete(&self.name, &kube::api::DeleteParams::default()).await;
        asked.unwrap_or_else(|error| panic!("namespace {} stays: {error}", self.name));
        let what = format!("namespace {} goes", self.name);
        wait::until(api, &self.name, &what, PATIENCE, |object| object.is_none()).await;
    }

    /// Its name tells which test it is of, to whoever looks at the cluster meanwhile.
    async fn create(cluster: Cluster) -> Self {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("test").rsplit("::").next().unwrap_or("test");
        let mut name = test.replace('_', "-").to_lowercase();
        name.truncate(NAME_PART_MAX);
        let object = Object {
            metadata: kube::api::ObjectMeta {
                generate_name: Some(format!("{}-", name.trim_matches('-'))),
                ..Default::default()
            },
            ..Object::default()
        };
        Self::create_object(cluster, &object).await
    }

    async fn create_object(cluster: Cluster, object: &Object) -> Self {
        let api: Api<Object> = Api::all(cluster.client());
        let created = api.create(&PostParams::default(), object).await;
        let created = created.unwrap_or_else(|error| panic!("cannot make a namespace: {error}"));
        let namespace = Self {
            cluster,
            name: created.name_any(),
        };
        // A pod that comes before it would be refused.
        let account = |account: Option<&ServiceAccount>| account.is_some();
        wait::until(namespace.api(), "default", "the account of pods", PATIENCE, account).await;
        namespace
    }

    async fn remove(&self) {
        volume::remove_prepared(self).await;
        let api: Api<Object> = Api::all(self.cluster.client());
        // Its end is not waited for: what is in it costs the next test little.
        if let Err(error) = api.delete(&self.name, &kube::api::DeleteParams::default()).await {
            eprintln!("namespace {} stays: {error}", self.name);
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster that it is in.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The objects of a kind in it.
    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.cluster.client(), &self.name)
    }

    /// What kubectl prints for these words, which are separated by spaces, in this namespace. It must succeed.
    pub async fn kubectl(&self, words: &str) -> String {
        let said = self.kubectl_with(words, "").await;
        assert!(said.succeeded, "kubectl {words}:\n{}{}", said.out, said.errors);
        said.out
    }

    /// What kubectl complains about. It must fail.
    pub async fn kubectl_refused(&self, words: &str) -> String {
        let said = self.kubectl_with(words, "").await;
        assert!(!said.succeeded, "kubectl {words}: it was to be refused:\n{}", said.out);
        said.errors
    }

    pub(super) async fn kubectl_with(&self, words: &str, input: &str) -> Said {
        self.said_by("kubectl", words, input).await
    }

    /// What helm prints for these words, which are separated by spaces, in this namespace. It must succeed.
    pub async fn helm(&self, words: &str) -> String {
        let said = self.said_by("helm", words, "").await;
        assert!(said.succeeded, "helm {words}:\n{}{}", said.out, said.errors);
        said.out
    }

    /// What helm complains about. It must fail.
    pub async fn helm_refused(&self, words: &str) -> String {
        let said = self.said_by("helm", words, "").await;
        assert!(!said.succeeded, "helm {words}: it was to be refused:\n{}", said.out);
        said.errors
    }

    async fn said_by(&self, program: &str, words: &str, input: &str) -> Said {
        let words: Vec<_> = ["--namespace", &self.name]
            .into_iter()
            .chain(words.split_whitespace())
            .collect();
        kubectl::run(&self.cluster, program, &words, input).await
    }

    /// Applies a manifest: YAML or JSON as text, or what prints itself as such. Gives what kubectl prints.
    pub async fn apply(&self, manifest: impl Display) -> String {
        let manifest = manifest.to_string();
        let said = self.kubectl_with("apply --filename -", &manifest).await;
        assert!(said.succeeded, "kubectl apply: {}\nof\n{manifest}", said.errors);
        said.out
    }

    /// The same until it is admitted: a definition that was changed holds for an API server a moment later.
    pub async fn apply_when_admitted(&self, manifest: impl Display) {
        let manifest = manifest.to_string();
        let mut refusal = String::new();
        let admitted = until("it is admitted", Duration::from_secs(PATIENCE), async || {
            let said = self.kubectl_with("apply --filename -", &manifest).await;
            refusal = said.errors;
            Ok(said.succeeded.then_some(()))
        });
        assert!(admitted.await.is_ok(), "kubectl apply: {refusal}\nof\n{manifest}");
    }

    /// What kubectl complains about, or the API server behind it. The manifest must be refused.
    pub async fn apply_refused(&self, manifest: impl Display) -> String {
        let manifest = manifest.to_string();
        let said = self.kubectl_with("apply --filename -", &manifest).await;
        assert!(!said.succeeded, "it was to be refused: {}\n{manifest}", said.out);
        said.errors
    }

    /// What kubectl complains about once the API server refuses this object, which never is there: a policy holds for an API server a
    /// moment after it has taken it.
    pub async fn refused_before_long(&self, manifest: impl Display) -> String {
        let manifest = manifest.to_string();
        let refusal = until("it is refused", Duration::from_secs(PATIENCE), async || {
            let said = self
                .kubectl_with("create --dry-run=server --filename -", &manifest)
                .await;
            Ok((!said.succeeded).then_some(said.errors))
        });
        refusal.await.unwrap_or_else(|error| panic!("{error:#}: \n{manifest}"))
    }

    /// Applies a manifest on the server's side: kubectl keeps no copy of it in an annotation, which has less room than an object.
    pub async fn apply_on_the_server(&self, manifest: impl Display) -> String {
        let said = self
            .kubectl_with("apply --server-side --filename -", &manifest.to_string())
            .await;
        assert!(said.succeeded, "kubectl apply --server-side: {}", said.errors);
        said.out
    }

    /// What kubectl prints where the API server would take this object, which then is not there. It must be admitted.
    pub async fn dry_run(&self, manifest: impl Display) -> String {
        let manifest = manifest.to_string();
        let said = self
            .kubectl_with("create --dry-run=server --filename -", &manifest)
            .await;
        assert!(said.succeeded, "kubectl create: {}\nof\n{manifest}", said.errors);
        said.out
    }

    /// Applies a file of the repository, by its path from the root.
    pub async fn apply_file(&self, path: &str) -> String {
        self.kubectl(&format!("apply --filename {path}")).await
    }

    /// Puts it under the Pod Security standard `restricted`, as careful operators do.
    pub async fn restrict(&self) {
        let label = "pod-security.kubernetes.io/enforce=restricted";
        self.kubectl(&format!("label namespace {} {label}", self.name)).await;
    }

    /// Makes a pipeline without asking kubectl to, which takes longer than all else on fake nodes. What it reads is not made: no
    /// program reads it there.
    pub async fn make(&self, manifest: &PipelineManifest) {
        let object: MLPipeline = manifest.object();
        let created = self.api().create(&PostParams::default(), &object).await;
        created.unwrap_or_else(|error| panic!("cannot make a pipeline: {error}\nof\n{manifest}"));
    }

    /// Changes an object of a kind by a merge patch.
    pub async fn change<K>(&self, name: &str, patch: &serde_json::Value)
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        let patched = self
            .api::<K>()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await;
        patched.unwrap_or_else(|error| panic!("cannot change {} `{name}`: {error}", K::kind(&())));
    }

    /// Starts a run of a pipeline by hand, as `kubectl create` does.
    pub async fn start(&self, pipeline: &str) -> Run<'_> {
        self.start_with(pipeline, serde_json::json!({})).await
    }

    /// Starts a run of a pipeline by hand, with more fields of its spec.
    pub async fn start_with(&self, pipeline: &str, spec: serde_json::Value) -> Run<'_> {
        let name = serde_json::json!({"generateName": format!("{pipeline}-")});
        self.start_as(name, pipeline, spec).await
    }

    /// Starts a run of a pipeline by hand, under this name.
    pub async fn start_named(&self, name: &str, pipeline: &str) -> Run<'_> {
        let name = serde_json::json!({"name": name});
        self.start_as(name, pipeline, serde_json::json!({})).await
    }

    async fn start_as(&self, metadata: serde_json::Value, pipeline: &str, mut spec: serde_json::Value) -> Run<'_> {
        spec["pipelineRef"] = serde_json::json!({"name": pipeline});
        let object = serde_json::json!({
            "apiVersion": "trainyard.dev/v1alpha1",
            "kind": "PipelineRun",
            "metadata": metadata,
            "spec": spec,
        });
        let object: PipelineRun =
            serde_json::from_value(object).unwrap_or_else(|error| panic!("no PipelineRun: {error}"));
        let created = self.api().create(&PostParams::default(), &object).await;
        let created = created.unwrap_or_else(|error| panic!("cannot start a run of `{pipeline}`: {error}"));
        Run::of(self, &created)
    }

    /// Sets a pipeline's token, and gives the run that this starts.
    pub async fn trigger(&self, pipeline: &str, token: &str) -> Run<'_> {
        let patch = serde_json::json!({"spec": {"trigger": token}});
        self.kubectl(&format!("patch mlpipeline {pipeline} --type merge --patch {patch}"))
            .await;
        let started = |seen: &MLPipeline| {
            let trigger = seen.status.as_ref()?.trigger.as_ref()?;
            (trigger.token == token).then(|| trigger.run.clone())
        };
        let what = format!("token `{token}` of pipeline `{pipeline}` starts a run");
        let seen = self
            .wait_for(pipeline, &what, |pipeline: &MLPipeline| started(pipeline).is_some())
            .await;
        self.run(&started(&seen).unwrap_or_default()).await
    }

    /// As [`Namespace::trigger`], with a run that is newer than all before: ages have whole seconds, and which of two of one
    /// second is older is chance.
    pub async fn trigger_newer(&self, pipeline: &str, token: &str) -> Run<'_> {
        sleep(Duration::from_secs(1)).await;
        self.trigger(pipeline, token).await
    }

    /// A run that somebody started.
    pub async fn run(&self, name: &str) -> Run<'_> {
        let what = format!("run `{name}` is there");
        Run::of(self, &self.wait_for(name, &what, |_: &PipelineRun| true).await)
    }

    /// A pipeline as it is now.
    pub async fn pipeline(&self, name: &str) -> MLPipeline {
        let found = self.api().get(name).await;
        found.unwrap_or_else(|error| panic!("pipeline `{name}`: {error}"))
    }

    /// The model versions, oldest first.
    pub async fn model_versions(&self) -> Vec<ModelVersion> {
        let mut all = self.list::<ModelVersion>("").await;
        all.sort_by_key(|version| version.spec.version.to_string());
        all
    }

    /// The objects of a kind with these labels, `key=value,…`.
    pub async fn list<K>(&self, labels: &str) -> Vec<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Clone + Debug + DeserializeOwned,
    {
        let found = self.api::<K>().list(&ListParams::default().labels(labels)).await;
        found
            .unwrap_or_else(|error| panic!("cannot list {}: {error}", K::plural(&())))
            .items
    }

    /// The events about an object, by its uid: type, reason and message.
    pub async fn events_of(&self, uid: &str) -> Vec<Event> {
        let about = ListParams::default().fields(&format!("involvedObject.uid={uid}"));
        let found = self.api::<Event>().list(&about).await;
        found
            .unwrap_or_else(|error| panic!("cannot list events: {error}"))
            .items
    }

    /// Waits until there is an object of this name of which `holds` is true, and gives it.
    pub async fn wait_for<K>(&self, name: &str, what: &str, mut holds: impl FnMut(&K) -> bool) -> K
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
        K: Clone + Debug + Serialize + DeserializeOwned + Send + 'static,
    {
        let holds = |object: Option<&K>| object.is_some_and(&mut holds);
        let found = wait::until(self.api(), name, what, PATIENCE, holds).await;
        found.unwrap_or_else(|| panic!("{what}: it went"))
    }

    /// Waits until there is no object of this name any more.
    pub async fn wait_for_end_of<K>(&self, name: &str)
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
        K: Clone + Debug + Serialize + DeserializeOwned + Send + 'static,
    {
        let what = format!("{} `{name}` goes", K::kind(&()));
        wait::until(self.api::<K>(), name, &what, PATIENCE, |object| object.is_none()).await;
    }

    /// Waits until there is no object of a kind any more.
    pub async fn wait_for_none<K>(&self)
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
        K: Clone + Debug + Serialize + DeserializeOwned + Send + 'static,
    {
        let left = |object: &K| object.name_any();
        for name in self.list::<K>("").await.iter().map(left) {
            self.wait_for_end_of::<K>(&name).await;
        }
        let left: Vec<_> = self.list::<K>("").await.iter().map(left).collect();
        assert!(left.is_empty(), "{}: {left:?}", K::plural(&()));
    }

    /// Waits until there are at least so many Jobs.
    pub async fn wait_for_jobs(&self, count: usize) {
        let mut seen = HashSet::new();
        let what = format!("{count} Jobs are there");
        let counted = |job: &Job| {
            seen.insert(job.name_any());
            seen.len() >= count
        };
        wait::any(self.api(), watcher::Config::default(), &what, PATIENCE, counted).await;
    }

    /// Waits until there is an object with these labels of which `holds` is true, and gives it.
    pub async fn wait_for_any<K>(&self, labels: &str, what: &str, holds: impl FnMut(&K) -> bool) -> K
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
        K: Clone + Debug + Serialize + DeserializeOwned + Send + 'static,
    {
        let of = watcher::Config::default().labels(labels);
        wait::any(self.api(), of, what, PATIENCE, holds).await
    }

    /// Waits until a container of this pod has logged something that contains `text`, and gives what it has logged by then.
    pub(super) async fn log_says(&self, pod: &str, text: &str) -> String {
        let mut said = String::new();
        let follow = LogParams {
            follow: true,
            ..LogParams::default()
        };
        let read = async {
            let api: Api<Pod> = self.api();
            let log = api.log_stream(pod, &follow).await;
            let log = log.unwrap_or_else(|error| panic!("the log of pod {pod}: {error}"));
            let mut lines = std::pin::pin!(log.lines());
            while let Some(Ok(line)) = lines.next().await {
                said.push_str(&line);
                said.push('\n');
                if line.contains(text) {
                    return true;
                }
            }
            false
        };
        let found = timeout(Duration::from_secs(PATIENCE), read).await;
        assert!(
            found == Ok(true),
            "pod {pod} says `{text}`: it said no more than\n{said}"
        );
        said
    }

    /// Follows the log of this pod to the end of its container, and gives it.
    pub(super) async fn log_of(&self, pod: &str) -> String {
        let follow = LogParams {
            follow: true,
            ..LogParams::default()
        };
        let read = async {
            let api: Api<Pod> = self.api();
            let log = api.log_stream(pod, &follow).await;
            let log = log.unwrap_or_else(|error| panic!("the log of pod {pod}: {error}"));
            let mut all = String::new();
            let read = std::pin::pin!(log).read_to_string(&mut all).await;
            read.unwrap_or_else(|error| panic!("the log of pod {pod}: {error}"));
            all
        };
        let read = timeout(Duration::from_secs(PATIENCE), read).await;
        read.unwrap_or_else(|_| panic!("pod {pod} has not ended within {PATIENCE} s"))
    }

    /// The folder behind a claim, on the disk of its node.
    pub async fn volume(&self, claim: &str) -> Volume {
        self.cluster.needs("the disk of a node");
        Volume::of_claim(self, claim).await
    }

    /// What has been asked of the API server about this namespace, in the order of the answers.
    pub fn requests(&self) -> Vec<Request> {
        let mut all = self.cluster.audit();
        all.retain(|request| request.namespace() == self.name);
        all
    }
}
