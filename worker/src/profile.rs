//! What stands in the columns of a table, in one pass: enough to say what each of them is good for.
//!
//! In: CSV or Parquet files. Out: [`TableProfile`]. Types, missing cells, constants and the values of one column, the target,
//! are exact. Where there is a target, only rows with a class count, but for missing cells. How many different values a column has is counted in the first rows of the table, as many as [`FULL_CELLS`]
//! allow, and a few of every block behind them, so that memory and time are bounded.
//!
//! Not here: what to make of it (the command's `init`).

mod column;
mod dates;
mod target;

pub use column::{ColumnProfile, HOLDOUT_SHARE, KeySplit, SaysTarget, Texts};
pub use target::{TargetClasses, TargetProfile};

use crate::StageError;
use crate::csv::stream::CsvStream;
use crate::csv::table::{BlockSink, BlockTable, Header};
use crate::csv::{self, CsvOptions, ReadControl};
use crate::model::predict_table::is_parquet;
use crate::parquet;
use crate::source::{Place, SourceFiles};
use camino::Utf8Path;
use column::{ClassNumbers, ColumnSummary, LookedAt};
use target::TargetSummary;
use trainyard_contract::dataset::{CellFaultKind, DatasetDescription};
use trainyard_contract::stage::{CsvSource, ExtractSpec, Header as HeaderRule, PANDAS_NULL_WORDS, ParquetSource};

/// Cells of the rows whose values are all looked at.
const FULL_CELLS: usize = 4_000_000;
/// At most so many rows, where there are few columns.
const FULL_ROWS: usize = 100_000;
/// Rows of each block behind them that are looked at.
const BLOCK_ROWS: usize = 32;
/// What may stand between cells, in the order in which it is tried.
const DELIMITERS: [&str; 3] = [";", "\t", "|"];
/// The most words of one column that are taken for ways to write that a number is missing.
const NULL_WORDS_MAX: usize = 3;

/// What stands in a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableProfile {
    /// How it was read.
    pub extract: ExtractSpec,
    /// Its rows.
    pub rows: u64,
    /// Its columns, in their order.
    pub columns: Vec<ColumnProfile>,
    /// What is known of the target, where there is a column of that name.
    pub target: Option<TargetProfile>,
    /// Words that are read as missing besides the usual ones, since columns are numbers but for them.
    pub null_words: Vec<String>,
}

/// Looks at the file at `path`, on `threads` threads. `target` is the column that is to be predicted.
///
/// # Errors
/// The file is no table.
pub fn profile(path: &Utf8Path, target: Option<&str>, threads: usize) -> Result<TableProfile, StageError> {
    if is_parquet(path) {
        let files = one(path);
        let mut sink = Summaries::new(target);
        let description = parquet::survey_files(&files, ReadControl::new(threads, &|_| true), &mut sink)?;
        let extract = ParquetSource { path: path.to_string() };
        return Ok(sink.finish(&description, extract.into(), Vec::new()));
    }
    let mut csv = shape(path);
    let first = profile_csv(path, &csv, target, threads)?;
    let null_words = null_words_of(&first);
    if null_words.is_empty() {
        return Ok(first);
    }
    let usual = PANDAS_NULL_WORDS.iter().map(|word| (*word).to_owned());
    csv.null_values = Some(usual.chain(null_words.iter().cloned()).collect());
    let again = profile_csv(path, &csv, target, threads)?;
    Ok(TableProfile { null_words, ..again })
}

fn profile_csv(
    path: &Utf8Path,
    csv: &CsvSource,
    target: Option<&str>,
    threads: usize,
) -> Result<TableProfile, StageError> {
    let mut sink = Summaries::new(target);
    let options = CsvOptions::new(csv, &[])?;
    let description = csv::survey_files(&one(path), &options, ReadControl::new(threads, &|_| true), &mut sink)?;
    Ok(sink.finish(&description, csv.clone().into(), Vec::new()))
}

fn one(path: &Utf8Path) -> SourceFiles {
    SourceFiles::one(path.as_str(), Place::Anywhere(path.to_owned()))
}

/// How a CSV file is to be read: another delimiter where the usual one gives one column, and that one several; columns
/// without a name, as pandas and R write row numbers, are numbered.
fn shape(path: &Utf8Path) -> CsvSource {
    let with = |delimiter: Option<&str>, header: Option<HeaderRule>| CsvSource {
        path: Some(path.to_string()),
        delimiter: delimiter.map(str::to_owned),
        header,
        ..CsvSource::default()
    };
    // What is wrong with the file, whoever reads it says.
    let columns = |source: &CsvSource| {
        let options = CsvOptions::new(source, &[]).ok()?;
        let stream = CsvStream::open(path, path.as_str(), options).ok()?;
        Some(stream.columns().len())
    };
    let read = |delimiter: Option<&str>| {
        let mut sources = [None, Some(HeaderRule::NumberUnnamed)]
            .map(|header| with(delimiter, header))
            .into_iter();
        sources.find_map(|source| columns(&source).map(|columns| (source, columns)))
    };
    let usual = read(None);
    if let Some((source, 2..)) = usual {
        return source;
    }
    let other = DELIMITERS
        .into_iter()
        .find_map(|delimiter| read(Some(delimiter)).filter(|(_, columns)| *columns > 1));
    other.or(usual).map_or_else(|| with(None, None), |(source, _)| source)
}

/// The words that stand for missing numbers: of columns of texts that are numbers but for one to three of them.
fn null_words_of(profile: &TableProfile) -> Vec<String> {
    let mut words: Vec<String> = profile
        .columns
        .iter()
        .filter(|column| column.is_text())
        .filter_map(|column| column.words_among_numbers.as_ref())
        .filter(|words| (1..=NULL_WORDS_MAX).contains(&words.len()) && words.iter().all(|word| is_null_word(word)))
        .flatten()
        .cloned()
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Whether a word among numbers says that there is none: punctuation, or such a word. (`3+` is a number of things.)
fn is_null_word(word: &str) -> bool {
    const WORDS: [&str; 10] = [
        "missing",
        "unknown",
        "n.a.",
        "n.a",
        "nil",
        "none",
        "empty",
        "undefined",
        "not available",
        "no data",
    ];
    !word.contains(char::is_alphanumeric) || WORDS.contains(&word.to_lowercase().as_str())
}

/// What was seen so far.
struct Summaries<'a> {
    target_name: Option<&'a str>,
    target: Option<(usize, TargetSummary)>,
    class_numbers: ClassNumbers,
    columns: Vec<ColumnSummary>,
    rows: usize,
}

impl<'a> Summaries<'a> {
    fn new(target_name: Option<&'a str>) -> Self {
        Self {
            target_name,
            target: None,
            class_numbers: ClassNumbers::default(),
            columns: Vec::new(),
            rows: 0,
        }
    }

    fn finish(self, description: &DatasetDescription, extract: ExtractSpec, null_words: Vec<String>) -> TableProfile {
        let count = |index: usize, kind: CellFaultKind| -> u64 {
            let faults = description.columns[index].faults.iter();
            faults
                .filter(|faults| faults.kind == kind)
                .map(|faults| faults.count)
                .sum()
        };
        let columns = self.columns.into_iter().zip(&description.columns).enumerate();
        TableProfile {
            extract,
            rows: description.rows,
            columns: columns
                .map(|(index, (summary, column))| {
                    let missing = count(index, CellFaultKind::Null);
                    let infinite = count(index, CellFaultKind::NotFinite);
                    summary.finish(column, missing, infinite)
                })
                .collect(),
            target: self.target.map(|(_, target)| target.finish()),
            null_words,
        }
    }
}

impl BlockSink for Summaries<'_> {
    fn look_at(&mut self, header: &Header, block: &BlockTable) {
        if self.columns.is_empty() {
            self.columns = header.names.iter().map(|_| ColumnSummary::default()).collect();
            let target = self
                .target_name
                .and_then(|target| header.names.iter().position(|name| name == target));
            self.target = target.map(|index| (index, TargetSummary::default()));
        }
        let full = (FULL_CELLS / self.columns.len().max(1)).min(FULL_ROWS);
        let rows = block.rows as usize;
        let step = if self.rows < full {
            1
        } else {
            (rows / BLOCK_ROWS).max(1)
        };
        let target = self.target.as_ref().map(|(index, _)| &block.columns[*index]);
        let looked_at = LookedAt {
            rows,
            step,
            classes: target.map(|target| self.class_numbers.of_rows(target, rows, step)),
            without_class: target.map_or(&[], |target| &target.nulls),
        };
        for (summary, column) in self.columns.iter_mut().zip(&block.columns) {
            summary.look_at(column, &looked_at);
        }
        if let Some((index, target)) = &mut self.target {
            target.look_at(&block.columns[*index], rows);
        }
        self.rows += rows;
    }
}
