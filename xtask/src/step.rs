//! The steps of a task: each under a heading and with its time, all of them tried, the sum of them at the end.
#![expect(
    clippy::print_stdout,
    reason = "headings and the closing lines are what this task is run for"
)]

use anyhow::Result;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// One thing that can succeed or fail by itself.
pub(crate) struct Step {
    /// What it looks at, in a few words.
    pub(crate) name: &'static str,
    /// Does it.
    pub(crate) run: fn() -> Result<Checked>,
}

/// How much of a step was done.
pub(crate) enum Checked {
    /// Everything.
    Whole,
    /// All but this, which this machine does not allow; said loudly at the end.
    AllBut(String),
}

/// Runs every step, failed ones before it or not. 0 when all succeeded, else 1.
pub(crate) fn run_all(steps: &[Step]) -> ExitCode {
    let ended: Vec<_> = steps.iter().map(run_one).collect();
    println!("\n=== summary");
    for (step, (result, time)) in steps.iter().zip(&ended) {
        println!("{}", line(step.name, result, *time));
    }
    let failed = ended.iter().filter(|(result, _)| result.is_err()).count();
    println!("{} passed, {failed} failed", steps.len() - failed);
    ExitCode::from(u8::from(failed > 0))
}

fn run_one(step: &Step) -> (Result<Checked>, Duration) {
    println!("\n=== {}", step.name);
    let start = Instant::now();
    let result = (step.run)();
    let time = start.elapsed();
    println!("{}", line(step.name, &result, time));
    (result, time)
}

fn line(name: &str, result: &Result<Checked>, time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match result {
        Ok(Checked::Whole) => format!("passed  {seconds:7.1} s  {name}"),
        Ok(Checked::AllBut(what)) => format!("passed  {seconds:7.1} s  {name}; NOT CHECKED: {what}"),
        Err(error) => format!("FAILED  {seconds:7.1} s  {name}: {error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_stops_no_other_and_fails_the_task() {
        use std::sync::atomic::{AtomicU32, Ordering};
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let good = Step {
            name: "good",
            run: || {
                RUNS.fetch_add(1, Ordering::Relaxed);
                Ok(Checked::Whole)
            },
        };
        let bad = Step {
            name: "bad",
            run: || anyhow::bail!("no"),
        };
        assert_eq!(run_all(&[bad, good]), ExitCode::from(1));
        assert_eq!(RUNS.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn what_was_not_checked_is_said() {
        let all_but = Ok(Checked::AllBut("the moon".to_owned()));
        assert_eq!(
            line("sky", &all_but, Duration::from_millis(1_500)),
            "passed      1.5 s  sky; NOT CHECKED: the moon"
        );
    }
}
