//! `holdout.arrow`: the rows that a model has not seen, with all columns of the dataset, for `evaluate`.

use super::row_set::RowSet;
use crate::StageError;
use crate::csv::BatchSink;
use crate::dataset::{DatasetReader, DatasetWriter, write_description_as};
use crate::in_order::parts_in_order;
use crate::stage::{StageContext, WrittenFile};
use arrow_array::RecordBatch;
use std::sync::Arc;
use trainyard_contract::dataset::{ColumnDescription, DatasetDescription, LINE_RUNS_MAX, LineRun};
use trainyard_contract::layout::{HOLDOUT_DESCRIPTION_FILE, HOLDOUT_FILE};

/// Writes `rows` of the dataset and their description.
///
/// # Errors
/// The dataset cannot be read, or the workspace does not take the file.
pub(super) fn write(
    reader: &DatasetReader,
    description: &DatasetDescription,
    rows: &RowSet,
    context: &StageContext<'_>,
) -> Result<Vec<WrittenFile>, StageError> {
    let schema = reader.schema();
    let columns: Vec<usize> = (0..schema.fields().len()).collect();
    let mut writer = DatasetWriter::named(context.folder, HOLDOUT_FILE);
    writer.begin(schema)?;
    let mut written = Ok(());
    parts_in_order(
        reader.blocks(),
        context.threads,
        || None,
        |block, batch| {
            context.stop.check()?;
            let columns = rows.cut(block, reader.read(block, &columns)?)?;
            let cut = RecordBatch::try_new(Arc::clone(schema), columns);
            *batch = Some(cut.map_err(|error| StageError::internal("held-out rows make no table").caused_by(error))?);
            Ok::<_, StageError>(())
        },
        |batch| {
            let batch = batch.take().filter(|batch| batch.num_rows() > 0);
            if let (Ok(()), Some(batch)) = (&written, batch) {
                written = writer.take(batch).map_err(StageError::from);
            }
        },
    )?;
    written?;
    let data = writer.finish()?;
    let described = write_description_as(
        context.folder,
        HOLDOUT_DESCRIPTION_FILE,
        &describe(reader, description, rows),
    )?;
    Ok(vec![data, described])
}

/// Where the rows stand in the source. Cells that may be missing are no faults of these rows: they were looked at before.
fn describe(reader: &DatasetReader, description: &DatasetDescription, rows: &RowSet) -> DatasetDescription {
    let mut line_runs: Vec<LineRun> = Vec::new();
    let mut lines_known_to = None;
    for (row, source_row) in (0_u64..).zip(rows.iter(reader)) {
        let Some(line) = description.position(source_row) else {
            lines_known_to = Some(row);
            break;
        };
        let goes_on = line_runs.last().is_some_and(|run| run.line + (row - run.row) == line);
        if goes_on {
            continue;
        }
        if line_runs.len() == LINE_RUNS_MAX {
            lines_known_to = Some(row);
            break;
        }
        line_runs.push(LineRun { row, line });
    }
    let without_faults = |column: &ColumnDescription| ColumnDescription {
        faults: Vec::new(),
        ..column.clone()
    };
    DatasetDescription {
        rows: rows.rows(),
        source: description.source.of_rows(rows.iter(reader)),
        columns: description.columns.iter().map(without_faults).collect(),
        line_runs,
        lines_known_to,
    }
}
