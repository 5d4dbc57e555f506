//! Single runs, told step by step: what a user and a host see of retries, stops, timeouts and damaged data.

use super::pipelines::{Kind, quick_retry};
use super::story::Story;
use super::world::{CREATED, End, check_end};
use trainyard_contract::Duration;
use trainyard_contract::FailureClass::{Config, Data, Infra, Timeout, Transient};
use trainyard_contract::document::DatasetPart;
use trainyard_engine::{
    Action, AttemptState, Backoff, DesiredState, Event, ModelSource, Observed, Obstacle, RetryPolicy, Run, RunPhase,
    StagePhase, StopReason, Timeouts, plan,
};

#[test]
fn a_failure_skips_everything_below_it_with_its_cause_and_nothing_beside_it() {
    use StagePhase::{Failed, Skipped, Succeeded};
    let extract = |named: &[usize]| (Kind::Extract, named.to_vec());
    let shapes = [extract(&[]), extract(&[0]), extract(&[1]), extract(&[]), extract(&[3])];
    let mut story = Story::of(&shapes, quick_retry(), Timeouts::default());
    story.ends("s0", End::Fails(Data));
    assert_eq!(story.phase(), RunPhase::Running);
    story.ends("s3", End::Success).ends("s4", End::Success);
    assert_eq!(story.phases(), [Failed, Skipped, Skipped, Succeeded, Succeeded]);
    assert_eq!(
        [story.stage("s1").message.as_str(), &story.stage("s2").message],
        ["`s0` failed"; 2]
    );
    let status = &story.world.run.status;
    assert_eq!((status.phase, status.failure_class), (RunPhase::Failed, Some(Data)));
    assert_eq!(status.message, "`s0` failed: broken");
    check_end(&story.world, status);
}

#[test]
fn a_retry_waits_from_the_end_of_the_attempt_and_is_told() {
    let mut story = Story::seed(RetryPolicy::default());
    story.waits(3).ends("s0", End::Fails(Transient));
    let end = story.world.now;
    assert_eq!(
        (story.stage("s0").phase, story.wake_at),
        (StagePhase::Retrying, Some(end.plus(Duration::from_secs(1))))
    );
    let told = |event: &&Event| {
        matches!(
            event,
            Event::Stage {
                phase: StagePhase::Retrying,
                ..
            }
        )
    };
    let wanted = Event::Stage {
        stage: story.stage("s0").name.clone(),
        phase: StagePhase::Retrying,
        attempt: 1,
        class: Some(Transient),
        message: "broken".into(),
        next: Some(end.plus(Duration::from_secs(1))),
    };
    assert_eq!(story.events.iter().filter(told).collect::<Vec<_>>(), [&wanted]);
    story.waits(1);
    assert_eq!(story.started(), ["s0/1", "s0/2"]);
    assert_eq!(
        (story.stage("s0").message.as_str(), story.last_start().recover),
        ("", false)
    );
    story
        .ends("s0", End::Fails(Transient))
        .waits(2)
        .ends("s0", End::Fails(Transient));
    assert_eq!(
        (story.stage("s0").phase, story.stage("s0").attempts),
        (StagePhase::Failed, 3)
    );
}

#[test]
fn a_lost_result_is_asked_for_again_and_costs_nothing() {
    let mut story = Story::seed(RetryPolicy {
        limit: 0,
        ..quick_retry()
    });
    story.ends("s0", End::LostResult);
    assert!(story.last_start().recover);
    assert_eq!(story.last_start().earlier_attempts, [1]);
    story.ends("s0", End::Gone).ends("s0", End::Gone).ends("s0", End::Gone);
    assert_eq!(
        story.stage("s0").message,
        "the result of attempt 4 was lost, as those before it"
    );
}

#[test]
fn every_attempt_of_train_gets_the_name_of_the_first() {
    let mut story = Story::seed(RetryPolicy::default());
    story.ends("s0", End::Success).ends("s1", End::Success);
    let first = story.last_start().given.model_version.clone().expect("a version");
    assert_eq!(first.as_str(), "model_20260223_104700");
    story.waits(5).ends("s2", End::Fails(Transient)).waits(5);
    assert_eq!(
        (story.last_start().attempt, &story.last_start().given.model_version),
        (2, &Some(first))
    );
}

#[test]
fn memory_grows_to_its_maximum_and_no_further() {
    let mut story = Story::seed(quick_retry());
    assert_eq!(story.last_start().memory, Some(100));
    story.ends("s0", End::OutOfMemory);
    assert_eq!(story.last_start().memory, Some(200));
    story.ends("s0", End::OutOfMemory);
    assert_eq!(story.stage("s0").phase, StagePhase::Failed);
}

/// The dataset is made again, checked again, and only then trained on; the earlier work on it is of no use.
#[test]
fn a_damaged_dataset_is_made_and_checked_again_before_it_is_used() {
    let mut story = Story::seed(quick_retry());
    story
        .ends("s0", End::Success)
        .ends("s1", End::Success)
        .ends("s2", End::InputChanged);
    assert_eq!(story.started(), ["s0/1", "s1/1", "s2/1", "s0/2"]);
    assert_eq!(
        (
            story.last_start().recover,
            story.last_start().earlier_attempts.as_slice()
        ),
        (false, &[][..])
    );
    story.ends("s0", End::Success).ends("s1", End::Success);
    assert_eq!(story.started()[4..], ["s1/2", "s2/2"]);
    let input = story.last_start().input.clone().expect("an input");
    assert_eq!(
        (input.folder.as_str(), input.sha256.as_str()),
        ("runs/r1-5f0c2a91/s0/2", "s0-2")
    );
    story
        .ends("s2", End::InputChanged)
        .ends("s0", End::Success)
        .ends("s1", End::Success);
    story.ends("s2", End::InputChanged);
    let train = story.stage("s2");
    assert_eq!((train.phase, train.attempts), (StagePhase::Failed, 3));
    assert!(
        train.message.contains("still not what its digest says"),
        "{}",
        train.message
    );
}

/// The rows that `train` held out are damaged: it writes them again, and the model that it has made stays.
#[test]
fn damaged_held_out_rows_are_written_again_for_the_judge() {
    let shapes = [
        (Kind::Extract, vec![]),
        (Kind::Train, vec![0]),
        (Kind::Evaluate, vec![1]),
    ];
    let mut story = Story::of(&shapes, quick_retry(), Timeouts::default());
    story.ends("s0", End::Success).ends("s1", End::Success);
    let start = story.last_start().clone();
    let input = start.input.expect("an input");
    assert_eq!(
        (input.part, input.folder.as_str()),
        (DatasetPart::Holdout, "runs/r1-5f0c2a91/s1/1")
    );
    assert!(matches!(start.model, Some(ModelSource::Version(_))));
    let version = story.stage("s1").model_version.clone();
    story.ends("s2", End::InputChanged).ends("s1", End::Success);
    assert_eq!(story.started(), ["s0/1", "s1/1", "s2/1", "s1/2", "s2/2"]);
    assert_eq!(story.stage("s1").model_version, version);
    let input = story.last_start().input.clone().expect("an input");
    assert_eq!(
        (input.folder.as_str(), input.sha256.as_str()),
        ("runs/r1-5f0c2a91/s1/2", "s1-2")
    );
    story.ends("s2", End::Success);
    assert_eq!(story.phases(), [StagePhase::Succeeded; 3]);
}

#[test]
fn a_dataset_that_does_not_pass_the_second_time_is_not_trained_on() {
    use StagePhase::{Failed, Skipped, Succeeded};
    let mut story = Story::seed(quick_retry());
    story
        .ends("s0", End::Success)
        .ends("s1", End::Success)
        .ends("s2", End::InputChanged);
    story.ends("s0", End::Success).ends("s1", End::Fails(Data));
    assert_eq!(story.phases(), [Succeeded, Failed, Skipped, Skipped]);
    assert_eq!(story.stage("s2").message, "`s1` failed");
}

#[test]
fn a_stop_ends_what_runs_starts_nothing_and_cannot_be_taken_back() {
    use StagePhase::{Running, Stopped, Succeeded};
    let mut story = Story::seed(quick_retry());
    story.ends("s0", End::Success);
    story.world.begin(1);
    story.wants(DesiredState::Stopped);
    assert_eq!((story.phase(), story.stage("s1").phase), (RunPhase::Stopping, Running));
    assert_eq!(story.stops.first(), Some(&StopReason::Requested));
    story.wants(DesiredState::Running);
    assert_eq!(story.phase(), RunPhase::Stopping);
    story.ends("s1", End::Killed);
    assert_eq!(
        (story.phase(), story.phases()),
        (RunPhase::Stopped, vec![Succeeded, Stopped, Stopped, Stopped])
    );
    assert_eq!(story.world.champion, None);
}

#[test]
fn a_suspended_run_lets_attempts_end_and_starts_none() {
    let mut story = Story::seed(quick_retry());
    story.wants(DesiredState::Suspended).ends("s0", End::Success);
    assert_eq!(
        (story.phase(), story.started()),
        (RunPhase::Suspended, vec!["s0/1".to_owned()])
    );
    story.wants(DesiredState::Running);
    assert_eq!(
        (story.phase(), story.started()),
        (RunPhase::Running, vec!["s0/1".to_owned(), "s1/1".to_owned()])
    );
}

#[test]
fn a_run_that_takes_too_long_is_stopped_and_failed() {
    use StagePhase::{Failed, Skipped, Succeeded};
    let mut story = Story::seed(quick_retry());
    story.ends("s0", End::Success);
    story.world.begin(1);
    story.ask();
    story.waits(6 * 3_600);
    assert_eq!(
        (story.phase(), story.stops.first()),
        (RunPhase::Stopping, Some(&StopReason::RunTimeout))
    );
    story.ends("s1", End::Killed);
    assert_eq!(story.phases(), [Succeeded, Failed, Skipped, Skipped]);
    let status = &story.world.run.status;
    assert_eq!((status.phase, status.failure_class), (RunPhase::Failed, Some(Timeout)));
    assert_eq!(status.message, "the run took longer than 6h (`timeouts.run`)");
    assert_eq!(story.stage("s1").failure_class, Some(Timeout));
}

#[test]
fn a_run_whose_time_is_over_in_a_retry_wait_names_the_last_failure() {
    use StagePhase::{Failed, Skipped};
    let slow_retry = RetryPolicy {
        backoff: Backoff {
            initial: Duration::from_secs(60),
            ..Backoff::default()
        },
        ..RetryPolicy::default()
    };
    let timeouts = Timeouts {
        run: Duration::from_secs(30),
        ..Timeouts::default()
    };
    let shapes = [(Kind::Extract, vec![]), (Kind::Extract, vec![0])];
    let mut story = Story::of(&shapes, slow_retry, timeouts);
    story.ends("s0", End::Fails(Transient)).waits(30);
    assert_eq!(story.phases(), [Failed, Skipped]);
    assert_eq!(story.stage("s0").failure_class, Some(Timeout));
    let wanted = "the run took longer than 30s (`timeouts.run`); its last attempt: broken";
    assert_eq!(story.stage("s0").message, wanted);
}

#[test]
fn an_attempt_that_hangs_is_stopped_some_time_after_its_own_timeout() {
    let mut story = Story::seed(quick_retry());
    story.world.begin(0);
    story.ask();
    let deadline = story.world.now.plus(Duration::from_secs(3_630));
    assert_eq!(story.wake_at, Some(deadline));
    story.waits(3_629);
    assert_eq!(story.stops, []);
    story.waits(1);
    assert_eq!(story.stops, [StopReason::StageTimeout]);
    let attempt = &mut story.world.attempts[0];
    let ending = trainyard_engine::Ending::Killed { signal: 9 };
    attempt.state = AttemptState::Ended {
        began: Some(CREATED),
        at: story.world.now,
        ending,
    };
    story.ask();
    assert_eq!((story.stage("s0").attempts, story.stage("s0").spent.limit), (2, 1));
}

#[test]
fn what_an_attempt_waited_for_is_said_no_more_once_it_runs_again() {
    let mut story = Story::seed(quick_retry());
    story.world.begin(0);
    story.ask();
    story.world.wait(0, Some(Infra));
    story.ask();
    assert_eq!(story.stage("s0").message, "there is no room for it");
    story.world.begin(0);
    story.ask();
    let stage = story.stage("s0");
    assert_eq!(
        (stage.phase, stage.failure_class, stage.message.as_str()),
        (StagePhase::Running, None, "")
    );
}

#[test]
fn what_keeps_an_attempt_from_beginning_is_said_and_then_final() {
    let mut story = Story::seed(quick_retry());
    let message = "image worker:1 cannot be pulled: 403 Forbidden";
    let obstacle = Obstacle {
        class: Config,
        message: message.into(),
    };
    story.world.attempts[0].state = AttemptState::Pending {
        waits_for: Some(obstacle),
    };
    story.ask();
    assert_eq!(
        (story.stage("s0").phase, story.stage("s0").message.as_str()),
        (StagePhase::Queued, message)
    );
    story.waits(600);
    assert_eq!(story.stops, [StopReason::PendingTimeout]);
    story.ends("s0", End::Gone);
    let stage = story.stage("s0");
    assert_eq!(
        (stage.phase, stage.failure_class, stage.attempts),
        (StagePhase::Failed, Some(Config), 1)
    );
    assert_eq!(
        stage.message,
        format!("it did not begin within 10m (`timeouts.pending`): {message}")
    );
}

#[test]
fn a_finished_run_is_left_alone_but_for_attempts_that_still_run() {
    let mut story = Story::seed(quick_retry());
    story.ends("s0", End::Fails(Data));
    assert_eq!(story.phase(), RunPhase::Failed);
    let stray = trainyard_engine::ObservedAttempt {
        attempt: 2,
        state: AttemptState::Running { began: story.world.now },
        ..story.world.attempts[0].clone()
    };
    let observed = Observed {
        attempts: vec![story.world.attempts[0].clone(), stray],
    };
    let run = Run {
        state: DesiredState::Stopped,
        ..story.world.run.clone()
    };
    let plan = plan(
        &run,
        &story.world.pipeline,
        &observed,
        story.world.now.plus(Duration::from_secs(99_999)),
    );
    assert_eq!((plan.status, plan.events, plan.wake_at), (run.status, vec![], None));
    assert!(
        matches!(plan.actions[..], [Action::StopAttempt { attempt: 2, .. }]),
        "{:?}",
        plan.actions
    );
}
