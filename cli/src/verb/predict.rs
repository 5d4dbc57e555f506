//! `trainyard predict MODEL_DIR DATA`: a model's predictions for a CSV file, as CSV on stdout, row by row.
//!
//! The model's files are checked against its manifest first, which also says how the file that the model was trained on was
//! read: this one is read alike. A fault of the data ends it with exit code 1; what stands before
//! that row is written.

use crate::exit::Exit;
use crate::print::{self, Complaint, Reader, reader_of};
use camino::{Utf8Path, Utf8PathBuf};
use std::io::{self, BufWriter};
use trainyard_contract::dataset::DatasetSource;
use trainyard_worker::StageError;
use trainyard_worker::csv::CsvOptions;
use trainyard_worker::model::ModelFile;
use trainyard_worker::model::predict_csv::{PredictError, predict_file, predict_stream};
use trainyard_worker::model::read_version;

/// Bytes of predictions that are written at a time.
const OUTPUT_BYTES: usize = 64 * 1024;
/// The name of stdin, as a file to read.
const STDIN: &str = "-";

/// Writes the rows of a CSV file with a model's predictions to stdout
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The folder of a model version, or the link `models/PIPELINE/champion`
    #[arg(value_name = "MODEL_DIR")]
    model: Utf8PathBuf,
    /// The CSV file, plain or compressed; `-` is stdin
    data: Utf8PathBuf,
}

/// Writes them.
pub fn run(arguments: &Arguments) -> Exit {
    let (model, manifest) = match read_version(&arguments.model) {
        Ok(version) => version,
        Err(e) => {
            print::error(&complaint_of(&StageError::from(e)));
            return Exit::Failed;
        }
    };
    match predict(&model, &manifest.input.source, &arguments.data) {
        Ok(_) => Exit::Done,
        Err(PredictError::Input(e)) => {
            print::error(&complaint_of(&e));
            Exit::Failed
        }
        Err(PredictError::Output(e)) => match reader_of(Err(e)) {
            Ok(Reader::Gone | Reader::Listens) => Exit::Done,
            Err(e) => {
                print::error(&Complaint::new(format!("cannot write the predictions: {e}")));
                Exit::Failed
            }
        },
    }
}

fn predict(model: &ModelFile, trained_on: &DatasetSource, data: &Utf8Path) -> Result<u64, PredictError> {
    let options = match &trained_on.extract.csv {
        Some(csv) => CsvOptions::for_records(csv).map_err(StageError::from)?,
        None => CsvOptions::default(),
    };
    let mut out = BufWriter::with_capacity(OUTPUT_BYTES, io::stdout().lock());
    if data == STDIN {
        return predict_stream(model, io::stdin().lock(), "stdin", options, &mut out);
    }
    predict_file(model, data, data.as_str(), options, &mut out)
}

fn complaint_of(error: &StageError) -> Complaint {
    Complaint::new(error.to_string()).hint(error.hint_text())
}
