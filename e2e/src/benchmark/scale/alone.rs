//! Jobs like those of runs, through the Job controller alone.

use super::flood::next;
use anyhow::{Context, Result, ensure};
use k8s_openapi::api::batch::v1::Job;
use kube::api::PostParams;
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use std::collections::BTreeSet;
use std::pin::pin;

/// So many of them, copies of `templates` in turn, so many at once. They stay, or are removed at their end.
pub(super) async fn jobs(
    api: &Api<Job>,
    name: &str,
    count: usize,
    at_once: usize,
    templates: &[Job],
    stay: bool,
) -> Result<()> {
    let of_name = watcher::Config::default().labels(&format!("alone={name}"));
    let mut events = pin!(watcher(api.clone(), of_name).default_backoff());
    let mut ended = BTreeSet::new();
    let mut started = Vec::new();
    // What a list that is under way shows, and how many there were when it began.
    let (mut listed, mut before_list) = (BTreeSet::new(), 0);
    while ended.len() < count {
        while started.len() < count && started.len() - ended.len() < at_once {
            let job = copy_of(&templates[started.len() % templates.len()], name, started.len(), stay);
            let created = api.create(&PostParams::default(), &job).await;
            created.context("cannot create a Job")?;
            started.push(job.name_any());
        }
        match next(&mut events).await? {
            None => {}
            Some(Event::Init) => {
                listed.clear();
                before_list = started.len();
            }
            Some(Event::InitApply(job)) => {
                ended.extend(is_complete(&job)?.then(|| job.name_any()));
                listed.insert(job.name_any());
            }
            // Those that are gone had ended: nobody removes others.
            Some(Event::InitDone) => {
                let gone = started[..before_list].iter().filter(|job| !listed.contains(*job));
                ended.extend(gone.cloned());
            }
            Some(Event::Delete(job)) => {
                ended.insert(job.name_any());
            }
            Some(Event::Apply(job)) => ended.extend(is_complete(&job)?.then(|| job.name_any())),
        }
    }
    Ok(())
}

fn copy_of(template: &Job, name: &str, number: usize, stay: bool) -> Job {
    let mut job = Job {
        spec: template.spec.clone(),
        ..Job::default()
    };
    job.metadata.name = Some(format!("{name}-{number}"));
    job.labels_mut().insert("alone".to_owned(), name.to_owned());
    if let Some(spec) = &mut job.spec {
        spec.ttl_seconds_after_finished = (!stay).then_some(0);
        // The API server chose them for the Job that this is a copy of.
        spec.selector = None;
        let labels = spec.template.metadata.as_mut().and_then(|m| m.labels.as_mut());
        if let Some(labels) = labels {
            for key in [
                "controller-uid",
                "job-name",
                "batch.kubernetes.io/controller-uid",
                "batch.kubernetes.io/job-name",
                // Nobody takes its pods for those of a run.
                "trainyard.dev/run",
            ] {
                labels.remove(key);
            }
        }
    }
    job
}

fn is_complete(job: &Job) -> Result<bool> {
    let conditions = job.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let holds: Vec<_> = conditions
        .filter(|c| c.status == "True")
        .map(|c| c.type_.as_str())
        .collect();
    ensure!(!holds.contains(&"Failed"), "Job {} failed", job.name_any());
    Ok(holds.contains(&"Complete"))
}
