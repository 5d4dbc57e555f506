//! A cell that is missing stops everything: no `train` is ever started, nothing is tried again, the champion stays.

use trainyard_contract::{FailureClass, layout};
use trainyard_e2e::vocabulary::{in_namespace, pipeline};
use trainyard_engine::StagePhase;

#[tokio::test]
async fn a_null_fails_validate_and_no_train_is_ever_started() {
    in_namespace(async |ns| {
        ns.apply(pipeline("iris")).await;
        let champion = ns.start("iris").await.succeeds().await.model().to_owned();

        ns.apply(pipeline("iris").rows("age,salary,target\n25,50000,0\n30,,1\n,80000,1\n22,40000,0\n"))
            .await;
        let run = ns.start("iris").await;
        let end = run.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Data));
        assert_eq!(end.attempts(), [("extract", 1), ("validate", 1), ("train", 0)]);
        assert_eq!(end.stage("validate").failure_class, Some(FailureClass::Data));
        assert_eq!(end.stage("train").phase, StagePhase::Skipped);
        // By the audit log: also none that has gone since.
        assert_eq!(run.attempts_asked_for(), ["extract-1", "validate-1"]);

        let cause = "iris-data/data.csv:3: column `salary` is empty";
        assert!(
            end.stage("validate").message.contains(cause),
            "{}",
            end.stage("validate").message
        );
        assert!(end.message().contains(cause), "{}", end.message());
        let listed = ns.kubectl(&format!("get prun {}", run.name())).await;
        assert!(listed.contains("Failed") && listed.contains(cause), "{listed}");
        let described = ns.kubectl(&format!("describe prun {}", run.name())).await;
        assert!(described.contains(cause), "{described}");
        let events = run.events().await;
        let warned = events.iter().any(|event| {
            event.type_.as_deref() == Some("Warning") && event.message.as_deref().unwrap().contains(cause)
        });
        assert!(warned, "{events:?}");
        assert_eq!(end.condition("Succeeded").status, "False");
        assert_eq!(end.condition("Finished").status, "True");
        assert_eq!(end.condition("Stalled").status, "True");

        let volume = ns.volume("trainyard").await;
        let report = volume.text(format!("{}/validate/1/{}", run.folder(), layout::REPORT_FILE));
        assert!(report.contains("salary") && report.contains("age"), "{report}");
        let pipeline = ns.pipeline("iris").await.status.unwrap();
        assert_eq!(pipeline.champion.as_deref(), Some(champion.as_str()));
        assert_eq!(ns.model_versions().await.len(), 1);
        let healthy = pipeline.conditions.iter().find(|one| one.type_ == "Healthy").unwrap();
        assert_eq!((healthy.status.as_str(), healthy.reason.as_str()), ("False", "Data"));
        // A run that fails does not make the pipeline unready.
        let ready = pipeline.conditions.iter().find(|one| one.type_ == "Ready").unwrap();
        assert_eq!(ready.status, "True");
    })
    .await;
}
