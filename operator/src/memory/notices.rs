//! Causes that only events tell (a quota, an admission webhook, a volume that cannot be mounted, an image under way).

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use trainyard_engine::Obstacle;

/// What was found and when it was looked for, by the run's `namespace/name` and the Job's uid.
#[derive(Debug, Default)]
pub(crate) struct Notices(Mutex<BTreeMap<String, BTreeMap<String, Notice>>>);

/// How far an attempt is that waits: what was noticed of an earlier one it waits for no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Its Job has no pod yet.
    WithoutPod,
    /// Its pod has no node yet.
    WithoutNode,
    /// Its pod has a node.
    OnNode,
    /// It does not wait, or it says itself for what.
    ForItself,
}

/// What events said when they were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// What the attempt waits for.
    Cause(Obstacle),
    /// What it waited for is over.
    Over,
    /// No event tells anything.
    Nothing,
}

#[derive(Debug)]
struct Notice {
    stands: Stands,
    looked: Option<Instant>,
    looks: u32,
    /// How often in a row it was to be looked and could not.
    put_off: u32,
    found: Option<Obstacle>,
}

/// Between two looks at the events of a Job.
const LONGEST: Duration = Duration::from_secs(60);

impl Notices {
    /// How long until the events of a Job should be looked at (again): the first time at once, then ever more rarely.
    pub(crate) fn due_in(&self, run: &str, job: &str) -> Duration {
        let all = lock(&self.0);
        let Some(notice) = all.get(run).and_then(|jobs| jobs.get(job)) else {
            return Duration::ZERO;
        };
        let wait = Duration::from_secs(3).saturating_mul(1 << notice.looks.min(6));
        let since = notice.looked.map_or(LONGEST, |looked| looked.elapsed());
        wait.min(LONGEST).saturating_sub(since)
    }

    /// How far the attempt of a Job is now. What was noticed before it came so far is forgotten.
    pub(crate) fn stands(&self, run: &str, job: &str, now: Stands) {
        if let Some(jobs) = lock(&self.0).get_mut(run) {
            jobs.retain(|known, notice| known != job || notice.stands == now);
        }
    }

    /// The events of a Job were looked at. What was found before stays when they say nothing now: events expire.
    pub(crate) fn looked(&self, run: &str, job: &str, stands: Stands, told: Told) {
        let mut all = lock(&self.0);
        let notice = notice(&mut all, run, job, stands);
        notice.looked = Some(Instant::now());
        notice.looks += 1;
        notice.put_off = 0;
        match told {
            Told::Cause(cause) => notice.found = Some(cause),
            Told::Over => notice.found = None,
            Told::Nothing => {}
        }
    }

    /// The events of a Job were to be looked at, but could not be read now. When to try again: ever later, so that many that wait do
    /// not all come at once.
    pub(crate) fn put_off(&self, run: &str, job: &str, stands: Stands) -> Duration {
        let mut all = lock(&self.0);
        let notice = notice(&mut all, run, job, stands);
        let wait = Duration::from_secs(2).saturating_mul(1 << notice.put_off.min(5));
        notice.put_off += 1;
        wait.min(LONGEST)
    }

    /// What is known of a Job.
    pub(crate) fn of(&self, run: &str, job: &str) -> Option<Obstacle> {
        lock(&self.0).get(run)?.get(job)?.found.clone()
    }

    /// The run is gone, or finished.
    pub(crate) fn forget(&self, run: &str) {
        lock(&self.0).remove(run);
    }
}

/// What is known of a Job, from now on.
fn notice<'a>(
    all: &'a mut BTreeMap<String, BTreeMap<String, Notice>>,
    run: &str,
    job: &str,
    stands: Stands,
) -> &'a mut Notice {
    let jobs = all.entry(run.to_owned()).or_default();
    jobs.entry(job.to_owned()).or_insert(Notice {
        stands,
        looked: None,
        looks: 0,
        put_off: 0,
        found: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trainyard_contract::FailureClass;

    #[test]
    fn what_is_put_off_is_tried_again_ever_later_until_it_is_looked_at() {
        let notices = Notices::default();
        let put_off = || notices.put_off("ns/run", "job", Stands::WithoutPod).as_secs();
        assert_eq!([put_off(), put_off(), put_off()], [2, 4, 8]);
        assert_eq!(notices.due_in("ns/run", "job"), Duration::ZERO, "it was not looked");
        let longest = (0..9).map(|_| put_off()).max();
        assert_eq!(longest, Some(60));
        notices.looked("ns/run", "job", Stands::WithoutPod, Told::Nothing);
        assert_eq!(put_off(), 2);
    }

    #[test]
    fn what_was_noticed_lasts_as_long_as_the_attempt_stands_there() {
        let cause = Obstacle {
            class: FailureClass::Infra,
            message: "no volume yet".to_owned(),
        };
        let found = || Told::Cause(cause.clone());
        let known = || Some(cause.clone());
        let notices = Notices::default();
        assert_eq!(notices.due_in("ns/run", "job"), Duration::ZERO);
        notices.looked("ns/run", "job", Stands::WithoutNode, found());
        notices.looked("ns/run", "other", Stands::WithoutPod, found());
        assert!(notices.due_in("ns/run", "job") > Duration::ZERO);
        // Events expire.
        notices.looked("ns/run", "job", Stands::WithoutNode, Told::Nothing);
        notices.stands("ns/run", "job", Stands::WithoutNode);
        assert_eq!(notices.of("ns/run", "job"), known());
        notices.looked("ns/run", "job", Stands::WithoutNode, Told::Over);
        assert_eq!(notices.of("ns/run", "job"), None);
        assert!(
            notices.due_in("ns/run", "job") > Duration::ZERO,
            "it is not asked at every pass"
        );
        notices.looked("ns/run", "job", Stands::WithoutNode, found());
        notices.stands("ns/run", "job", Stands::OnNode);
        assert_eq!(notices.of("ns/run", "job"), None);
        assert_eq!(notices.due_in("ns/run", "job"), Duration::ZERO);
        assert_eq!(notices.of("ns/run", "other"), known());
    }
}
