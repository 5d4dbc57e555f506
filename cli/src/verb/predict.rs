//! `trainyard predict MODEL_DIR DATA`: a model's predictions for the rows of a file, CSV or Parquet.
//!
//! The model's files are checked against its manifest first, which also says how the file that the model was trained on was
//! read: this one is read alike. Onto stdout the rows go one after the other, CSV as it stands there; a fault of the data ends
//! it with exit code 1, and what stands before that row is written. A file is written beside and renamed at the end: it is
//! there whole or not at all.

mod new_file;

use crate::exit::Exit;
use crate::print::{self, Complaint, Reader, reader_of};
use crate::progress::grouped;
use camino::{Utf8Path, Utf8PathBuf};
use new_file::NewFile;
use std::fs;
use std::io::{self, BufWriter, Write};
use trainyard_contract::dataset::DatasetSource;
use trainyard_worker::StageError;
use trainyard_worker::csv::CsvOptions;
use trainyard_worker::model::ModelFile;
use trainyard_worker::model::predict_csv::{PredictError, predict_file, predict_stream};
use trainyard_worker::model::predict_table::{TableSource, is_parquet, predict_table};
use trainyard_worker::model::{ModelError, read_version};
use trainyard_worker::table_file::{CsvStream, TableFile, TableFormat};

/// Bytes of predictions that are written at a time.
const OUTPUT_BYTES: usize = 64 * 1024;
/// The name of stdin, as a file to read.
const STDIN: &str = "-";

/// Writes the rows of a CSV or Parquet file with a model's predictions to stdout, or into a file
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder of a model version, or the link `models/PIPELINE/champion`
    #[arg(value_name = "MODEL_DIR")]
    model: Utf8PathBuf,
    /// The file, Parquet or CSV, plain or compressed; `-` is CSV on stdin
    data: Utf8PathBuf,
    /// The file to write, whole or not at all; its ending says the format: csv, parquet or arrow
    #[arg(short, long, value_name = "FILE")]
    output: Option<Utf8PathBuf>,
    /// The format of that file, where its ending does not say it
    #[arg(long, value_enum, requires = "output")]
    format: Option<Format>,
}

/// What a file of predictions is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Text, a line a row
    Csv,
    /// Columns, for data tools
    Parquet,
    /// An Arrow IPC file, for `pandas.read_feather`
    Arrow,
}

impl From<Format> for TableFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Parquet => Self::Parquet,
            Format::Arrow => Self::Arrow,
        }
    }
}

/// Writes them.
pub fn run(arguments: &Arguments) -> Exit {
    let target = match Target::new(arguments) {
        Ok(target) => target,
        Err(complaint) => return fail(&complaint, Exit::Usage),
    };
    let (model, manifest) = match read_version(&arguments.model) {
        Ok(version) => version,
        Err(ModelError::File { path }) if arguments.data.is_dir() => {
            let swapped = format!("trainyard predict {} {path}", arguments.data);
            let complaint = Complaint::new(ModelError::File { path }.to_string());
            return fail(
                &complaint.hint(format!("the model comes first: {swapped}")),
                Exit::Usage,
            );
        }
        Err(e) => return fail(&complaint_of(&StageError::from(e)), Exit::Failed),
    };
    let options = match csv_options(&manifest.input.source) {
        Ok(options) => options,
        Err(e) => return fail(&complaint_of(&e), Exit::Failed),
    };
    let predicted = match &target {
        Target::Stdout => to_stdout(&model, options, &arguments.data),
        Target::File { file, format } => to_file(&model, options, &arguments.data, (file, *format)),
    };
    match predicted {
        Ok(rows) => {
            if let Target::File { file, .. } = &target {
                let unit = if rows == 1 { "row" } else { "rows" };
                print::note(&format!("{}: {} {unit}", file.shown(), grouped(rows)));
            }
            Exit::Done
        }
        Err(PredictError::Input { error, rows }) => {
            let complaint = complaint_of(&error).hint(match (&target, rows) {
                (Target::File { file, .. }, _) => format!("{} is not written", file.shown()),
                (Target::Stdout, 0) => String::new(),
                (Target::Stdout, 1) => "the row before it is written".to_owned(),
                (Target::Stdout, rows) => format!("the {rows} rows before it are written"),
            });
            fail(&complaint, Exit::Failed)
        }
        Err(PredictError::Output(e)) => match &target {
            Target::File { file, .. } => fail(&cannot_write(file.shown().as_str(), &e), Exit::Failed),
            Target::Stdout => match reader_of(Err(e)) {
                Ok(Reader::Gone | Reader::Listens) => Exit::Done,
                Err(e) => fail(&cannot_write("the predictions", &e), Exit::Failed),
            },
        },
    }
}

/// Where the predictions go.
enum Target {
    Stdout,
    File { file: NewFile, format: TableFormat },
}

impl Target {
    fn new(arguments: &Arguments) -> Result<Self, Complaint> {
        let Some(path) = &arguments.output else {
            return Ok(Self::Stdout);
        };
        let named = path.file_name().and_then(TableFormat::of_name);
        let format = arguments.format.map(TableFormat::from).or(named).ok_or_else(|| {
            Complaint::new(format!(
                "the ending of `{path}` does not say which format it is to have"
            ))
            .hint("end it in .csv, .parquet or .arrow, or add --format csv, parquet or arrow")
        })?;
        if arguments.data == STDIN && format != TableFormat::Csv {
            return Err(Complaint::new(
                "from stdin only CSV can be written: the types of other formats need a second look",
            )
            .hint("save the data as a file first, or end --output in .csv"));
        }
        let file = NewFile::at(path, &arguments.data)?;
        Ok(Self::File { file, format })
    }
}

/// How a CSV file is read: as the one was that the model was trained on, where that was one.
fn csv_options(trained_on: &DatasetSource) -> Result<CsvOptions, StageError> {
    match &trained_on.extract.csv {
        Some(csv) => Ok(CsvOptions::for_records(csv)?),
        None => Ok(CsvOptions::default()),
    }
}

fn to_stdout(model: &ModelFile, options: CsvOptions, data: &Utf8Path) -> Result<u64, PredictError> {
    if data != STDIN && is_parquet(data) {
        let mut out = BufWriter::with_capacity(OUTPUT_BYTES, io::stdout());
        let source = TableSource { path: data, csv: None };
        let rows = predict_table(model, source, threads(), &mut CsvStream::new(&mut out))?;
        out.flush().map_err(PredictError::Output)?;
        return Ok(rows);
    }
    let mut out = BufWriter::with_capacity(OUTPUT_BYTES, io::stdout().lock());
    as_it_stands(model, options, data, &mut out)
}

fn as_it_stands(
    model: &ModelFile,
    options: CsvOptions,
    data: &Utf8Path,
    out: &mut dyn Write,
) -> Result<u64, PredictError> {
    if data == STDIN {
        predict_stream(model, io::stdin().lock(), "stdin", options, out)
    } else {
        predict_file(model, data, data.as_str(), options, out)
    }
}

fn to_file(
    model: &ModelFile,
    options: CsvOptions,
    data: &Utf8Path,
    (file, format): (&NewFile, TableFormat),
) -> Result<u64, PredictError> {
    let unfinished = file.begin().map_err(PredictError::Output)?;
    let from_parquet = data != STDIN && is_parquet(data);
    let rows = if format == TableFormat::Csv && !from_parquet {
        let file = fs::File::create(unfinished.path()).map_err(PredictError::Output)?;
        let mut out = BufWriter::with_capacity(OUTPUT_BYTES, file);
        let rows = as_it_stands(model, options, data, &mut out)?;
        out.flush()
            .and_then(|()| out.get_ref().sync_all())
            .map_err(PredictError::Output)?;
        rows
    } else {
        let source = TableSource {
            path: data,
            csv: (!from_parquet).then_some(options),
        };
        let mut table = TableFile::new(unfinished.path().to_owned(), format);
        let rows = predict_table(model, source, threads(), &mut table)?;
        table.finish()?;
        rows
    };
    unfinished.publish().map_err(PredictError::Output)?;
    Ok(rows)
}

/// As many threads as the machine runs at once.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn fail(complaint: &Complaint, exit: Exit) -> Exit {
    print::error(complaint);
    exit
}

fn cannot_write(what: &str, why: &io::Error) -> Complaint {
    Complaint::new(format!("cannot write {what}: {why}"))
}

fn complaint_of(error: &StageError) -> Complaint {
    Complaint::new(error.to_string()).hint(error.hint_text())
}
