//! A policy of the cluster that refuses a stage's pod is named as the cause; once it is gone the run goes on by itself.

use trainyard_contract::FailureClass;
use trainyard_e2e::vocabulary::{in_namespace, pipeline};

#[tokio::test]
async fn a_policy_that_refuses_the_pod_is_named_and_the_run_goes_on_when_it_is_gone() {
    in_namespace(async |ns| {
        ns.refuse_pods("pods need an owner's label").await;
        ns.apply(pipeline("iris").up_to("extract")).await;
        let run = ns.start("iris").await;
        let waiting = run.says("pods need an owner's label").await;
        assert!(
            waiting.message().starts_with("`extract`: the pod is refused"),
            "{}",
            waiting.message()
        );
        ns.admit_pods().await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_webhook_that_does_not_answer_is_named_and_the_run_goes_on_when_it_is_gone() {
    in_namespace(async |ns| {
        ns.ask_nobody_about_pods().await;
        ns.apply(pipeline("iris").up_to("extract")).await;
        let run = ns.start("iris").await;
        let waiting = run.says("service \"guard\" not found").await;
        assert!(
            waiting
                .message()
                .contains("failed calling webhook \"pods.guard.example\""),
            "{}",
            waiting.message()
        );
        ns.admit_pods().await;
        let end = run.succeeds().await;
        assert_eq!(end.attempts(), [("extract", 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_policy_that_stays_ends_the_run_as_config_and_a_webhook_that_stays_as_infra() {
    in_namespace(async |ns| {
        ns.refuse_pods("pods need an owner's label").await;
        ns.apply(pipeline("iris").set("timeouts.pending", "10s")).await;
        let end = ns.start("iris").await.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Config));
        assert!(
            end.message().contains("pods need an owner's label"),
            "{}",
            end.message()
        );
        ns.admit_pods().await;
        ns.ask_nobody_about_pods().await;
        let end = ns.start("iris").await.fails().await;
        assert_eq!(end.class(), Some(FailureClass::Infra));
        assert!(end.message().contains("pods.guard.example"), "{}", end.message());
        ns.admit_pods().await;
    })
    .await;
}
