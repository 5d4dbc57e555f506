//! Manifests for tests: valid ones, in which only what the test is about is said.

/// A manifest that is being written.
pub struct Manifest {
    name: String,
    spec: String,
    stages: Vec<String>,
}

/// A pipeline of this name without stages.
pub fn manifest(name: &str) -> Manifest {
    Manifest {
        name: name.to_owned(),
        spec: String::new(),
        stages: Vec::new(),
    }
}

/// The seed: extract `data.csv`, validate it, train on `age, salary`.
pub fn seed() -> Manifest {
    manifest("seed")
        .extract("data.csv")
        .validate("noNulls: All")
        .train("age, salary", "target")
}

impl Manifest {
    /// A field of the spec, as YAML on one line.
    #[must_use]
    pub fn spec(mut self, field: &str) -> Self {
        self.spec = format!("{}  {field}\n", self.spec);
        self
    }

    /// A stage, as the inside of a YAML map.
    #[must_use]
    pub fn stage(mut self, stage: &str) -> Self {
        self.stages.push(stage.to_owned());
        self
    }

    /// The stage `extract` of a CSV file.
    #[must_use]
    pub fn extract(self, path: &str) -> Self {
        self.stage(&format!("name: extract, extract: {{csv: {{path: '{path}'}}}}"))
    }

    /// The stage `validate` after `extract`.
    #[must_use]
    pub fn validate(self, rules: &str) -> Self {
        self.stage(&format!("name: validate, dependsOn: [extract], validate: {{{rules}}}"))
    }

    /// The stage `train`, after the stage before it.
    #[must_use]
    pub fn train(self, features: &str, target: &str) -> Self {
        let before = if self.stages.len() > 1 { "validate" } else { "extract" };
        self.stage(&format!(
            "name: train, dependsOn: [{before}], train: {{features: [{features}], target: {target}, logisticRegression: {{}}}}"
        ))
    }

    /// As YAML.
    pub fn yaml(&self) -> String {
        let Self { name, spec, stages } = self;
        let stages = stages
            .iter()
            .map(|stage| format!("  - {{{stage}}}"))
            .collect::<Vec<_>>()
            .join("\n");
        format!(
            "apiVersion: trainyard.dev/v1alpha1\nkind: MLPipeline\nmetadata: {{name: {name}}}\nspec:\n{spec}  stages:\n{stages}\n"
        )
    }
}
