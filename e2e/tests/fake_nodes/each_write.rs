//! Walks of a shape, each with a fault at another write, each in a namespace of its own with an operator of its own behind a proxy.
#![expect(clippy::panic, reason = "what does not hold ends the test")]

use crate::shapes::{Shape, left_running, models_lost, outcome};
use futures::FutureExt as _;
use futures::future::join_all;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use tokio::sync::Semaphore;
use trainyard_e2e::fault_proxy::Fault;
use trainyard_e2e::vocabulary::{Counted, Namespace, OwnOperator, full};

/// Walks at once: with more of them two processors are no faster.
const AT_ONCE: usize = 12;
/// Sets another number, to measure that.
const AT_ONCE_VARIABLE: &str = "TRAINYARD_E2E_AT_ONCE";

/// Turns for so many walks at once.
pub(crate) fn turns() -> Semaphore {
    let asked = std::env::var(AT_ONCE_VARIABLE)
        .ok()
        .and_then(|number| number.parse().ok());
    Semaphore::new(asked.unwrap_or(AT_ONCE))
}

/// Tries a shape with each fault at each of its writes. The walk without a fault says how many there are and how it has to end; where a
/// fault makes a walk longer, its further writes are tried too, until there is none of that number.
pub(crate) async fn every_write_of(
    ns: &Namespace,
    what: &str,
    shape: Shape,
    faults: &[Fault],
    turns: &Semaphore,
) -> Counted {
    let mut counted = Counted::of(format!("at each write, {what}: {}", shape.name));
    let undisturbed = walk(ns, shape, None, turns).await;
    let undisturbed = undisturbed.unwrap_or_else(|failure| panic!("{}, undisturbed: {failure}", shape.name));
    let wrong = undisturbed.wrong();
    assert!(wrong.is_empty(), "{}, undisturbed: {wrong:?}", shape.name);
    let last = undisturbed.writes;
    let stride = if full() { 1 } else { shape.stride };
    let cases = faults
        .iter()
        .flat_map(|fault| (1..=last).step_by(stride).map(move |write| (write, *fault)));
    let tried = cases.map(|at| async move { (at, walk(ns, shape, Some(at), turns).await) });
    for (at, ended) in join_all(tried).await {
        count(&mut counted, &undisturbed, at, ended);
    }
    for &fault in faults {
        for write in last + 1.. {
            let ended = walk(ns, shape, Some((write, fault)), turns).await;
            if !count(&mut counted, &undisturbed, (write, fault), ended) {
                break;
            }
        }
    }
    eprintln!("{}: {last} writes undisturbed, {:?}", shape.name, counted.faults);
    counted
}

/// What a walk was like.
#[derive(Debug)]
struct Walked {
    /// How each run ended.
    outcomes: Vec<String>,
    /// Writes that were committed.
    writes: usize,
    /// The faults that hit it.
    faults: Vec<(&'static str, u64)>,
    /// Jobs that were made twice.
    twice: Vec<String>,
    /// What is wrong with models.
    lost: Vec<String>,
    /// Pods that run though the runs are at their end.
    running: Vec<String>,
}

impl Walked {
    /// What cannot be right, whatever the shape.
    fn wrong(&self) -> Vec<&String> {
        [&self.twice, &self.lost, &self.running].into_iter().flatten().collect()
    }
}

/// Walks in a namespace of its own, with an operator of its own; at the write of this number this goes wrong.
async fn walk(ns: &Namespace, shape: Shape, at: Option<(usize, Fault)>, turns: &Semaphore) -> Result<Walked, String> {
    let _turn = turns.acquire().await.map_err(|error| error.to_string())?;
    let ns = ns.beside(&name(shape, at)).await;
    let operator = ns.own_operator().await;
    if let Some((write, fault)) = at {
        operator.on_write(write, fault);
    }
    // One walk that fails keeps no other from being tried.
    let walked = AssertUnwindSafe(walked(&ns, &operator, shape)).catch_unwind().await;
    walked.map_err(|panic| format!("{}\n--- the operator:\n{}", said(&*panic), operator.last_words()))
}

fn name(shape: Shape, at: Option<(usize, Fault)>) -> String {
    let shape = shape.name;
    match at {
        None => format!("{shape}-undisturbed"),
        Some((write, Fault::Kill)) => format!("{shape}-killed-after-{write}"),
        Some((write, Fault::LoseTheAnswer)) => format!("{shape}-answer-{write}-lost"),
        Some((write, Fault::Refuse(code))) => format!("{shape}-write-{write}-refused-{code}"),
        Some((write, Fault::CutWatches)) => format!("{shape}-watches-cut-at-{write}"),
        Some((write, Fault::ForgetWatches)) => format!("{shape}-watches-forgotten-at-{write}"),
    }
}

async fn walked(ns: &Namespace, operator: &OwnOperator<'_>, shape: Shape) -> Walked {
    let runs = operator.kept_up_while((shape.walk)(ns)).await;
    Walked {
        outcomes: runs.iter().map(outcome).collect(),
        writes: operator.committed().len(),
        faults: operator.faults().into_iter().collect(),
        twice: operator.jobs_made_twice(),
        lost: models_lost(ns, &runs).await,
        running: left_running(ns).await,
    }
}

/// Counts what a walk with a fault was like; whether the fault hit it.
fn count(counted: &mut Counted, undisturbed: &Walked, at: (usize, Fault), ended: Result<Walked, String>) -> bool {
    let walked = match ended {
        Ok(walked) => walked,
        Err(failure) => {
            eprintln!("{} at {at:?}: {failure}", counted.what);
            counted.ended_otherwise += 1;
            return true;
        }
    };
    let hit = !walked.faults.is_empty();
    if hit {
        counted.runs += walked.outcomes.len() as u64;
        counted.add(walked.faults.iter().copied());
    }
    let otherwise = walked
        .outcomes
        .iter()
        .zip(&undisturbed.outcomes)
        .filter(|(one, other)| one != other);
    counted.ended_otherwise += otherwise.count() as u64 + walked.running.len() as u64;
    counted.attempts_twice += walked.twice.len() as u64;
    counted.models_lost += walked.lost.len() as u64;
    if walked.outcomes != undisturbed.outcomes || !walked.wrong().is_empty() {
        eprintln!("{} at {at:?}: {walked:#?}\nundisturbed: {undisturbed:#?}", counted.what);
    }
    hit
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
}
