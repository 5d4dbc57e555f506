//! `trainyard run FILE`: runs the pipeline of a manifest on this machine, to its end.
//!
//! Everything that is wrong with the manifest or the parameters is told before the workspace is touched (exit code 2). From
//! then on everything that goes wrong is how the run ended (exit code 1), also a workspace that cannot be written.

use crate::arguments::{Output, folder};
use crate::exit::Exit;
use crate::host::begin::{BeginError, Wanted, begin, check_parameters};
use crate::host::drive::{EndedRun, Yard, drive};
use crate::host::outcome::{ModelOutcome, Outcome, report_page};
use crate::host::retention::{remove_old_runs, remove_old_versions};
use crate::host::source::Sources;
use crate::host::stop_signals::Stop;
use crate::host::workspace::{Workspace, WorkspaceError};
use crate::host::{clock, run_name, tell};
use crate::manifest::{Fault, Manifest};
use crate::print::{self, Complaint};
use crate::progress::Progress;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::HashSet;
use std::io;
use trainyard_contract::{FailureClass, RunName, layout};
use trainyard_crds::patterns::{Pattern, SLOT_PATTERN};
use trainyard_crds::{MLPipeline, door};
use trainyard_engine::{FieldStep, Pipeline, Run, RunPhase, SpecFault, StagePhase, Timestamp};
use trainyard_worker::artifact::HashingWriter;

/// Runs the pipeline of a manifest on this machine
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The manifest: YAML with one MLPipeline, and the ConfigMaps that it reads; `-` is stdin
    file: Utf8PathBuf,
    /// A parameter of the pipeline; may be given several times
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
    /// The due time that the run is for, in UTC, as 2026-11-24T05:30:00Z: what $(slot.date) and its like stand for [default: the last
    /// one of the pipeline's schedule]
    #[arg(long, value_name = "TIME", value_parser = slot)]
    slot: Option<String>,
    /// The folder for runs and models, created when missing [default: the current folder]
    #[arg(long, value_name = "DIR", value_parser = folder)]
    workspace: Option<Utf8PathBuf>,
    /// How to write the outcome
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A due time, as a run's object on a cluster has it.
fn slot(text: &str) -> Result<String, String> {
    let pattern = Pattern::of(SLOT_PATTERN).ok_or("there is no such pattern")?;
    match (pattern.refusal(text), Timestamp::parse(text)) {
        (None, Ok(at)) => Ok(at.to_string()),
        _ => Err(format!("it {}", pattern.words)),
    }
}

fn given_twice(parameters: &[(String, String)]) -> Option<&str> {
    let mut seen = HashSet::new();
    parameters
        .iter()
        .map(|(name, _)| name.as_str())
        .find(|name| !seen.insert(*name))
}

/// Runs it.
pub fn run(arguments: &Arguments) -> Exit {
    let manifest = match super::load(&arguments.file) {
        Ok(manifest) => manifest,
        Err(exit) => return exit,
    };
    match start(arguments, &manifest) {
        Ok(exit) => exit,
        Err(stopped) => stopped.told(),
    }
}

/// Why nothing ran and there is no outcome.
struct NothingRan {
    /// What is wrong in the manifest.
    faults: Vec<Fault>,
    complaints: Vec<Complaint>,
    exit: Exit,
}

impl NothingRan {
    fn told(self) -> Exit {
        for fault in &self.faults {
            print::note(&fault.to_string());
        }
        for complaint in &self.complaints {
            print::error(complaint);
        }
        self.exit
    }
}

fn start(arguments: &Arguments, manifest: &Manifest) -> Result<Exit, NothingRan> {
    let failed = |message: String| NothingRan {
        faults: Vec::new(),
        complaints: vec![Complaint::new(message)],
        exit: Exit::Failed,
    };
    let uid = run_name::new_uid().map_err(|e| failed(format!("cannot read random digits for the run's uid: {e}")))?;
    if let Some(name) = given_twice(&arguments.parameters) {
        return Err(NothingRan {
            faults: Vec::new(),
            complaints: vec![Complaint::new(format!("parameter `{name}` is given twice"))],
            exit: Exit::Usage,
        });
    }
    let slot = door::run_slot(&manifest.raw.spec, arguments.slot.as_deref(), clock::now());
    let wanted = Wanted {
        parameters: arguments.parameters.iter().cloned().collect(),
        slot: slot.map_err(|fault| wrong_parameters(vec![fault], manifest))?,
    };
    let faults = check_parameters(&manifest.pipeline, &uid, &wanted);
    if !faults.is_empty() {
        return Err(wrong_parameters(faults, manifest));
    }
    let nowhere = |message: String| NothingRan {
        faults: Vec::new(),
        complaints: vec![Complaint::new(message).hint("the current folder is gone: change to another one")],
        exit: Exit::Usage,
    };
    let sources = sources_of(manifest).map_err(|e| nowhere(format!("cannot find {}: {e}", manifest.file)))?;
    let workspace = Workspace::at(arguments.workspace.as_deref()).map_err(|e| nowhere(e.to_string()))?;
    let yard = Yard {
        workspace: &workspace,
        pipeline: &manifest.pipeline,
        sources: &sources,
        spec_digest: &digest_of(&manifest.raw),
    };
    let begun = match begin(&yard, uid.clone(), &wanted) {
        Ok(begun) => begun,
        Err(BeginError::Parameters(faults)) => return Err(wrong_parameters(faults, manifest)),
        Err(BeginError::Workspace { run, error }) => return Ok(not_begun(arguments.output, manifest, run, &error)),
    };
    let (run, claim) = begun.into_parts();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| failed(format!("cannot listen to processes and signals: {e}")))?;
    let stages = manifest.pipeline.stages().iter().map(|stage| stage.name.as_str());
    let mut view = Progress::new(stages);
    let ended = runtime.block_on(drive(yard, run, &mut view));
    drop(view);
    let exit = report(arguments.output, manifest, &workspace, &ended);
    drop(claim);
    let kept = &ended.run.name;
    let (pipeline, retention) = (manifest.pipeline.name(), door::retention(&manifest.raw.spec));
    remove_old_runs(&workspace, pipeline, kept, retention);
    remove_old_versions(&workspace, pipeline, ended.run.status.model(), retention);
    Ok(exit)
}

/// What a parameter spoils in the pipeline stands in the file; what is wrong with the parameter itself does not.
fn wrong_parameters(faults: Vec<SpecFault>, manifest: &Manifest) -> NothingRan {
    let is_in_file = |fault: &SpecFault| fault.field.steps().first() == Some(&FieldStep::Field("spec".to_owned()));
    let (in_file, in_arguments): (Vec<_>, Vec<_>) = faults.into_iter().partition(is_in_file);
    NothingRan {
        faults: in_file.into_iter().map(|fault| manifest.fault(fault)).collect(),
        complaints: in_arguments
            .iter()
            .map(|fault| wrong_parameter(fault, &manifest.pipeline))
            .collect(),
        exit: Exit::Usage,
    }
}

/// The engine names a parameter by its field, `parameters.NAME`, as a run's object has it; a command line has no fields.
fn wrong_parameter(fault: &SpecFault, pipeline: &Pipeline) -> Complaint {
    let declared = |name: &String| pipeline.parameters().iter().any(|parameter| parameter.name == *name);
    let message = match fault.field.steps() {
        [_, FieldStep::Field(name), ..] if declared(name) => format!("parameter `{name}` {}", fault.message),
        _ => fault.message.clone(),
    };
    Complaint::new(message).hint(fault.suggestion.clone().unwrap_or_default())
}

fn sources_of(manifest: &Manifest) -> io::Result<Sources> {
    let file = camino::absolute_utf8(&manifest.file)?;
    Ok(Sources {
        manifest_folder: file.parent().unwrap_or(Utf8Path::new("/")).to_owned(),
        config_maps: manifest.config_maps.clone(),
    })
}

/// Hexadecimal sha-256 of the pipeline's spec as it was written, whatever its layout.
fn digest_of(pipeline: &MLPipeline) -> String {
    let mut hash = HashingWriter::new(io::sink());
    serde_json::to_writer(&mut hash, &pipeline.spec).expect("a spec has only string keys, and a sink takes everything");
    let (_, digest, _) = hash.finish();
    digest
}

/// The workspace cannot be written: the run has Failed before it began, and says so in the same form.
fn not_begun(output: Output, manifest: &Manifest, name: RunName, error: &WorkspaceError) -> Exit {
    let outcome = Outcome::not_begun(name, &manifest.pipeline, FailureClass::Infra, &error.to_string());
    let place = format!("before the first stage of pipeline `{}`", manifest.pipeline.name());
    print::error(&Complaint::new(error.to_string()).place(place).hint(error.hint()));
    if output == Output::Json {
        write(&outcome.json());
    }
    Exit::Failed
}

/// Tells how the run ended: failures on stderr, the outcome on stdout.
fn report(output: Output, manifest: &Manifest, workspace: &Workspace, ended: &EndedRun) -> Exit {
    let EndedRun {
        run,
        stopped_by,
        champion_lost,
    } = ended;
    for complaint in tell::failures(run, &manifest.pipeline, workspace) {
        print::error(&complaint);
    }
    for warning in tell::warnings(run, &manifest.pipeline, workspace) {
        print::warning(&warning);
    }
    let outcome = Outcome::of(run, &manifest.pipeline, workspace);
    if let (Some(error), Some(model)) = (champion_lost, &outcome.model) {
        print::error(&tell::lost_champion(error, &model.path));
    }
    let text = match (output, &outcome.model) {
        (Output::Json, _) => outcome.json(),
        (Output::Text, Some(model)) => {
            model_line(model, &manifest.pipeline, run.status.phase, workspace) + &report_lines(run, workspace)
        }
        (Output::Text, None) => report_lines(run, workspace),
    };
    let is_told = write(&text);
    match run.status.phase {
        RunPhase::Succeeded if !is_told => Exit::Failed,
        RunPhase::Succeeded => Exit::Done,
        RunPhase::Stopped => match stopped_by {
            Some(Stop::Terminate) => Exit::Terminated,
            Some(Stop::CtrlC) | None => Exit::Interrupted,
        },
        RunPhase::Failed | RunPhase::Pending | RunPhase::Running | RunPhase::Suspended | RunPhase::Stopping => {
            Exit::Failed
        }
    }
}

/// `model  models/iris/model_20260223_104700 (champion)`
fn model_line(model: &ModelOutcome, pipeline: &Pipeline, phase: RunPhase, workspace: &Workspace) -> String {
    let mark = match phase {
        RunPhase::Succeeded => format!(" ({})", layout::CHAMPION_LINK),
        _ => String::new(),
    };
    let folder = layout::models_folder(pipeline.name()).join(&model.version);
    format!("model  {}{mark}\n", workspace.shown(&folder))
}

/// `report runs/iris-1-5f0c2a91/evaluate/1/report.html` for each stage that judged a model.
fn report_lines(run: &Run, workspace: &Workspace) -> String {
    let stages = run
        .status
        .stages
        .iter()
        .filter(|stage| stage.phase == StagePhase::Succeeded);
    let pages = stages.filter_map(|stage| report_page(stage, run, workspace));
    pages.fold(String::new(), |lines, page| {
        lines + &format!("report {}\n", workspace.shown(&page))
    })
}

/// Whether the outcome was told. A reader that is gone wants to know no more; a disk that is full behind `>` is an error.
fn write(text: &str) -> bool {
    let written = print::data(text);
    if let Err(e) = &written {
        print::error(&Complaint::new(format!("cannot write the outcome to stdout: {e}")));
    }
    written.is_ok()
}
