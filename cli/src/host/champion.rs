//! `models/<pipeline>/champion`: the link to the version in use, moved in one step.
//!
//! Not here: whether it moves (the engine says so once the whole run Succeeded).

use super::workspace::{Workspace, WorkspaceError};
use trainyard_contract::document::InputModel;
use trainyard_contract::{ModelVersionName, PipelineName, layout};
use trainyard_worker::artifact::replace_link;

/// The champion of a pipeline; `None` where there is none yet, or where the link leads to no model version of ours.
pub fn champion_of(workspace: &Workspace, pipeline: &PipelineName) -> Option<InputModel> {
    let models = workspace.join(layout::models_folder(pipeline));
    let target = models.join(layout::CHAMPION_LINK).read_link_utf8().ok()?;
    let version = ModelVersionName::parse(target.as_str()).ok()?;
    let folder = layout::model_folder(pipeline, &version);
    let is_there = workspace.join(&folder).is_dir();
    is_there.then_some(InputModel {
        version,
        folder,
        sha256: None,
    })
}

/// Makes `version` the champion: a new link takes the old one's place, so that a reader finds the one or the other always.
pub fn move_champion(
    workspace: &Workspace,
    pipeline: &PipelineName,
    version: &ModelVersionName,
) -> Result<(), WorkspaceError> {
    let models = workspace.join(layout::models_folder(pipeline));
    let link = models.join(layout::CHAMPION_LINK);
    replace_link(&link, version.as_str().into()).map_err(WorkspaceError::of("move the link", link))
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;
    use std::fs;

    #[test]
    fn the_link_moves_to_each_new_champion() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(Utf8Path::from_path(folder.path())).unwrap();
        let pipeline = PipelineName::parse("iris").unwrap();
        assert_eq!(champion_of(&workspace, &pipeline), None);
        for name in ["model_20260223_104700", "model_20260223_104700_2"] {
            let version = ModelVersionName::parse(name).unwrap();
            fs::create_dir_all(workspace.join(layout::model_folder(&pipeline, &version))).unwrap();
            move_champion(&workspace, &pipeline, &version).unwrap();
            assert_eq!(champion_of(&workspace, &pipeline).unwrap().version, version);
        }
        fs::remove_dir(workspace.join("models/iris/model_20260223_104700_2")).unwrap();
        assert_eq!(champion_of(&workspace, &pipeline), None, "a link into nothing");
    }
}
