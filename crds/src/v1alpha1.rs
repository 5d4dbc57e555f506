//! `trainyard.dev/v1alpha1`: the first version of the API. Validations only ever widen within it.

mod model_version;
mod pipeline;
mod run;
mod run_status;

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
mod labels;
mod resources;

pub use env::{EnvSource, EnvVar, KeyRef};
pub use labels::{RESERVED_KEYS, RESERVED_PREFIXES};
pub use model_version::{MeasuredRows, ModelMetrics, ModelVersion, ModelVersionSpec, ModelVersionStatus};
pub use parameter::Parameter;
pub use pipeline::{EVERY_DEPENDS_ON_NAMES_A_STAGE, EVERY_INPUT_NAMES_A_STAGE, MLPipeline, MLPipelineSpec};
pub use resources::{Quantity, Resources, is_quantity};
pub use retention::Retention;
pub use retry::{Backoff, MemoryGrowth, Retry};
pub use run::{ParameterValue, PipelineRef, PipelineRun, PipelineRunSpec, RunState};
pub use run_status::{PipelineRunStatus, RUN_MESSAGE_MAX, Revision, RunStage};
pub use schedule::Schedule;
pub use stage::Stage;
pub use status::{LastRun, MLPipelineStatus, REMOVED_FOLDERS_MAX, RemovedFolder, SeenTrigger};
pub use timeouts::{StageTimeouts, Timeouts};
pub use worker::{ImagePullSecret, Worker};
pub use workspace::Workspace;
