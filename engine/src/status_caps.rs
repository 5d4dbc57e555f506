//! Keeps the status of a run small enough for its object, whatever 200 stages have to say.
//!
//! Messages, hints and outputs are bounded a stage and a run; what does not fit is cut, and counted.

use crate::{RunStatus, StageStatus};
use serde::Serialize;
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
        // What the entries and their brackets take up to each key, so that each value is written once.
        let mut bytes = 1;
        let kept: BTreeMap<String, Json> = outputs
            .iter()
            .take_while(|(key, value)| {
                bytes += outputs_bytes(&BTreeMap::from([(*key, *value)])) - 1;
                bytes <= room
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let left_out = outputs.len() - kept.len();
        let stage = &mut self.stages[i];
        stage.outputs = kept;
        stage.outputs_left_out = u32::try_from(left_out).unwrap_or(u32::MAX);
    }

    /// Leaves out hints, then messages, then outputs, from the last stage to the first, until the whole status is small enough.
    pub(crate) fn fit(&mut self) {
        let mut surplus = self.bytes().saturating_sub(STATUS_BYTES_MAX);
        for leave_out in [leave_out_hint, leave_out_message, leave_out_outputs] {
            for stage in self.stages.iter_mut().rev() {
                if surplus == 0 {
                    return;
                }
                let (saved, messages_cut) = leave_out(stage);
                surplus = surplus.saturating_sub(saved);
                self.messages_cut += messages_cut;
            }
        }
    }

    fn bytes(&self) -> usize {
        serde_json::to_string(self).map_or(usize::MAX, |text| text.len())
    }
}

/// What a hint took, and how many texts that were.
fn leave_out_hint(stage: &mut StageStatus) -> (usize, u32) {
    let text = std::mem::take(&mut stage.hint);
    (text.len(), u32::from(!text.is_empty()))
}

fn leave_out_message(stage: &mut StageStatus) -> (usize, u32) {
    let text = std::mem::take(&mut stage.message);
    (text.len(), u32::from(!text.is_empty()))
}

fn leave_out_outputs(stage: &mut StageStatus) -> (usize, u32) {
    let outputs = std::mem::take(&mut stage.outputs);
    stage.outputs_left_out += u32::try_from(outputs.len()).unwrap_or(u32::MAX);
    // The count that is written now takes less than the brackets and the name that are not written any more.
    (outputs_bytes(&outputs), 0)
}

fn all_but(stages: &[StageStatus], i: usize) -> impl Iterator<Item = &StageStatus> {
    stages
        .iter()
        .enumerate()
        .filter(move |(other, _)| *other != i)
        .map(|(_, stage)| stage)
}

/// The size of outputs as JSON; nothing for none, which is not written.
fn outputs_bytes<K: Serialize + Ord, V: Serialize>(outputs: &BTreeMap<K, V>) -> usize {
    if outputs.is_empty() {
        0
    } else {
        serde_json::to_string(outputs).map_or(usize::MAX, |text| text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::STAGES_MAX;
    use crate::status::{CommittedDataset, StagePhase, StopCause};
    use crate::{Budget, Failure, LatestAttempt, RunPhase, Spent, Verdict};
    use serde_json::json;
    use trainyard_contract::{Duration, FailureClass, StageName};

    /// A stage at its end with every field at its longest: every second one made a dataset, the others failed after retries.
    fn longest(i: usize) -> StageStatus {
        let after = Duration::parse("5h59m59s999ms").expect("a duration");
        let name = StageName::parse(format!("{i:0>3}-{}", "x".repeat(20))).expect("a name");
        let ended = |verdict| LatestAttempt {
            created_after: None,
            began_after: None,
            ended_after: None,
            input_attempt: Some(3),
            verdict: Some(verdict),
        };
        let common = StageStatus {
            began_after: Some(after),
            ended_after: Some(after),
            ..StageStatus::new(name)
        };
        if i.is_multiple_of(2) {
            StageStatus {
                phase: StagePhase::Succeeded,
                attempts: 1,
                latest: Some(ended(Verdict::Succeeded)),
                rows: Some(10_000_000),
                dataset: Some(CommittedDataset {
                    attempt: 1,
                    folder: 1,
                    sha256: "0".repeat(64),
                }),
                ..common
            }
        } else {
            let failure = Failure {
                class: FailureClass::OutOfMemory,
                budget: Budget::Memory,
            };
            StageStatus {
                phase: StagePhase::Failed,
                attempts: 13,
                latest: Some(ended(Verdict::Failed(failure))),
                spent: Spent {
                    limit: 2,
                    memory: 11,
                    ..Spent::default()
                },
                failure_class: Some(FailureClass::OutOfMemory),
                ..common
            }
        }
    }

    #[test]
    fn two_hundred_talkative_stages_fit_the_status_of_one_run() {
        let mut status = RunStatus {
            phase: RunPhase::Stopping,
            stop: Some(StopCause::Requested),
            message: "m".repeat(256),
            stages: (0..STAGES_MAX).map(longest).collect(),
            ..RunStatus::default()
        };
        let outputs = (0..300)
            .map(|k| (format!("output-{k}"), json!(0.123_456_789_012)))
            .collect();
        for i in 0..STAGES_MAX {
            status.say(i, &"m".repeat(1_000), &"h".repeat(1_000));
            status.keep_outputs(i, &outputs);
        }
        println!("{} bytes before the last cut", status.bytes());
        status.fit();
        let json = serde_json::to_string(&status).expect("a status is JSON");
        let said: usize = status
            .stages
            .iter()
            .map(|stage| stage.message.len() + stage.hint.len())
            .sum();
        let kept: usize = status.stages.iter().map(|stage| outputs_bytes(&stage.outputs)).sum();
        println!("{} bytes, of which messages {said} and outputs {kept}", json.len());
        assert!(said <= MESSAGES_BYTES_MAX && kept <= OUTPUTS_BYTES_MAX, "{said} {kept}");
        assert!(status.messages_cut > 0);
        assert!(
            status
                .stages
                .iter()
                .all(|stage| stage.outputs.len() + stage.outputs_left_out as usize == 300)
        );
        assert!(json.len() <= STATUS_BYTES_MAX, "{} bytes", json.len());
    }

    #[test]
    fn saying_the_same_again_counts_no_further_cut() {
        let mut status = RunStatus {
            stages: vec![longest(0)],
            ..RunStatus::default()
        };
        for _ in 0..3 {
            status.say(0, &"m".repeat(300), "hint");
            assert_eq!((status.messages_cut, status.stages[0].hint.as_str()), (1, "hint"));
        }
    }
}
