//! What stands between the parts of Trainyard: the words that an engine, a host, a worker and an API object must agree on.
//!
//! Plain data and its text forms, nothing else: no decision (`engine`), no file is opened (`worker`), no Kubernetes type
//! (`crds`, `operator`). Start with [`document`] (what a host gives a worker), then [`result`] (what it gets back).

pub mod dataset;
pub mod document;
pub mod duration;
pub mod exit_code;
pub mod expression;
pub mod failure_class;
pub mod layout;
pub mod names;
pub mod result;
pub mod stage;

pub use document::StageDocument;
pub use duration::Duration;
pub use exit_code::ExitCode;
pub use failure_class::FailureClass;
pub use names::{ModelVersionName, PipelineName, RunName, RunUid, StageName};
pub use result::StageResult;
pub use stage::StageSpec;
