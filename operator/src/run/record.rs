//! For tests: what each pass asked the engine, and what it was answered, a line each in a file for each run.
//!
//! A pass is the same whether or not it is recorded: what cannot be written is logged, and lost.

use super::{Pass, door};
use anyhow::Context as _;
use camino::Utf8Path;
use std::fs::{self, File};
use std::io::Write as _;
use tracing::warn;
use trainyard_crds::v1alpha1::MLPipeline;
use trainyard_engine::recorded::{Call, RecordedPass};
use trainyard_engine::{Observed, Plan, RunDraft};

/// Records a call of `plan`, where the settings ask for that.
pub(super) fn record(pass: &Pass<'_>, observed: &Observed, plan: &Plan) {
    let Some(folder) = &pass.ctx.settings.record_passes else {
        return;
    };
    if let Err(error) = append(folder, pass, observed, plan) {
        warn!(error = format!("{error:#}"), "a pass is not recorded");
    }
}

fn append(folder: &Utf8Path, pass: &Pass<'_>, observed: &Observed, plan: &Plan) -> anyhow::Result<()> {
    let mut line = serde_json::to_string(&call(pass, observed, plan)?)?;
    line.push('\n');
    fs::create_dir_all(folder).with_context(|| format!("cannot make {folder}"))?;
    let path = folder.join(format!("{}.{}.jsonl", pass.identity.namespace, pass.run.uid));
    // In one write: of several operators each adds whole lines.
    let file = File::options().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .with_context(|| format!("cannot write {path}"))
}

fn call(pass: &Pass<'_>, observed: &Observed, plan: &Plan) -> anyhow::Result<Call> {
    let raw = MLPipeline::new(pass.revision.pipeline.name().as_str(), pass.revision.spec.clone());
    let (pipeline, _) = trainyard_crds::door::draft(&raw);
    let run = door::draft(pass.object, pass.identity, pass.revision).map_err(|fault| anyhow::anyhow!("{fault}"))?;
    // As the pass had it, which counts in even time.
    let run = RunDraft {
        created: pass.run.created,
        ..run
    };
    Ok(Call {
        namespace: pass.identity.namespace.clone(),
        pipeline,
        run,
        pass: RecordedPass {
            now: pass.moment.now,
            state: pass.run.state,
            status: pass.run.status.clone(),
            observed: observed.clone(),
            plan: plan.clone(),
        },
    })
}
