//! What MLflow is told of the table: the types of the features and the first rows of training.

use super::chosen::Chosen;
use crate::StageError;
use crate::model::{FrameType, TableSample};
use trainyard_contract::dataset::DatasetDescription;
use trainyard_contract::stage::{SaveFormat, TrainSpec};

/// Nothing where nobody asks for it.
///
/// # Errors
/// The dataset cannot be read.
pub(super) fn sample(
    chosen: &Chosen<'_>,
    description: &DatasetDescription,
    spec: &TrainSpec,
) -> Result<Option<TableSample>, StageError> {
    if !spec.save.contains(&SaveFormat::Mlflow) {
        return Ok(None);
    }
    let table = &chosen.table;
    let schema = table.reader().schema();
    let types = chosen.features.iter().map(|&place| {
        // Every fault leaves a cell without a value.
        let is_whole = description.columns[place].faults.is_empty();
        FrameType::of(schema.field(place).data_type(), !is_whole)
    });
    let mut sample = TableSample::new(types.collect());
    for block in 0..table.blocks() {
        let features = table.read(block, &chosen.features)?;
        sample.take(&chosen.training.cut(block, features)?);
        if sample.is_full() {
            break;
        }
    }
    Ok(Some(sample))
}
