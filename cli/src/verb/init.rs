//! `trainyard init DATA --target COLUMN`: a first manifest for a CSV or Parquet file, with the reason beside each choice.
//!
//! The table is looked at once. Nothing is written over.

use super::did_you_mean;
use crate::exit::Exit;
use crate::init::choose::{Plan, Refusal, Split, choose, counted};
use crate::init::{suggest, write};
use crate::print::{self, Complaint};
use crate::progress::grouped;
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use trainyard_contract::PipelineName;
use trainyard_contract::names::PIPELINE_NAME_MAX;
use trainyard_worker::StageError;
use trainyard_worker::profile::{TableProfile, profile};

/// The name of stdout, as a file to write.
const STDOUT: &str = "-";

/// Looks at a CSV or Parquet file and writes a manifest that trains a model on it
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file, Parquet or CSV, plain or compressed
    data: Utf8PathBuf,
    /// The column to predict; left out, the columns are listed
    #[arg(short, long, value_name = "COLUMN")]
    target: Option<String>,
    /// The manifest to write, `-` for stdout [default: NAME.yaml]
    #[arg(short, long, value_name = "FILE")]
    output: Option<Utf8PathBuf>,
    /// The pipeline's name [default: the name of DATA]
    #[arg(long, value_parser = pipeline_name)]
    name: Option<PipelineName>,
}

fn pipeline_name(text: &str) -> Result<PipelineName, String> {
    PipelineName::parse(text).map_err(|e| e.to_string())
}

/// Writes it.
pub fn run(arguments: &Arguments) -> Exit {
    match init(arguments) {
        Ok(()) => Exit::Done,
        Err((complaint, exit)) => {
            print::error(&complaint);
            exit
        }
    }
}

type Failure = (Complaint, Exit);

fn init(arguments: &Arguments) -> Result<(), Failure> {
    let name = match &arguments.name {
        Some(name) => name.to_string(),
        None => name_of(&arguments.data),
    };
    let output = arguments
        .output
        .clone()
        .unwrap_or_else(|| format!("{name}.yaml").into());
    if arguments.target.is_some() && output != STDOUT && output.exists() {
        return Err(taken(&output));
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let profile = profile(&arguments.data, arguments.target.as_deref(), threads).map_err(|e| failed(&e))?;
    let Some(target) = &arguments.target else {
        return list(arguments, &profile);
    };
    let Some(column) = profile.columns.iter().find(|column| column.name == *target) else {
        let names: Vec<String> = profile.columns.iter().map(|column| column.name.clone()).collect();
        let near = match did_you_mean(target, &names) {
            near if near.is_empty() => {
                format!(
                    "`trainyard init {}` lists the columns",
                    quoted_word(arguments.data.as_str())
                )
            }
            near => near,
        };
        let complaint = Complaint::new(format!("{} has no column `{target}`", arguments.data)).hint(near);
        return Err((complaint, Exit::Usage));
    };
    let plan = choose(&profile, column).map_err(|Refusal { message, hint }| {
        let complaint = Complaint::new(format!("{}: {message}", arguments.data)).hint(hint);
        (complaint, Exit::Failed)
    })?;
    let path = path_from(&output, &arguments.data);
    let text = write::manifest(&profile, &plan, &name, path.as_str());
    if output == STDOUT {
        let written = print::data(&text).map(|_| ());
        return written.map_err(|e| cannot_write("the manifest", &e));
    }
    write_new(&output, &text)?;
    tell(&output, &plan);
    Ok(())
}

fn list(arguments: &Arguments, profile: &TableProfile) -> Result<(), Failure> {
    let (text, suggested) = suggest::listing(profile);
    print::data(&text).map_err(|e| cannot_write("the columns", &e))?;
    let column = suggested.map_or("COLUMN".to_owned(), quoted_word);
    print::note(&format!(
        "hint: name the column to predict: trainyard init {} --target {column}",
        quoted_word(arguments.data.as_str())
    ));
    Ok(())
}

/// What was done, and what comes next.
fn tell(output: &Utf8Path, plan: &Plan<'_>) {
    let features = plan.numbers.len() + plan.texts.len();
    let left_out = match plan.left_out.len() {
        0 => String::new(),
        several => format!("; {} left out, with the reasons in the file", grouped(several as u64)),
    };
    print::note(&format!(
        "{output}: predicts `{}` ({}) from {}{left_out}",
        plan.target.name,
        counted(plan.classes.len() as u64, "class"),
        counted(features as u64, "column"),
    ));
    for warning in warnings(plan) {
        print::warning(&warning);
    }
    if let Split::Nothing { reason } = &plan.split {
        print::warning(&Complaint::new(format!("the model will not be judged: {reason}")));
    }
    print::note(&format!("next: trainyard run {}", quoted_word(output.as_str())));
}

/// What is probably not as it should be in the table.
fn warnings(plan: &Plan<'_>) -> Vec<Complaint> {
    let named = |names: &[&str]| {
        names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut warnings = Vec::new();
    if !plan.say_target.is_empty() {
        let verb = if plan.say_target.len() == 1 { "gives" } else { "give" };
        let columns = named(&plan.say_target);
        warnings.push(
            Complaint::new(format!("left out: {columns} {verb} `{}` away", plan.target.name))
                .hint("add a column to `features` if its value is known before the class is"),
        );
    }
    if !plan.unread_numbers.is_empty() {
        warnings.push(
            Complaint::new(format!(
                "left out: {}, whose numbers are read as texts",
                named(&plan.unread_numbers)
            ))
            .hint("the file says why; rewrite them in the table to learn from them"),
        );
    }
    if let Some((one, other)) = alike_classes(&plan.classes) {
        warnings.push(
            Complaint::new(format!(
                "`{one}` and `{other}` are two classes, and differ in spaces or case only"
            ))
            .hint("write them alike in the table if they mean the same"),
        );
    }
    warnings
}

/// Two classes that are probably meant to be one.
fn alike_classes(classes: &[(String, u64)]) -> Option<(&str, &str)> {
    let mut known: HashMap<String, &str> = HashMap::new();
    classes.iter().find_map(|(label, _)| {
        let first = known.insert(label.trim().to_lowercase(), label)?;
        Some((first, label.as_str()))
    })
}

/// Never over a file that somebody wrote.
fn write_new(output: &Utf8Path, text: &str) -> Result<(), Failure> {
    let created = File::options().write(true).create_new(true).open(output);
    match created.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(taken(output)),
        Err(e) => Err(cannot_write(output.as_str(), &e)),
    }
}

fn taken(output: &Utf8Path) -> Failure {
    let complaint = Complaint::new(format!("{output} is there already"))
        .hint("name another file with --output, or move this one away: nothing is written over");
    (complaint, Exit::Usage)
}

fn cannot_write(what: &str, e: &io::Error) -> Failure {
    (Complaint::new(format!("cannot write {what}: {e}")), Exit::Failed)
}

fn failed(e: &StageError) -> Failure {
    (Complaint::new(e.to_string()).hint(e.hint_text()), Exit::Failed)
}

/// The name of a pipeline that the file's name gives: `Customer Data.csv.gz` is `customer-data`.
fn name_of(data: &Utf8Path) -> String {
    let file = data.file_name().unwrap_or_default();
    let stem = file.split('.').find(|part| !part.is_empty()).unwrap_or_default();
    let word = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let words: String = stem.chars().map(word).take(PIPELINE_NAME_MAX).collect();
    let name = words.trim_matches('-');
    if name.is_empty() {
        "pipeline".to_owned()
    } else {
        name.to_owned()
    }
}

/// The data's path as the manifest has to say it: from its own folder where the data lies below that, else from the root.
fn path_from(output: &Utf8Path, data: &Utf8Path) -> Utf8PathBuf {
    let folder = match output.parent() {
        Some(parent) if !parent.as_str().is_empty() && output != STDOUT => parent,
        _ => Utf8Path::new("."),
    };
    let (Ok(folder), Ok(real)) = (folder.canonicalize_utf8(), data.canonicalize_utf8()) else {
        return data.to_owned();
    };
    real.strip_prefix(&folder).map_or(real.clone(), Utf8Path::to_owned)
}

/// A name as a shell takes it.
fn quoted_word(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if !name.is_empty() && name.chars().all(is_plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_table() {
        for (data, wanted) in [
            ("churn.csv", "churn"),
            ("data/Customer Data.csv.gz", "customer-data"),
            ("2026-11.parquet", "2026-11"),
            (".hidden.csv", "hidden"),
            ("übung.csv", "bung"),
            ("---.csv", "pipeline"),
            (
                "a-very-long-name-that-no-pipeline-can-have-at-all.csv",
                "a-very-long-name-that-no-pipeline-can-ha",
            ),
        ] {
            let name = name_of(Utf8Path::new(data));
            assert_eq!(name, wanted, "{data}");
            assert!(PipelineName::parse(name).is_ok(), "{data}");
        }
    }
}
