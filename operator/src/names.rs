//! Names that the operator gives to what it creates, and the labels and annotations by which it finds them again.
//!
//! One place for all of them: users select by these labels, and other programs rely on them.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Resource;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use trainyard_contract::{ModelVersionName, PipelineName, RunName, RunUid, StageName};
use trainyard_engine::Timestamp;

/// Label of Jobs and pods: the run's name.
pub(crate) const RUN: &str = "trainyard.dev/run";
/// Label of Jobs and pods: the run's uid, which tells two runs of one name apart.
pub(crate) const RUN_UID: &str = "trainyard.dev/run-uid";
/// Label of Jobs, pods, runs that the operator made and model versions: the pipeline's name.
pub(crate) const PIPELINE: &str = "trainyard.dev/pipeline";
/// Label of Jobs and pods: the stage's name.
pub(crate) const STAGE: &str = "trainyard.dev/stage";
/// Label of Jobs and pods: the attempt's number, from 1.
pub(crate) const ATTEMPT: &str = "trainyard.dev/attempt";
/// Label of Jobs and pods of a `train` stage: the model version that they were told to make.
pub(crate) const MODEL_VERSION: &str = "trainyard.dev/model-version";
/// Label of pods, annotation of runs that the operator made: the claim of their workspace. Pods of a claim that one node holds have to be
/// together.
pub(crate) const CLAIM: &str = "trainyard.dev/claim";
/// Label of runs that the operator made: what made it start, `Token` or `Schedule`.
pub(crate) const TRIGGER: &str = "trainyard.dev/trigger";
/// Label of runs that a schedule started: the due time, `20261124-0530` in UTC.
pub(crate) const SLOT: &str = "trainyard.dev/slot";
/// Label that Kubernetes recommends: who looks after the object.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGED_BY`], and the name under which events are reported.
pub(crate) const OPERATOR: &str = "trainyard-operator";

/// Annotation of Jobs: what the attempt was given that cannot be worked out a second time ([`trainyard_engine::Given`]).
pub(crate) const GIVEN: &str = "trainyard.dev/given";
/// Label of runs at their end: `Succeeded`, `Failed` or `Stopped`. A run that a backup brings back without its status is known by it.
pub(crate) const FINISHED: &str = "trainyard.dev/finished";
/// Annotation of runs at their end: the name and the uid that they had, `<name>/<uid>`. One of the name that was brought back has another
/// uid; a copy has another name.
pub(crate) const FINISHED_UID: &str = "trainyard.dev/finished-uid";
/// Label of runs and model versions, written by people: `retention` never removes them.
pub(crate) const KEEP: &str = "trainyard.dev/keep";
/// Annotation of Jobs: the folders that the attempt removes from the workspace before it begins.
pub(crate) const TIDIES: &str = "trainyard.dev/tidies";
/// Annotation of Jobs: when the engine said so, to the millisecond; objects themselves keep whole seconds.
pub(crate) const CREATED: &str = "trainyard.dev/created";
/// Annotation of pods: the stage's document, which the container reads as a file.
pub(crate) const DOCUMENT: &str = "trainyard.dev/document";

/// The Lease that keeps the operators of one namespace apart, in that namespace.
pub(crate) const LEASE: &str = "trainyard-operator";
/// The Lease that keeps the operators of all namespaces apart, in their own: another one, since that namespace may have an operator
/// for itself.
pub(crate) const LEASE_CLUSTER_WIDE: &str = "trainyard-operator-cluster-wide";

/// The container of a stage: the rules about its exit codes, and who reads its result, name it, since others may be injected.
pub(crate) const CONTAINER: &str = "stage";

/// The longest name of a Job whose pods carry it as a label.
const JOB_NAME_MAX: usize = 63;
/// Hexadecimal digits of the hash in a Job's name.
const JOB_HASH: usize = 6;
/// Hexadecimal digits of a spec's digest in a revision's name.
const REVISION_HASH: usize = 10;
/// Hexadecimal digits of a token's hash in the name of the run that it starts.
const TOKEN_HASH: usize = 8;

/// `<run>-<stage>-<attempt>-<hash of run uid, stage, attempt>`, cut to 63 characters before the hash. It is always hashed: the
/// run `a-b` with the stage `c` is not the run `a` with the stage `b-c`, nor a later run of the same name.
pub(crate) fn job(run: &RunName, uid: &RunUid, stage: &StageName, attempt: u32) -> String {
    let hash = hex(&format!("{uid}/{stage}/{attempt}"), JOB_HASH);
    let mut name = format!("{run}-{stage}-{attempt}");
    name.truncate(JOB_NAME_MAX - JOB_HASH - 1);
    format!("{}-{hash}", name.trim_end_matches('-'))
}

/// `<pipeline>-<ten digits of the spec's digest>`.
pub(crate) fn revision(pipeline: &PipelineName, sha256: &str) -> String {
    format!("{pipeline}-{}", &sha256[..REVISION_HASH])
}

/// `<pipeline>-t-<hash of the token>`: the run that a token starts, at most once.
pub(crate) fn token_run(pipeline: &PipelineName, token: &str) -> String {
    format!("{pipeline}-t-{}", hex(token, TOKEN_HASH))
}

/// `<pipeline>-20261124-0530`: the run of a slot, at most one.
pub(crate) fn slot_run(pipeline: &PipelineName, at: Timestamp) -> String {
    format!("{pipeline}-{}", slot(at))
}

/// `20261124-0530`: a due time as the value of [`SLOT`].
pub(crate) fn slot(at: Timestamp) -> String {
    let text = at.to_string();
    // `2026-11-24T05:30:00Z`
    let digits = |from: usize, to: usize| text.get(from..to).unwrap_or_default().replace(['-', ':'], "");
    format!("{}-{}", digits(0, 10), digits(11, 16))
}

/// The due time that a value of [`SLOT`] says.
pub(crate) fn slot_of(label: &str) -> Option<Timestamp> {
    let (day, time) = label.split_once('-')?;
    let part = |text: &str, from: usize, to: usize| text.get(from..to).map(str::to_owned);
    let day = format!("{}-{}-{}", part(day, 0, 4)?, part(day, 4, 6)?, part(day, 6, 8)?);
    let time = format!("{}:{}", part(time, 0, 2)?, part(time, 2, 4)?);
    Timestamp::parse(&format!("{day}T{time}:00Z")).ok()
}

/// `<pipeline>-20260223-104700`: a version's folder as an object's name, which has no underscores.
pub(crate) fn model_version(pipeline: &PipelineName, version: &ModelVersionName) -> String {
    let time = version.as_str().trim_start_matches("model_").replace('_', "-");
    format!("{pipeline}-{time}")
}

/// `<name of a version's object>-<4 characters of its run's uid>`: where the entry of another volume has the name.
pub(crate) fn model_version_beside(name: &str, run_uid: &str) -> String {
    format!("{name}-{}", run_uid.get(..4).unwrap_or_default())
}

/// Hexadecimal sha-256 of a text.
pub(crate) fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a text cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

fn hex(text: &str, digits: usize) -> String {
    let mut hex = sha256(text);
    hex.truncate(digits);
    hex
}

/// The owner that controls what is made for it. A foreground deletion of the owner waits until that has gone.
pub(crate) fn owner<K: Resource<DynamicType = ()>>(object: &K) -> OwnerReference {
    OwnerReference {
        block_owner_deletion: Some(true),
        // Only an object that the API server has not seen has no uid.
        ..object.controller_owner_ref(&()).unwrap_or_default()
    }
}

/// The controlling owner among these.
pub(crate) fn controller(owners: Option<&Vec<OwnerReference>>) -> Option<&OwnerReference> {
    owners
        .into_iter()
        .flatten()
        .find(|owner| owner.controller == Some(true))
}

/// Whether the uid is that of the owner that controls an object of these owners.
pub(crate) fn is_controlled_by(owners: Option<&Vec<OwnerReference>>, uid: &str) -> bool {
    controller(owners).is_some_and(|owner| owner.uid == uid)
}

/// Whether a Job belongs to the run with this uid.
pub(crate) fn is_job_of(job: &Job, uid: &RunUid) -> bool {
    is_controlled_by(job.metadata.owner_references.as_ref(), uid.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_for_who_runs_the_operator_has_every_label_and_annotation() {
        let page = include_str!("../../docs/operator.md");
        let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
        for name in [
            RUN,
            RUN_UID,
            PIPELINE,
            STAGE,
            ATTEMPT,
            MODEL_VERSION,
            CLAIM,
            TRIGGER,
            SLOT,
            FINISHED,
            FINISHED_UID,
            KEEP,
            TIDIES,
            MANAGED_BY,
            GIVEN,
            CREATED,
            DOCUMENT,
        ] {
            let shown = rows.iter().any(|row| row.contains(&format!("`{name}`")));
            assert!(shown, "docs/operator.md lacks `{name}`");
        }
    }

    #[test]
    fn names_of_jobs_never_collide_and_always_fit() {
        let uid = |text: &str| RunUid::parse(text).expect("a uid");
        let job = |run: &str, uid: &RunUid, stage: &str, attempt| {
            let run = RunName::parse(run).expect("a run's name");
            super::job(&run, uid, &StageName::parse(stage).expect("a stage's name"), attempt)
        };
        let (one, other) = (
            uid("0d3791c7-0000-4000-8000-000000000001"),
            uid("0d3791c7-0000-4000-8000-000000000002"),
        );
        let names = [
            job("a-b", &one, "c", 1),
            job("a", &one, "b-c", 1),
            job("a", &other, "b-c", 1),
            job("a", &one, "b-c", 2),
        ];
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        assert!(names[0].starts_with("a-b-c-1-"), "{names:?}");
        let long = job(&"r".repeat(57), &one, &"s".repeat(40), 13);
        assert_eq!(long.len(), JOB_NAME_MAX, "{long}");
    }

    #[test]
    fn a_slot_is_named_in_utc_and_read_back() {
        let pipeline = PipelineName::parse("seed").expect("a name");
        let at = Timestamp::parse("2026-11-24T05:30:00+01:00").expect("a time");
        assert_eq!(slot_run(&pipeline, at), "seed-20261124-0430");
        assert_eq!(slot_of(&slot(at)), Some(at));
        for other in ["", "20261124", "2026-11-24", "20261324-0530", "x-y", "\u{fc}-\u{fc}"] {
            assert_eq!(slot_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_versions_object_is_named_after_its_folder() {
        let pipeline = PipelineName::parse("seed").expect("a name");
        for (version, wanted) in [
            ("model_20260223_104700", "seed-20260223-104700"),
            ("model_20260223_104700_2", "seed-20260223-104700-2"),
        ] {
            let version = ModelVersionName::parse(version).expect("a version");
            assert_eq!(model_version(&pipeline, &version), wanted);
        }
    }
}
