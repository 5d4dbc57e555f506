//! Keeps the status of a run small enough for its object, whatever 200 stages have to say.
//!
//! Messages, hints and outputs are bounded a stage and a run; what does not fit is cut, and counted.

use crate::{RunStatus, StageStatus};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use trainyard_contract::result::{MESSAGE_BYTES_MAX, cut};

/// The status of a run, as JSON: what etcd stores with it must stay far below 1.5 MiB, and a list of runs small.
pub const STATUS_BYTES_MAX: usize = 64 * 1_024;
/// The outputs of one stage, as JSON.
pub const STAGE_OUTPUTS_BYTES_MAX: usize = 1_024;
/// The outputs of all stages of a run, as JSON.
pub const OUTPUTS_BYTES_MAX: usize = 16 * 1_024;
/// The messages and hints of all stages of a run.
pub const MESSAGES_BYTES_MAX: usize = 16 * 1_024;

impl RunStatus {
    /// Sets what stage `i` says, as far as there is room; the hint gives way first.
    pub(crate) fn say(&mut self, i: usize, message: &str, hint: &str) {
        let others: usize = all_but(&self.stages, i)
            .map(|stage| stage.message.len() + stage.hint.len())
            .sum();
        let room = MESSAGES_BYTES_MAX.saturating_sub(others);
        let kept_message = cut(message, room.min(MESSAGE_BYTES_MAX));
        let kept_hint = cut(hint, (room - kept_message.len()).min(MESSAGE_BYTES_MAX));
        let stage = &mut self.stages[i];
        if stage.message == kept_message && stage.hint == kept_hint {
            return;
        }
        let own_cuts = u32::from(kept_message != message) + u32::from(kept_hint != hint);
        stage.message = kept_message;
        stage.hint = kept_hint;
        self.messages_cut += own_cuts;
    }

    /// Sets the outputs of stage `i`, as far as there is room: the last keys are left out first.
    pub(crate) fn keep_outputs(&mut self, i: usize, outputs: &BTreeMap<String, Json>) {
        let others: usize = all_but(&self.stages, i)
            .map(|stage| outputs_bytes(&stage.outputs))
            .sum();
        let room = OUTPUTS_BYTES_MAX.saturating_sub(others).min(STAGE_OUTPUTS_BYTES_MAX);
        let mut kept = outputs.clone();
        let mut left_out = 0;
        while outputs_bytes(&kept) > room && kept.pop_last().is_some() {
            left_out += 1;
        }
        let stage = &mut self.stages[i];
        stage.outputs = kept;
        stage.outputs_left_out = left_out;
    }
}

fn all_but(stages: &[StageStatus], i: usize) -> impl Iterator<Item = &StageStatus> {
    stages
        .iter()
        .enumerate()
        .filter(move |(other, _)| *other != i)
        .map(|(_, stage)| stage)
}

/// The size of outputs as JSON; nothing for none, which is not written.
fn outputs_bytes(outputs: &BTreeMap<String, Json>) -> usize {
    if outputs.is_empty() {
        0
    } else {
        serde_json::to_string(outputs).map_or(usize::MAX, |text| text.len())
    }
}
