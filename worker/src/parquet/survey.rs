//! What stands at the end of a Parquet file: columns, their types, how many rows, and how large the numbers are.
//!
//! In: open files. Out: [`Survey`], before any row is read, so that the last of many files is known to fit before the first
//! is read. The statistics are a guess only: what the rows hold decides.

use super::ParquetError;
use super::column::is_known;
use super::file::OpenFile;
use crate::csv::table::{ColumnKind, Header, Seen};
use crate::csv::{FileName, Word};
use crate::source::{NamedPlace, difference};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use std::collections::HashMap;

/// What is known of a table before its rows are read.
pub(super) struct Survey {
    pub(super) header: Header,
    /// What the columns hold, as far as the files' ends say it.
    pub(super) seen: Vec<Seen>,
}

impl Survey {
    /// Looks at all files. `numbers` are the columns that later stages need as numbers.
    pub(super) fn of(files: &[NamedPlace], numbers: &[String]) -> Result<Self, ParquetError> {
        let mut survey: Option<Self> = None;
        for place in files {
            let file = OpenFile::open(place)?;
            let metadata = read_metadata(&file)?;
            check_compression(&metadata, &file.name)?;
            let names = names(&metadata, &file.name)?;
            let survey = match &mut survey {
                None => survey.insert(Self::new(names, numbers)),
                Some(survey) => {
                    if let Some(difference) = difference(&survey.header.names, &names) {
                        return Err(ParquetError::OtherColumns {
                            name: FileName::new(&file.name),
                            first: FileName::new(&files[0].name),
                            difference,
                        });
                    }
                    survey
                }
            };
            for (index, seen) in survey.seen.iter_mut().enumerate() {
                *seen = seen.join(seen_in(&metadata, index, survey.header.kinds[index]));
            }
        }
        Ok(survey.unwrap_or_else(|| Self::new(Vec::new(), numbers)))
    }

    fn new(names: Vec<String>, numbers: &[String]) -> Self {
        let kind = |name: &String| {
            if numbers.contains(name) {
                ColumnKind::Needed
            } else {
                ColumnKind::Inferred
            }
        };
        Self {
            seen: vec![Seen::default(); names.len()],
            header: Header {
                line: 0,
                kinds: names.iter().map(kind).collect(),
                names,
            },
        }
    }
}

/// Reads the end of a file. Types are those of Parquet itself, whatever other types its writer noted.
pub(super) fn read_metadata(file: &OpenFile) -> Result<ArrowReaderMetadata, ParquetError> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    file.caught(|| ArrowReaderMetadata::load(file, options))
}

/// Refuses a file that is compressed with what is not linked.
fn check_compression(metadata: &ArrowReaderMetadata, file: &str) -> Result<(), ParquetError> {
    let chunks = metadata
        .metadata()
        .row_groups()
        .iter()
        .flat_map(RowGroupMetaData::columns);
    let unknown = chunks
        .map(ColumnChunkMetaData::compression)
        .find_map(|compression| match compression {
            Compression::BROTLI(_) => Some("brotli"),
            Compression::LZO => Some("lzo"),
            Compression::UNCOMPRESSED
            | Compression::SNAPPY
            | Compression::GZIP(_)
            | Compression::LZ4
            | Compression::ZSTD(_)
            | Compression::LZ4_RAW => None,
        });
    match unknown {
        None => Ok(()),
        Some(name) => Err(ParquetError::Unknown {
            name: FileName::new(file),
            problem: format!("it is compressed with {name}; gzip, lz4, snappy and zstd are read"),
        }),
    }
}

/// The names of the columns, all of which a dataset can hold.
fn names(metadata: &ArrowReaderMetadata, file: &str) -> Result<Vec<String>, ParquetError> {
    let mut firsts = HashMap::new();
    let fields = metadata.schema().fields();
    if fields.is_empty() {
        return Err(problem(file, "there are no columns".to_owned()));
    }
    for (position, field) in (1..).zip(fields) {
        if field.name().trim().is_empty() {
            return Err(problem(file, format!("column {position} has no name")));
        }
        if let Some(first) = firsts.insert(field.name(), position) {
            let column = Word::new(field.name());
            return Err(problem(
                file,
                format!("column `{column}` is there twice, as column {first} and column {position}"),
            ));
        }
        if let Err(what) = is_known(field.data_type()) {
            return Err(ParquetError::Column {
                name: FileName::new(file),
                column: Word::new(field.name()),
                what,
            });
        }
    }
    Ok(fields.iter().map(|field| field.name().clone()).collect())
}

fn problem(file: &str, problem: String) -> ParquetError {
    let name = FileName::new(file);
    ParquetError::Names { name, problem }
}

/// What the end of a file says about a column.
pub(super) fn seen_in(metadata: &ArrowReaderMetadata, index: usize, kind: ColumnKind) -> Seen {
    let data_type = metadata.schema().field(index).data_type();
    match natural(data_type) {
        // What of it reads as a number, only the texts know.
        Natural::Text if kind == ColumnKind::Needed => Seen::default(),
        Natural::Text => Seen {
            text: true,
            ..Seen::default()
        },
        Natural::Float => Seen {
            float: true,
            ..Seen::default()
        },
        Natural::Nothing => Seen::default(),
        Natural::Whole { signed } => {
            let groups = metadata.metadata().row_groups().iter();
            groups.fold(Seen::default(), |seen, group| {
                let statistics = group.columns().get(index).and_then(|column| column.statistics());
                seen.join(statistics.map_or_else(Seen::default, |statistics| seen_numbers(statistics, signed)))
            })
        }
    }
}

fn seen_numbers(statistics: &Statistics, signed: bool) -> Seen {
    let (least, most) = match statistics {
        Statistics::Int32(values) => (
            values.min_opt().map(|&v| i64::from(v)),
            values.max_opt().map(|&v| i64::from(v)),
        ),
        Statistics::Int64(values) => (values.min_opt().copied(), values.max_opt().copied()),
        _ => (None, None),
    };
    let (Some(least), Some(most)) = (least, most) else {
        return Seen::default();
    };
    // Of numbers without a sign a large one looks negative here, and then its bits say nothing.
    if !signed && (least < 0 || most < 0) {
        return Seen::default();
    }
    Seen {
        bits: Seen::bits_of(least) | Seen::bits_of(most),
        whole: true,
        ..Seen::default()
    }
}

/// What the values of a type become, where nobody asks for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Natural {
    Whole {
        signed: bool,
    },
    Float,
    Text,
    /// All are missing.
    Nothing,
}

/// What the values of `data_type`, which is known, become.
pub(super) fn natural(data_type: &DataType) -> Natural {
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Natural::Whole { signed: true },
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => Natural::Whole { signed: false },
        DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => Natural::Float,
        DataType::Null => Natural::Nothing,
        _ => Natural::Text,
    }
}
