//! Starts an attempt: everything that it has to know, with the values of this run filled in.

use super::Pass;
use crate::action::{ModelSource, StartAttempt};
use crate::retry::MemoryGrowth;
use crate::values::{Outputs, resolve};
use crate::{Action, Event, Given, StagePhase};
use trainyard_contract::document::{DatasetPart, InputDataset, InputModel};
use trainyard_contract::stage::{ModelChoice, ModelUse};
use trainyard_contract::{FailureClass, ModelVersionName, PipelineName, StageSpec, layout};

impl Pass<'_> {
    /// Starts the next attempt of stage `i`; a stage whose values cannot be filled in fails without one.
    pub(super) fn start(&mut self, i: usize) {
        match self.attempt(i) {
            Ok(attempt) => {
                self.tell_retry(i);
                let stage = &mut self.status.stages[i];
                stage.model_version.clone_from(&attempt.given.model_version);
                stage.phase = StagePhase::Queued;
                self.open(i, self.now, attempt.given.input_attempt);
                self.wake(self.now.plus(self.pipeline.stages()[i].pending_timeout));
                self.actions.push(Action::StartAttempt(Box::new(attempt)));
            }
            Err(reason) => {
                let stage = &mut self.status.stages[i];
                stage.phase = StagePhase::Failed;
                stage.failure_class = Some(FailureClass::Config);
                stage.forget_times_of_latest();
                self.status.say(i, &reason, "");
            }
        }
    }

    /// A retry without a wait is told too.
    fn tell_retry(&mut self, i: usize) {
        let stage = &self.status.stages[i];
        let known = self
            .run
            .status
            .stages
            .get(i)
            .is_some_and(|before| before.phase == StagePhase::Retrying);
        if stage.attempts > 0 && !known {
            self.events.push(Event::Stage {
                stage: stage.name.clone(),
                phase: StagePhase::Retrying,
                attempt: stage.attempts,
                class: stage.failure_class,
                message: stage.message.clone(),
                next: Some(self.now),
            });
        }
    }

    fn attempt(&self, i: usize) -> Result<StartAttempt, String> {
        let wired = &self.pipeline.stages()[i];
        let known = &self.status.stages[i];
        let outputs: Outputs<'_> = self
            .status
            .stages
            .iter()
            .map(|stage| (&stage.name, &stage.outputs))
            .collect();
        let spec = resolve(&wired.spec, &self.run.values, &outputs).map_err(|e| e.to_string())?;
        let model = self.model(i, &spec)?;
        let number = known.attempts + 1;
        let input = wired.producer.and_then(|producer| self.input(producer));
        let (input, input_attempt) = input.unzip();
        let goes_on = known
            .latest
            .as_ref()
            .is_some_and(|latest| latest.input_attempt == input_attempt)
            && !self.again.contains(&i);
        let model_version = match &spec {
            StageSpec::Train(_) => {
                let next = || self.run.next_version.clone();
                let name = known.model_version.clone().or_else(next);
                Some(name.unwrap_or_else(|| self.now.model_version()))
            }
            StageSpec::Extract(_) | StageSpec::Validate(_) | StageSpec::Evaluate(_) | StageSpec::Predict(_) => None,
        };
        let grown = |growth: MemoryGrowth, first| growth.after(known.spent.memory, first);
        Ok(StartAttempt {
            stage: wired.name.clone(),
            attempt: number,
            spec,
            input,
            model,
            columns: self.pipeline.column_needs(i, &self.run.values),
            given: Given {
                input_attempt,
                model_version,
            },
            recover: goes_on && known.unread_results,
            earlier_attempts: if goes_on {
                (known.same_input_since..number).collect()
            } else {
                Vec::new()
            },
            timeout: wired.timeout,
            memory: wired
                .memory
                .map(|first| wired.retry.memory.map_or(first, |growth| grown(growth, first))),
        })
    }

    /// The dataset that `producer` committed, and the attempt that tells it apart.
    fn input(&self, producer: usize) -> Option<(InputDataset, u32)> {
        let stage = &self.status.stages[producer];
        let dataset = stage.dataset.as_ref()?;
        let input = InputDataset {
            stage: stage.name.clone(),
            folder: layout::attempt_folder(&self.run.name, &self.run.uid, &stage.name, dataset.folder),
            part: match self.pipeline.stages()[producer].spec {
                StageSpec::Train(_) => DatasetPart::Holdout,
                StageSpec::Extract(_) | StageSpec::Validate(_) | StageSpec::Evaluate(_) | StageSpec::Predict(_) => {
                    DatasetPart::Whole
                }
            },
            sha256: dataset.sha256.clone(),
        };
        Some((input, dataset.attempt))
    }

    fn model(&self, i: usize, spec: &StageSpec) -> Result<Option<ModelSource>, String> {
        let choice = match spec {
            StageSpec::Predict(predict) => &predict.model,
            StageSpec::Evaluate(_) => return Ok(self.model_of_this_run(i)),
            StageSpec::Extract(_) | StageSpec::Validate(_) | StageSpec::Train(_) => return Ok(None),
        };
        match choice.model_use.unwrap_or_default() {
            ModelUse::ThisRun => Ok(self.model_of_this_run(i)),
            ModelUse::Champion => Ok(Some(ModelSource::ChampionOf(self.model_pipeline(choice)?))),
            ModelUse::Version => {
                let pipeline = self.model_pipeline(choice)?;
                let version = choice.version.clone().unwrap_or_default();
                let version = ModelVersionName::parse(version).map_err(|e| e.to_string())?;
                let folder = layout::model_folder(&pipeline, &version);
                Ok(Some(ModelSource::Version(InputModel {
                    version,
                    folder,
                    sha256: None,
                })))
            }
        }
    }

    /// The version that the `train` stage above made.
    fn model_of_this_run(&self, i: usize) -> Option<ModelSource> {
        let trainer = self.pipeline.stages()[i].trainer?;
        let made = self.status.stages[trainer].made.as_ref()?;
        Some(ModelSource::Version(InputModel {
            version: made.version.clone(),
            folder: made.path.clone(),
            sha256: Some(made.sha256.clone()),
        }))
    }

    fn model_pipeline(&self, choice: &ModelChoice) -> Result<PipelineName, String> {
        match &choice.pipeline {
            None => Ok(self.pipeline.name().clone()),
            Some(name) => PipelineName::parse(name.as_str()).map_err(|e| e.to_string()),
        }
    }
}
