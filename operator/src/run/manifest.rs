//! The Job of one attempt.
//!
//! Pure: from what the engine wants started to a manifest. What stands in it and why is in DESIGN's stage contract; the golden
//! files in `operator/tests/golden` show it whole, and the real API server is asked about each of them.

use super::revision::LoadedRevision;
use crate::names::{
    ATTEMPT, CLAIM, CONTAINER, CREATED, DOCUMENT, GIVEN, MANAGED_BY, MODEL_VERSION, OPERATOR, PIPELINE, RUN, RUN_UID,
    STAGE, TIDIES, job as job_name,
};
use crate::settings::Settings;
use k8s_openapi::api::batch::v1::{
    Job, JobSpec, PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
};
use k8s_openapi::api::core::v1::{
    Affinity, Capabilities, ConfigMapKeySelector, ConfigMapVolumeSource, Container, DownwardAPIVolumeFile,
    DownwardAPIVolumeSource, EnvVar as PodEnvVar, EnvVarSource, KeyToPath, LocalObjectReference, ObjectFieldSelector,
    PersistentVolumeClaimVolumeSource, PodAffinity, PodAffinityTerm, PodSecurityContext, PodSpec, PodTemplateSpec,
    ResourceRequirements, SeccompProfile, SecretKeySelector, SecurityContext, Toleration, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use std::collections::BTreeMap;
use trainyard_contract::document::SourceFile;
use trainyard_contract::stage::ConfigMapKey;
use trainyard_contract::{StageDocument, StageName, StageSpec};
use trainyard_crds::v1alpha1::{EnvVar, Resources, Stage, Worker};
use trainyard_engine::{Run, StartAttempt, Timestamp};

/// Where the workspace is in a stage's container.
pub(crate) const WORKSPACE: &str = "/workspace";
/// Where the stage's document is.
const DOCUMENT_FOLDER: &str = "/trainyard/document";
/// The document's file in that folder.
const DOCUMENT_FILE: &str = "document.json";
/// Where the table of a ConfigMap is.
const SOURCE_FOLDER: &str = "/trainyard/source";
/// Where Kubernetes looks for a container's last words.
const TERMINATION_LOG: &str = "/dev/termination-log";
/// The user, the group and the volumes' group of every stage: nobody's on any machine.
const USER: i64 = 65_532;
/// How long a stage may take to stop cleanly.
const GRACE_SECONDS: i64 = 30;
/// How long after the last moment that a worker should have ended by itself its pod is killed. The pod stays, so that its log
/// can be read; a Job's own deadline would delete it.
const BACKSTOP_SECONDS: i64 = 60;
/// How long a pod stays on a node that does not answer.
const NODE_LOSS_SECONDS: i64 = 60;

/// Everything that the Job of an attempt is made from.
pub(crate) struct Attempt<'a> {
    /// The run.
    pub run: &'a Run,
    /// The run's object, which owns the Job.
    pub owner: OwnerReference,
    /// The run's namespace.
    pub namespace: &'a str,
    /// The pipeline as it was when the run began.
    pub revision: &'a LoadedRevision,
    /// What the engine wants.
    pub start: &'a StartAttempt,
    /// What the worker is told.
    pub document: &'a StageDocument,
    /// Folders of the workspace that it removes.
    pub removes: &'a [String],
    /// Whether the volume of its workspace is held by one node at a time.
    pub on_one_node: bool,
    /// When the engine said so.
    pub created: Timestamp,
}

/// The file that an `extract` reads, as its worker will see it; `None` for a kind that reads none.
pub(crate) fn source(spec: &StageSpec) -> Option<SourceFile> {
    let StageSpec::Extract(extract) = spec else { return None };
    match (extract.path(), extract.config_map()) {
        (Some(path), _) => Some(SourceFile {
            path: path.into(),
            name: path.to_owned(),
        }),
        (None, Some(ConfigMapKey { name, key })) => Some(SourceFile {
            path: format!("{SOURCE_FOLDER}/{key}").into(),
            name: format!("{name}/{key}"),
        }),
        (None, None) => None,
    }
}

/// A path that an `extract` is to read and that does not begin at the workspace. On a laptop it is the caller's own; in a pod it
/// would be the container's: its environment, its mounts.
pub(crate) fn absolute_path(spec: &StageSpec) -> Option<&str> {
    let StageSpec::Extract(extract) = spec else { return None };
    let path = extract.path()?;
    path.starts_with('/').then_some(path)
}

/// The Job of an attempt.
pub(crate) fn job(attempt: &Attempt<'_>, settings: &Settings) -> Job {
    let Attempt {
        run,
        owner,
        namespace,
        revision,
        start,
        document: _,
        removes,
        on_one_node: _,
        created,
    } = attempt;
    let worker = revision.spec.worker.clone().unwrap_or_default();
    // A Given has only string keys.
    let given = serde_json::to_string(&start.given).unwrap_or_default();
    let mut annotations = BTreeMap::from([(GIVEN.to_owned(), given), (CREATED.to_owned(), created.to_string())]);
    if !removes.is_empty() {
        annotations.insert(TIDIES.to_owned(), serde_json::json!(removes).to_string());
    }
    Job {
        metadata: ObjectMeta {
            name: Some(job_name(&run.name, &run.uid, &start.stage, start.attempt)),
            namespace: Some((*namespace).to_owned()),
            labels: Some(with_labels(&worker.job_labels, attempt)),
            annotations: Some(annotations),
            owner_references: Some(vec![owner.clone()]),
            ..ObjectMeta::default()
        },
        spec: Some(JobSpec {
            parallelism: Some(1),
            completions: Some(1),
            // Another attempt is another Job: the engine decides about it.
            backoff_limit: Some(0),
            // The Job counts as failed only when no pod of it is left that may still run.
            pod_replacement_policy: Some("Failed".to_owned()),
            pod_failure_policy: Some(failure_policy()),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(pod_labels(&worker.pod_labels, attempt)),
                    annotations: Some(BTreeMap::from([(DOCUMENT.to_owned(), document(attempt))])),
                    ..ObjectMeta::default()
                }),
                spec: Some(pod(attempt, worker, settings)),
            },
            ..JobSpec::default()
        }),
        status: None,
    }
}

/// A document has only string keys.
fn document(attempt: &Attempt<'_>) -> String {
    serde_json::to_string(attempt.document).unwrap_or_default()
}

/// Our labels over the user's: nobody's can stand for ours.
fn with_labels(users: &BTreeMap<String, String>, attempt: &Attempt<'_>) -> BTreeMap<String, String> {
    let Attempt { run, start, .. } = attempt;
    let mut labels = users.clone();
    let ours = [
        (MANAGED_BY, OPERATOR.to_owned()),
        (RUN, run.name.to_string()),
        (RUN_UID, run.uid.to_string()),
        (PIPELINE, attempt.revision.pipeline.name().to_string()),
        (STAGE, start.stage.to_string()),
        (ATTEMPT, start.attempt.to_string()),
    ];
    labels.extend(ours.map(|(key, value)| (key.to_owned(), value)));
    if let Some(version) = &start.given.model_version {
        labels.insert(MODEL_VERSION.to_owned(), version.to_string());
    }
    labels
}

fn pod_labels(users: &BTreeMap<String, String>, attempt: &Attempt<'_>) -> BTreeMap<String, String> {
    let mut labels = with_labels(users, attempt);
    labels.insert(CLAIM.to_owned(), attempt.revision.claim_name().to_owned());
    labels
}

/// On the node on which other pods of the claim run: a volume that one node holds cannot be mounted on a second one, and the scheduler
/// knows nothing of that where the volume is attached to nodes. The first pod finds nobody, and may go anywhere.
fn beside_others(attempt: &Attempt<'_>) -> Option<Affinity> {
    let of_claim = LabelSelector {
        match_labels: Some(BTreeMap::from([(
            CLAIM.to_owned(),
            attempt.revision.claim_name().to_owned(),
        )])),
        match_expressions: None,
    };
    attempt.on_one_node.then(|| Affinity {
        pod_affinity: Some(PodAffinity {
            required_during_scheduling_ignored_during_execution: Some(vec![PodAffinityTerm {
                label_selector: Some(of_claim),
                topology_key: "kubernetes.io/hostname".to_owned(),
                ..PodAffinityTerm::default()
            }]),
            preferred_during_scheduling_ignored_during_execution: None,
        }),
        ..Affinity::default()
    })
}

/// The first failed pod fails the Job, and its condition tells the exit code even when the pod is gone.
fn failure_policy() -> PodFailurePolicy {
    let rule = |on_exit_codes, on_pod_conditions| PodFailurePolicyRule {
        action: "FailJob".to_owned(),
        on_exit_codes,
        on_pod_conditions,
    };
    let disrupted = PodFailurePolicyOnPodConditionsPattern {
        type_: "DisruptionTarget".to_owned(),
        status: "True".to_owned(),
    };
    let any_code = PodFailurePolicyOnExitCodesRequirement {
        // Other containers may be injected; only ours has codes that mean something.
        container_name: Some(CONTAINER.to_owned()),
        operator: "NotIn".to_owned(),
        values: vec![0],
    };
    PodFailurePolicy {
        rules: vec![rule(None, Some(vec![disrupted])), rule(Some(any_code), None)],
    }
}

fn pod(attempt: &Attempt<'_>, worker: Worker, settings: &Settings) -> PodSpec {
    let stage = stage_of(attempt.revision, &attempt.start.stage);
    let container = container(attempt, &worker, stage, settings);
    let Worker {
        image: _,
        image_pull_secrets,
        service_account_name,
        resources: _,
        env: _,
        node_selector,
        tolerations,
        pod_labels: _,
        job_labels: _,
    } = worker;
    PodSpec {
        containers: vec![container],
        restart_policy: Some("Never".to_owned()),
        volumes: Some(volumes(attempt)),
        active_deadline_seconds: Some(deadline(attempt)),
        termination_grace_period_seconds: Some(GRACE_SECONDS),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        service_account_name,
        image_pull_secrets: some(
            image_pull_secrets
                .into_iter()
                .map(|secret| LocalObjectReference { name: secret.name })
                .collect(),
        ),
        affinity: beside_others(attempt),
        node_selector: Some(node_selector).filter(|labels| !labels.is_empty()),
        tolerations: Some(with_node_loss(tolerations)),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            // Else the kubelet changes the owner of every file of the workspace before each stage.
            fs_group_change_policy: Some("OnRootMismatch".to_owned()),
            seccomp_profile: Some(SeccompProfile {
                type_: "RuntimeDefault".to_owned(),
                ..SeccompProfile::default()
            }),
            ..PodSecurityContext::default()
        }),
        ..PodSpec::default()
    }
}

fn container(attempt: &Attempt<'_>, worker: &Worker, stage: Option<&Stage>, settings: &Settings) -> Container {
    let image = worker.image.as_ref().unwrap_or(&settings.worker_image);
    let own_image = worker.image.is_none();
    let arguments = [
        &format!("{DOCUMENT_FOLDER}/{DOCUMENT_FILE}"),
        "--result",
        TERMINATION_LOG,
    ];
    Container {
        name: CONTAINER.to_owned(),
        image: Some(image.clone()),
        image_pull_policy: settings.worker_image_pull_policy.clone().filter(|_| own_image),
        args: Some(arguments.map(str::to_owned).to_vec()),
        env: some(environment(worker, stage)),
        resources: Some(resources(attempt, worker, stage)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            read_only_root_filesystem: Some(true),
            capabilities: Some(Capabilities {
                drop: Some(vec!["ALL".to_owned()]),
                add: None,
            }),
            ..SecurityContext::default()
        }),
        // A log's tail is never taken for a result.
        termination_message_policy: Some("File".to_owned()),
        volume_mounts: Some(mounts(attempt)),
        ..Container::default()
    }
}

fn stage_of<'a>(revision: &'a LoadedRevision, name: &StageName) -> Option<&'a Stage> {
    revision.spec.stages.iter().find(|stage| stage.name == name.as_str())
}

fn deadline(attempt: &Attempt<'_>) -> i64 {
    let pending = attempt
        .revision
        .pipeline
        .stages()
        .iter()
        .find(|stage| stage.name == attempt.start.stage)
        .map_or(0, |stage| stage.pending_timeout.as_millis());
    let seconds = attempt
        .start
        .timeout
        .as_millis()
        .saturating_add(pending)
        .div_ceil(1_000);
    // What a pod's deadline can hold.
    i64::from(i32::MAX).min(
        i64::try_from(seconds)
            .unwrap_or(i64::MAX)
            .saturating_add(BACKSTOP_SECONDS),
    )
}

/// Those of the stage before those of the worker where names are equal.
fn environment(worker: &Worker, stage: Option<&Stage>) -> Vec<PodEnvVar> {
    let own = stage.map(|stage| stage.env.as_slice()).unwrap_or_default();
    let of_worker = worker
        .env
        .iter()
        .filter(|variable| own.iter().all(|o| o.name != variable.name));
    of_worker.chain(own).map(variable).collect()
}

fn variable(variable: &EnvVar) -> PodEnvVar {
    let EnvVar {
        name,
        value,
        value_from,
    } = variable;
    PodEnvVar {
        name: name.clone(),
        // The kubelet expands `$(NAME)` and halves `$$`; nothing is to be expanded here.
        value: value.as_ref().map(|value| value.replace('$', "$$")),
        value_from: value_from.as_ref().map(|from| EnvVarSource {
            secret_key_ref: from.secret_key_ref.as_ref().map(|key| SecretKeySelector {
                name: key.name.clone(),
                key: key.key.clone(),
                optional: None,
            }),
            config_map_key_ref: from.config_map_key_ref.as_ref().map(|key| ConfigMapKeySelector {
                name: key.name.clone(),
                key: key.key.clone(),
                optional: None,
            }),
            ..EnvVarSource::default()
        }),
    }
}

/// The stage's resources, or the worker's; the memory limit is what this attempt gets.
fn resources(attempt: &Attempt<'_>, worker: &Worker, stage: Option<&Stage>) -> ResourceRequirements {
    const MEMORY: &str = "memory";
    let asked = stage
        .and_then(|stage| stage.resources.as_ref())
        .or(worker.resources.as_ref());
    let Resources { requests, limits } = asked.cloned().unwrap_or_default();
    let quantities = |amounts: BTreeMap<String, trainyard_crds::v1alpha1::Quantity>| -> BTreeMap<String, Quantity> {
        amounts
            .into_iter()
            .map(|(name, amount)| (name, Quantity(amount.as_str().to_owned())))
            .collect()
    };
    let (requests, mut limits) = (quantities(requests), quantities(limits));
    if let Some(bytes) = attempt.start.memory.filter(|_| attempt.start.attempt > 1) {
        limits.insert(MEMORY.to_owned(), Quantity(bytes.to_string()));
    }
    ResourceRequirements {
        requests: Some(requests).filter(|r| !r.is_empty()),
        limits: Some(limits).filter(|l| !l.is_empty()),
        claims: None,
    }
}

/// The user's tolerations, and ours for a node that is lost where the user has none.
fn with_node_loss(mut users: Vec<Toleration>) -> Vec<Toleration> {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let known = users
            .iter()
            .any(|toleration| toleration.key.as_deref().is_none_or(|k| k == key));
        if !known {
            users.push(Toleration {
                key: Some(key.to_owned()),
                operator: Some("Exists".to_owned()),
                effect: Some("NoExecute".to_owned()),
                toleration_seconds: Some(NODE_LOSS_SECONDS),
                value: None,
            });
        }
    }
    users
}

const WORKSPACE_VOLUME: &str = "workspace";
const DOCUMENT_VOLUME: &str = "document";
const SOURCE_VOLUME: &str = "source";

fn volumes(attempt: &Attempt<'_>) -> Vec<Volume> {
    let mut volumes = vec![
        Volume {
            name: WORKSPACE_VOLUME.to_owned(),
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: attempt.revision.claim_name().to_owned(),
                read_only: None,
            }),
            ..Volume::default()
        },
        // A file, since the kubelet would expand `$(…)` in an environment variable.
        Volume {
            name: DOCUMENT_VOLUME.to_owned(),
            downward_api: Some(DownwardAPIVolumeSource {
                items: Some(vec![DownwardAPIVolumeFile {
                    path: DOCUMENT_FILE.to_owned(),
                    field_ref: Some(ObjectFieldSelector {
                        field_path: format!("metadata.annotations['{DOCUMENT}']"),
                        api_version: None,
                    }),
                    ..DownwardAPIVolumeFile::default()
                }]),
                default_mode: None,
            }),
            ..Volume::default()
        },
    ];
    if let Some(ConfigMapKey { name, key }) = config_map(attempt) {
        volumes.push(Volume {
            name: SOURCE_VOLUME.to_owned(),
            config_map: Some(ConfigMapVolumeSource {
                name: name.clone(),
                items: Some(vec![KeyToPath {
                    key: key.clone(),
                    path: key.clone(),
                    mode: None,
                }]),
                ..ConfigMapVolumeSource::default()
            }),
            ..Volume::default()
        });
    }
    volumes
}

fn mounts(attempt: &Attempt<'_>) -> Vec<VolumeMount> {
    let mount = |name: &str, path: &str, read_only| VolumeMount {
        name: name.to_owned(),
        mount_path: path.to_owned(),
        read_only,
        ..VolumeMount::default()
    };
    let mut mounts = vec![
        mount(WORKSPACE_VOLUME, WORKSPACE, None),
        mount(DOCUMENT_VOLUME, DOCUMENT_FOLDER, Some(true)),
    ];
    if config_map(attempt).is_some() {
        mounts.push(mount(SOURCE_VOLUME, SOURCE_FOLDER, Some(true)));
    }
    mounts
}

fn config_map<'a>(attempt: &'a Attempt<'_>) -> Option<&'a ConfigMapKey> {
    match &attempt.start.spec {
        StageSpec::Extract(extract) => extract.config_map(),
        StageSpec::Validate(_) | StageSpec::Train(_) | StageSpec::Evaluate(_) | StageSpec::Predict(_) => None,
    }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

#[cfg(test)]
mod golden;
