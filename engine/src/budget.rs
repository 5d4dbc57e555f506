//! Which budget a failed attempt is charged to, and what was spent so far. Budgets are apart: three lost nodes cost the user
//! nothing, and a flaky network does not use up what a full disk may need.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trainyard_contract::FailureClass;

/// How often a stage is repeated after the machine below it went away (eviction, node loss, preemption): free to the user,
/// but a stage that kills its node each time must end.
pub const EVICTIONS_MAX: u32 = 10;
/// How often a stage is repeated after a bug of ours: once, since a second time would end the same.
pub const INTERNAL_MAX: u32 = 1;
/// How often a stage is started again because its input was not what its digest says, and how often a dataset is made again.
pub const REMAKES_MAX: u32 = 2;
/// How often a stage is asked again for a result that was lost. Free to the user; a host that loses each result must end.
pub const RECOVERIES_MAX: u32 = 3;

/// What a failed attempt is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Budget {
    /// Nothing: the stage is not tried again, since the same input or spec would fail the same way.
    Never,
    /// `retry.limit`.
    Limit,
    /// A bound of 10: the machine below it went away, which costs nothing of `retry.limit`.
    Evictions,
    /// A bound of 1: a bug of Trainyard's, which costs nothing of `retry.limit`.
    Internal,
    /// `retry.memory`: tried again with more memory until its `max` was not enough.
    Memory,
}

impl Budget {
    /// The budget that a failure of a class is charged to when the attempt itself reported it.
    pub const fn of_class(class: FailureClass) -> Self {
        match class {
            FailureClass::Data | FailureClass::Config => Self::Never,
            FailureClass::Transient | FailureClass::Infra | FailureClass::Timeout | FailureClass::Code => Self::Limit,
            FailureClass::OutOfMemory => Self::Memory,
            FailureClass::Internal => Self::Internal,
        }
    }
}

/// How many attempts of a stage were charged to each budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Spent {
    /// Failed attempts that count for `retry.limit`.
    #[serde(skip_serializing_if = "is_zero")]
    pub limit: u32,
    /// Attempts whose machine went away (eviction, preemption, a lost node); free, at most 10.
    #[serde(skip_serializing_if = "is_zero")]
    pub evictions: u32,
    /// Attempts that a bug of Trainyard's ended; free, at most 1.
    #[serde(skip_serializing_if = "is_zero")]
    pub internal: u32,
    /// Attempts that ran out of memory; `retry.memory` says how far it grows.
    #[serde(skip_serializing_if = "is_zero")]
    pub memory: u32,
    /// Attempts whose input was found changed or damaged; free, at most 2.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_changed: u32,
    /// Attempts whose result was lost; free, at most 3.
    #[serde(skip_serializing_if = "is_zero")]
    pub lost: u32,
    /// Times that the stage had succeeded and was done again, because a later stage found its dataset damaged; at most 2.
    #[serde(skip_serializing_if = "is_zero")]
    pub remade: u32,
}

impl Spent {
    /// Nothing was spent.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// One more attempt charged to `budget`.
    pub fn charge(&mut self, budget: Budget) {
        match budget {
            Budget::Never => {}
            Budget::Limit => self.limit += 1,
            Budget::Evictions => self.evictions += 1,
            Budget::Internal => self.internal += 1,
            Budget::Memory => self.memory += 1,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}
