//! A slot runs exactly once: in its minute, after an operator that was down, beside runs under way, paused, edited, and with clocks
//! that are stepped. Each that did not run says why.

use serde_json::json;
use trainyard_crds::v1alpha1::{MLPipeline, MLPipelineStatus, PipelineRun};
use trainyard_e2e::vocabulary::{Namespace, PipelineManifest, on_fake_nodes_of_its_own, pipeline};

/// A day in the past is as good as any, and nobody's own schedule is due then.
const MORNING: &str = "2026-03-02T08:10:00Z";

fn hourly(name: &str, policy: &serde_json::Value) -> PipelineManifest {
    let mut schedule = json!({"cron": "@hourly"});
    schedule
        .as_object_mut()
        .unwrap()
        .extend(policy.as_object().unwrap().clone());
    pipeline(name).set("schedule", schedule).on_fake_nodes()
}

/// The status, once its last slot is this one.
async fn settled(ns: &Namespace, name: &str, last: &str) -> MLPipelineStatus {
    let is_last = |pipeline: &MLPipeline| {
        let status = pipeline.status.as_ref();
        status
            .and_then(|status| status.last_slot.as_ref())
            .is_some_and(|slot| slot.0.to_string() == last)
    };
    let found = ns
        .wait_for(name, &format!("the slot {last} of `{name}` has a fate"), is_last)
        .await;
    found.status.unwrap()
}

/// The status, once the operator has seen the schedule.
async fn seen(ns: &Namespace, name: &str) -> MLPipelineStatus {
    let is_seen = |pipeline: &MLPipeline| {
        pipeline
            .status
            .as_ref()
            .is_some_and(|status| status.next_slot.is_some())
    };
    ns.wait_for(name, &format!("the schedule of `{name}` is kept"), is_seen)
        .await
        .status
        .unwrap()
}

/// What became of the slots, a range a word: `Ran 1`, `NewerSlot 2`.
fn fates(status: &MLPipelineStatus) -> Vec<String> {
    let ranges = status.slots.iter().map(|range| {
        let what = range.reason.map_or("Ran".to_owned(), |reason| format!("{reason:?}"));
        format!("{what} {}", range.count)
    });
    ranges.collect()
}

/// The runs that its schedule has started, oldest first.
async fn runs(ns: &Namespace, name: &str) -> Vec<String> {
    let runs = ns
        .list::<PipelineRun>(&format!("trainyard.dev/pipeline={name},trainyard.dev/trigger=Schedule"))
        .await;
    let mut names: Vec<_> = runs.iter().map(|run| run.metadata.name.clone().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_slot_runs_in_its_minute_and_once() {
    on_fake_nodes_of_its_own("slots", async |ns| {
        ns.cluster().set_clock(MORNING);
        let berlin = json!({"cron": "30 10 * * *", "timeZone": "Europe/Berlin"});
        ns.apply(hourly("iris", &json!({}))).await;
        ns.apply(pipeline("daily").set("schedule", berlin).on_fake_nodes())
            .await;
        assert_eq!(
            seen(ns, "iris").await.next_slot.unwrap().0.to_string(),
            "2026-03-02T09:00:00Z"
        );
        // In winter Berlin is an hour ahead.
        assert_eq!(
            seen(ns, "daily").await.next_slot.unwrap().0.to_string(),
            "2026-03-02T09:30:00Z"
        );
        ns.cluster().set_clock("2026-03-02T08:59:58Z");
        let status = settled(ns, "iris", "2026-03-02T09:00:00Z").await;
        assert_eq!(status.next_slot.as_ref().unwrap().0.to_string(), "2026-03-02T10:00:00Z");
        let run = ns.run("iris-20260302-0900").await;
        run.succeeds().await;
        let object = ns.api::<PipelineRun>().get(run.name()).await.unwrap();
        assert_eq!(object.spec.slot.as_deref(), Some("2026-03-02T09:00:00Z"));

        // A clock that goes back raises nothing again; one that goes forward raises what it passes once.
        ns.cluster().set_clock("2026-03-02T08:30:00Z");
        ns.cluster().set_clock("2026-03-02T09:40:00Z");
        let status = settled(ns, "daily", "2026-03-02T09:30:00Z").await;
        assert_eq!(fates(&status), ["Ran 1"]);
        ns.run("daily-20260302-0930").await.succeeds().await;
        assert_eq!(runs(ns, "iris").await, ["iris-20260302-0900"]);

        // Somebody deletes the run: its slot has run.
        ns.kubectl("delete prun iris-20260302-0900 --wait").await;
        ns.cluster().kill_operator().await;
        ns.cluster().start_operator();
        ns.cluster().set_clock("2026-03-02T10:00:30Z");
        settled(ns, "iris", "2026-03-02T10:00:00Z").await;
        assert_eq!(runs(ns, "iris").await, ["iris-20260302-1000"]);
        let listed = ns.kubectl("get mlp iris").await;
        assert!(listed.contains("2026-03-02T11:00:00Z"), "{listed}");
    })
    .await;
}

#[tokio::test]
async fn what_was_missed_runs_as_it_was_agreed() {
    on_fake_nodes_of_its_own("missed", async |ns| {
        ns.cluster().set_clock(MORNING);
        for (name, policy) in [
            ("latest", json!({})),
            ("skip", json!({"missedRuns": "Skip"})),
            ("all", json!({"missedRuns": "All"})),
            (
                "deadline",
                json!({"missedRuns": "All", "concurrencyPolicy": "Allow", "startingDeadlineSeconds": 7_000}),
            ),
        ] {
            ns.apply(hourly(name, &policy)).await;
            seen(ns, name).await;
        }
        ns.cluster().kill_operator().await;
        ns.cluster().set_clock("2026-03-02T11:30:00Z");
        ns.cluster().start_operator();
        let noon = "2026-03-02T11:00:00Z";
        assert_eq!(fates(&settled(ns, "latest", noon).await), ["NewerSlot 2", "Ran 1"]);
        assert_eq!(runs(ns, "latest").await, ["latest-20260302-1100"]);
        assert_eq!(fates(&settled(ns, "skip", noon).await), ["Late 3"]);
        assert_eq!(runs(ns, "skip").await, [""; 0]);
        // One after the other: the next waits for the end of the one before.
        assert_eq!(fates(&settled(ns, "all", noon).await), ["Ran 3"]);
        assert_eq!(runs(ns, "all").await.len(), 3);
        assert_eq!(
            fates(&settled(ns, "deadline", noon).await),
            ["DeadlinePassed 1", "Ran 2"]
        );
        assert_eq!(runs(ns, "deadline").await.len(), 2);
        let missed = ns.kubectl("describe mlp latest").await;
        let said =
            "missed 2 runs that were due from 2026-03-02T09:00:00Z to 2026-03-02T10:00:00Z: a newer slot was due";
        assert!(missed.contains(said), "{missed}");
    })
    .await;
}

/// A slot's run has one name only: where another run has it, that slot says so, and the later ones go on.
#[tokio::test]
async fn a_name_that_another_pipeline_s_run_has_costs_its_slot_only() {
    on_fake_nodes_of_its_own("taken", async |ns| {
        ns.cluster().set_clock(MORNING);
        ns.apply(pipeline("other").on_fake_nodes()).await;
        for name in ["all", "latest"] {
            ns.start_named(&format!("{name}-20260302-0900"), "other").await;
        }
        ns.apply(hourly("all", &json!({"missedRuns": "All"}))).await;
        ns.apply(hourly("latest", &json!({}))).await;
        for name in ["all", "latest"] {
            seen(ns, name).await;
        }
        ns.cluster().set_clock("2026-03-02T09:00:01Z");
        for name in ["all", "latest"] {
            let status = settled(ns, name, "2026-03-02T09:00:00Z").await;
            assert_eq!(fates(&status), ["NameTaken 1"]);
        }
        ns.cluster().set_clock("2026-03-02T10:00:01Z");
        for name in ["all", "latest"] {
            let status = settled(ns, name, "2026-03-02T10:00:00Z").await;
            assert_eq!(fates(&status), ["NameTaken 1", "Ran 1"]);
            assert_eq!(runs(ns, name).await, [format!("{name}-20260302-1000")]);
            let missed = ns.kubectl(&format!("describe mlp {name}")).await;
            let said = format!("another run has its name, `{name}-20260302-0900`");
            assert_eq!(missed.matches(&said).count(), 1, "{missed}");
        }
    })
    .await;
}

/// A token whose run cannot be made cuts off each pass; the slots are kept all the same.
#[tokio::test]
async fn a_token_that_cannot_start_its_run_keeps_no_slot_back() {
    on_fake_nodes_of_its_own("token", async |ns| {
        ns.cluster().set_clock(MORNING);
        ns.apply(pipeline("other").on_fake_nodes()).await;
        ns.apply(pipeline("iris").on_fake_nodes()).await;
        // The name follows from the token: the next pipeline of this name would call its run so too.
        let name = ns.trigger("iris", "now").await.name().to_owned();
        ns.kubectl("delete mlp iris --wait").await;
        ns.wait_for_end_of::<PipelineRun>(&name).await;
        ns.start_named(&name, "other").await;
        ns.apply(hourly("iris", &json!({})).set("trigger", "now")).await;
        let says_so = |pipeline: &MLPipeline| {
            let status = pipeline.status.as_ref();
            status.is_some_and(|status| status.message.starts_with("the run of `spec.trigger` is not started"))
        };
        ns.wait_for("iris", "it says that the token's run is not there", says_so)
            .await;
        for hour in ["09", "10"] {
            ns.cluster().set_clock(&format!("2026-03-02T{hour}:00:01Z"));
            settled(ns, "iris", &format!("2026-03-02T{hour}:00:00Z")).await;
            ns.run(&format!("iris-20260302-{hour}00")).await.succeeds().await;
        }
        assert_eq!(runs(ns, "iris").await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_run_under_way_is_left_alone_or_replaced_as_it_was_agreed() {
    on_fake_nodes_of_its_own("beside", async |ns| {
        ns.cluster().set_clock(MORNING);
        for (name, policy) in [
            ("forbid", json!({})),
            ("allow", json!({"concurrencyPolicy": "Allow"})),
            ("replace", json!({"concurrencyPolicy": "Replace"})),
        ] {
            ns.apply(hourly(name, &policy).misbehaves("train", "sleep:600:1")).await;
            seen(ns, name).await;
        }
        ns.cluster().set_clock("2026-03-02T09:00:01Z");
        for name in ["forbid", "allow", "replace"] {
            let run = ns.run(&format!("{name}-20260302-0900")).await;
            run.stage("train").reaches(trainyard_engine::StagePhase::Running).await;
        }
        ns.cluster().set_clock("2026-03-02T10:00:01Z");
        let ten = "2026-03-02T10:00:00Z";
        assert_eq!(fates(&settled(ns, "forbid", ten).await), ["Ran 1", "RunActive 1"]);
        assert_eq!(fates(&settled(ns, "allow", ten).await), ["Ran 2"]);
        assert_eq!(fates(&settled(ns, "replace", ten).await), ["Ran 2"]);
        ns.run("replace-20260302-0900").await.is_stopped().await;
        assert_eq!(runs(ns, "forbid").await.len(), 1);
        assert_eq!(runs(ns, "allow").await.len(), 2);
        assert_eq!(runs(ns, "replace").await.len(), 2);
        let skipped = ns.kubectl("describe mlp forbid").await;
        assert!(
            skipped.contains("skipped the run that was due at 2026-03-02T10:00:00Z: an earlier run was not at its end"),
            "{skipped}"
        );

        // No run is stopped for a slot that can have none.
        ns.apply(pipeline("other").on_fake_nodes()).await;
        ns.start_named("replace-20260302-1100", "other").await;
        let running = ns.run("replace-20260302-1000").await;
        running
            .stage("train")
            .reaches(trainyard_engine::StagePhase::Running)
            .await;
        ns.cluster().set_clock("2026-03-02T11:00:01Z");
        let status = settled(ns, "replace", "2026-03-02T11:00:00Z").await;
        assert_eq!(fates(&status), ["Ran 2", "NameTaken 1"]);
        let object = ns.api::<PipelineRun>().get(running.name()).await.unwrap();
        assert_eq!(object.spec.state, None);
    })
    .await;
}

/// A run that somebody deletes, and makes again, in the very moment in which the schedule stops it is not the one that was meant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_made_again_under_its_name_is_not_stopped_in_place_of_the_one_before() {
    on_fake_nodes_of_its_own("again", async |ns| {
        ns.cluster().kill_operator().await;
        let ns = &ns.beside("replaced").await;
        let operator = ns.own_operator().await;
        ns.set_clock(MORNING);
        operator.start();
        let replace = hourly("replace", &json!({"concurrencyPolicy": "Replace"}));
        ns.make(&replace.misbehaves("train", "sleep:600:1")).await;
        ns.make(&pipeline("other").on_fake_nodes()).await;
        seen(ns, "replace").await;
        ns.set_clock("2026-03-02T09:00:01Z");
        let first = ns.run("replace-20260302-0900").await;
        first
            .stage("train")
            .reaches(trainyard_engine::StagePhase::Running)
            .await;
        operator.let_overtake("patch", "pipelineruns");
        ns.set_clock("2026-03-02T10:00:01Z");
        operator.holds_a_request().await;
        ns.kubectl("delete prun replace-20260302-0900 --wait").await;
        let again = ns.start_named("replace-20260302-0900", "replace").await;
        // The end of a run is written by a patch too: with it the one that is held goes on.
        ns.start("other").await.succeeds().await;
        let status = settled(ns, "replace", "2026-03-02T10:00:00Z").await;
        assert_eq!(fates(&status), ["Ran 1", "RunActive 1"]);
        let object = ns.api::<PipelineRun>().get(again.name()).await.unwrap();
        assert_eq!(object.spec.state, None);
    })
    .await;
}

/// A clock that was a year ahead for a moment must not silence a schedule for a year, and no slot runs twice for it.
#[tokio::test]
async fn after_a_clock_that_was_far_ahead_the_schedule_says_so_and_begins_anew_when_it_is_resumed() {
    on_fake_nodes_of_its_own("ahead", async |ns| {
        ns.cluster().set_clock(MORNING);
        let keeps_few = json!({"successfulRuns": 1});
        ns.apply(hourly("iris", &json!({})).set("retention", keeps_few)).await;
        seen(ns, "iris").await;
        let far = "2027-03-02T10:00:00Z";
        ns.cluster().set_clock(far);
        settled(ns, "iris", far).await;
        let ahead = ns.run("iris-20270302-1000").await;
        ahead.succeeds().await;
        ns.cluster().set_clock("2026-03-02T08:30:00Z");
        let says_so = |pipeline: &MLPipeline| {
            let status = pipeline.status.as_ref();
            status.is_some_and(|status| status.message.contains("nothing until 2027-03-02T10:00:00Z"))
        };
        ns.wait_for("iris", "it says why nothing starts", says_so).await;
        // Newer runs than it: retention keeps one, and it, whose slot has yet to come.
        let newer = ns.trigger("iris", "a").await;
        newer.succeeds().await;
        ns.trigger_newer("iris", "b").await.succeeds().await;
        ns.wait_for_end_of::<PipelineRun>(newer.name()).await;

        ns.kubectl("annotate mlp iris trainyard.dev/paused=").await;
        let paused = |pipeline: &MLPipeline| {
            let status = pipeline.status.as_ref();
            status.is_some_and(|status| status.message.contains("is paused by the annotation"))
        };
        ns.wait_for("iris", "the pause is said", paused).await;
        ns.kubectl("annotate mlp iris trainyard.dev/paused-").await;
        let goes_on = |pipeline: &MLPipeline| {
            let status = pipeline.status.as_ref();
            let next = status.and_then(|status| status.next_slot.as_ref());
            next.is_some_and(|next| next.0.to_string() == "2026-03-02T09:00:00Z")
        };
        let resumed = ns.wait_for("iris", "it goes on", goes_on).await;
        assert_eq!(resumed.status.unwrap().message, "");
        for hour in ["09", "10", "11"] {
            ns.cluster().set_clock(&format!("2026-03-02T{hour}:00:01Z"));
            settled(ns, "iris", &format!("2026-03-02T{hour}:00:00Z")).await;
            ns.run(&format!("iris-20260302-{hour}00")).await.succeeds().await;
        }
        // Its time has come: it has its run, whatever retention would have removed meanwhile.
        ns.wait_for_end_of::<PipelineRun>("iris-20260302-0900").await;
        ns.cluster().set_clock("2027-03-02T10:00:01Z");
        settled(ns, "iris", far).await;
        let still = ns.run("iris-20270302-1000").await;
        assert_eq!(still.uid(), ahead.uid());
    })
    .await;
}

#[tokio::test]
async fn neither_a_pause_nor_an_edit_raises_old_slots() {
    on_fake_nodes_of_its_own("pause", async |ns| {
        ns.cluster().set_clock(MORNING);
        ns.apply(hourly("iris", &json!({}))).await;
        seen(ns, "iris").await;
        // Nobody has touched Git: the annotation alone pauses it.
        ns.kubectl("annotate mlp iris trainyard.dev/paused=warehouse-moves")
            .await;
        let paused = |pipeline: &MLPipeline| {
            let status = pipeline.status.as_ref();
            status.is_some_and(|status| status.next_slot.is_none() && status.message.ends_with("warehouse-moves"))
        };
        ns.wait_for("iris", "the pause is said", paused).await;
        ns.cluster().set_clock("2026-03-02T10:30:00Z");
        ns.apply(hourly("iris", &json!({"suspend": true}))).await;
        ns.kubectl("annotate mlp iris trainyard.dev/paused-").await;
        let suspended = |pipeline: &MLPipeline| {
            let status = pipeline.status.as_ref();
            status.is_some_and(|status| status.message == "the schedule is suspended by `spec.schedule.suspend`")
        };
        ns.wait_for("iris", "Git holds it still", suspended).await;
        ns.apply(hourly("iris", &json!({}))).await;
        let resumed = settled(ns, "iris", "2026-03-02T10:00:00Z").await;
        assert_eq!(fates(&resumed), ["Paused 2"]);
        assert_eq!(resumed.message, "");
        assert_eq!(resumed.next_slot.unwrap().0.to_string(), "2026-03-02T11:00:00Z");

        // An hour that the new expression has, and that is past.
        ns.apply(hourly("iris", &json!({"cron": "15 * * * *"}))).await;
        let edited = |pipeline: &MLPipeline| {
            let next = pipeline.status.as_ref().and_then(|status| status.next_slot.as_ref());
            next.is_some_and(|next| next.0.to_string() == "2026-03-02T11:15:00Z")
        };
        ns.wait_for("iris", "the new expression is kept", edited).await;
        assert_eq!(runs(ns, "iris").await, [""; 0]);
    })
    .await;
}
