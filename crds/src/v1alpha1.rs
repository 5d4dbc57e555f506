//! `trainyard.dev/v1alpha1`: the first version of the API. Validations only ever widen within it.

mod pipeline;

mod parameter;
mod retention;
mod retry;
mod schedule;
mod stage;
mod status;
mod timeouts;
mod worker;
mod workspace;

mod env;
mod resources;

pub use env::{EnvSource, EnvVar, KeyRef};
pub use parameter::Parameter;
pub use pipeline::{EVERY_DEPENDS_ON_NAMES_A_STAGE, MLPipeline, MLPipelineSpec};
pub use resources::{QUANTITY_PATTERN, Quantity, Resources, is_quantity};
pub use retention::Retention;
pub use retry::{Backoff, MemoryGrowth, Retry};
pub use schedule::{ConcurrencyPolicy, MissedRuns, Schedule};
pub use stage::Stage;
pub use status::MLPipelineStatus;
pub use timeouts::{StageTimeouts, Timeouts};
pub use worker::{ImagePullSecret, Worker};
pub use workspace::Workspace;
