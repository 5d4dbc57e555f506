//! `trainyard models [PIPELINE]`: which model versions there are, newest first.

use crate::arguments::Output;
use crate::arguments::folder;
use crate::exit::Exit;
use crate::host::model_versions::{self, Measured, ModelVersion, Unreadable};
use crate::host::workspace::Workspace;
use crate::print::{self, Complaint};
use crate::progress::grouped;
use crate::verb::did_you_mean;
use camino::Utf8PathBuf;
use serde::Serialize;
use trainyard_contract::layout;

/// Lists the model versions of a workspace, newest first
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Only those of this pipeline
    pipeline: Option<String>,
    /// The folder with `models/` in it [default: the current folder]
    #[arg(long, value_name = "DIR", value_parser = folder)]
    workspace: Option<Utf8PathBuf>,
    /// How to write the list
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// Lists them. A folder that cannot be read is named on stderr and left out.
pub fn run(arguments: &Arguments) -> Exit {
    let workspace = match Workspace::existing(arguments.workspace.as_deref()) {
        Ok(workspace) => workspace,
        Err(e) => return fail(&Complaint::new(e.to_string()).hint(e.hint()), Exit::Usage),
    };
    let pipelines = match model_versions::pipelines(&workspace) {
        Ok(pipelines) => pipelines,
        Err(e) => return fail(&Complaint::new(e.to_string()).hint(e.hint()), Exit::Failed),
    };
    let chosen = match &arguments.pipeline {
        Some(name) if !pipelines.contains(name) => {
            let complaint = Complaint::new(format!(
                "there are no models of a pipeline `{name}` in {}",
                workspace.join(layout::MODELS)
            ))
            .hint(did_you_mean(name, &pipelines));
            return fail(&complaint, Exit::Usage);
        }
        Some(name) => vec![name.clone()],
        None => pipelines,
    };
    let (versions, unreadable) = model_versions::list(&workspace, &chosen);
    for one in &unreadable {
        print::warning(&Complaint::new(format!("{}: {}", one.path, one.message)));
    }
    let text = match arguments.output {
        Output::Text => table(&versions),
        Output::Json => document(&versions, &unreadable),
    };
    match print::data(&text) {
        Ok(_) => Exit::Done,
        Err(e) => fail(&Complaint::new(format!("cannot write the list: {e}")), Exit::Failed),
    }
}

fn fail(complaint: &Complaint, exit: Exit) -> Exit {
    print::error(complaint);
    exit
}

fn document(versions: &[ModelVersion], unreadable: &[Unreadable]) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        models: &'a [ModelVersion],
        unreadable: &'a [Unreadable],
    }
    let document = Document {
        models: versions,
        unreadable,
    };
    let text = serde_json::to_string_pretty(&document).expect("a list of models has only string keys");
    format!("{text}\n")
}

const TITLES: [&str; 8] = [
    "PIPELINE",
    "VERSION",
    "CHAMPION",
    "CREATED",
    "ROWS",
    "MEASURED",
    "CONVERGED",
    "RUN",
];

fn table(versions: &[ModelVersion]) -> String {
    if versions.is_empty() {
        return String::new();
    }
    let mut lines = vec![TITLES.map(str::to_owned)];
    lines.extend(versions.iter().map(cells));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..TITLES.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let padded: Vec<String> = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn cells(version: &ModelVersion) -> [String; 8] {
    let mark = |yes: bool| (if yes { "yes" } else { "no" }).to_owned();
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    [
        version.pipeline.clone(),
        version.version.to_string(),
        (if version.champion { "yes" } else { "" }).to_owned(),
        or_dash(&version.created_at),
        or_dash(&version.rows.map(|rows| rows.to_string())),
        or_dash(&version.measured.as_ref().map(measured)),
        or_dash(&version.converged.map(mark)),
        or_dash(&version.run),
    ]
}

/// `roc_auc 0.853 on 159 held-out rows`
fn measured(measured: &Measured) -> String {
    let Measured {
        metric,
        value,
        data,
        rows,
    } = measured;
    let which = match data.as_str() {
        "holdout" => "held-out",
        other => other,
    };
    let unit = if *rows == 1 { "row" } else { "rows" };
    format!("{metric} {value:.3} on {} {which} {unit}", grouped(*rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trainyard_contract::ModelVersionName;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let of = |data: &str| Measured {
            metric: "roc_auc",
            value: 0.875_4,
            data: data.to_owned(),
            rows: 1_500,
        };
        let version = |name: &str, champion, measured| ModelVersion {
            pipeline: "iris".to_owned(),
            version: ModelVersionName::parse(name).unwrap(),
            champion,
            created_at: Some("2026-02-23T10:47:00Z".to_owned()),
            rows: Some(150),
            measured,
            converged: Some(true),
            run: None,
            path: "/models".into(),
        };
        let text = table(&[
            version("model_20260223_104700_3", true, Some(of("holdout"))),
            version("model_20260223_104700_2", false, Some(of("training"))),
            version("model_20260223_104700", false, None),
        ]);
        assert_eq!(
            text,
            "PIPELINE  VERSION                  CHAMPION  CREATED               ROWS  MEASURED                              CONVERGED  RUN\n\
             iris      model_20260223_104700_3  yes       2026-02-23T10:47:00Z  150   roc_auc 0.875 on 1,500 held-out rows  yes        -\n\
             iris      model_20260223_104700_2            2026-02-23T10:47:00Z  150   roc_auc 0.875 on 1,500 training rows  yes        -\n\
             iris      model_20260223_104700              2026-02-23T10:47:00Z  150   -                                     yes        -\n"
        );
    }
}
