//! `trainyard schema`: the JSON Schema of a manifest, for editors.

use crate::exit::Exit;
use crate::print::{self, Complaint};

/// Writes the JSON Schema of a pipeline's manifest, for editors
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// Writes it.
pub fn run(_: &Arguments) -> Exit {
    match print::data(trainyard_crds::generated::PIPELINE_SCHEMA) {
        Ok(_) => Exit::Done,
        Err(e) => {
            print::error(&Complaint::new(format!("cannot write the schema: {e}")));
            Exit::Failed
        }
    }
}
