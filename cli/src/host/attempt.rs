//! One attempt as a process of this machine: the command's own binary with the hidden verb `worker`.
//!
//! In: the attempt's document. Out: [`Report`]s through a channel, the last of them its end. The process is a group of its
//! own, so that Ctrl-C at the terminal reaches the host alone, which then stops it by SIGTERM; when the host itself is killed,
//! the kernel sends that SIGTERM (the worker asked for it).
//!
//! Not here: what the lines mean for people (`drive`), when an attempt is started or stopped (the engine).

use rustix::process::{Pid, Signal, kill_process};
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until};
use trainyard_contract::{FailureClass, StageDocument, StageName, StageResult};
use trainyard_engine::Ending;
use trainyard_worker::attempt::{Done, Event};
use trainyard_worker::process::{DOCUMENT_VARIABLE, RESULT_VARIABLE};

/// How long an attempt may take to end itself after it was asked to.
const GRACE: Duration = Duration::from_secs(10);

/// Which attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId {
    /// Of which stage.
    pub stage: StageName,
    /// Its number, from 1.
    pub attempt: u32,
}

/// What is heard of an attempt.
#[derive(Debug)]
pub enum Report {
    /// It has come so far.
    Progress(Done),
    /// It wrote this to stderr, which only something unforeseen does.
    Stderr(String),
    /// It has ended; nothing comes after it.
    Ended(Ending),
}

/// An attempt's process, as its host holds it.
#[derive(Debug)]
pub struct RunningAttempt {
    orders: UnboundedSender<Order>,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Stop,
    Kill,
}

impl RunningAttempt {
    /// Starts the attempt and watches it until it ends. Also a start that fails is told by a [`Report`].
    ///
    /// # Panics
    /// Never: a document has only string keys.
    pub fn start(
        id: AttemptId,
        document: &StageDocument,
        threads: usize,
        reports: UnboundedSender<(AttemptId, Report)>,
    ) -> Self {
        let (orders, received) = unbounded_channel();
        let document = serde_json::to_vec(document).expect("a stage's document has only string keys");
        match spawn(threads) {
            Ok(child) => {
                tokio::spawn(watch(child, document, id, received, reports));
            }
            Err(e) => tell(&reports, &id, Report::Ended(not_started(&e))),
        }
        Self { orders }
    }

    /// Asks it to end; after a time of grace it is killed.
    pub fn stop(&self) {
        // An attempt that has ended meanwhile listens no more.
        let _ = self.orders.send(Order::Stop);
    }

    /// Kills it.
    pub fn kill(&self) {
        let _ = self.orders.send(Order::Kill);
    }
}

fn spawn(threads: usize) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["worker", "--log", "json", "--threads"])
        .arg(threads.to_string())
        .arg("--parent")
        .arg(std::process::id().to_string())
        // They would turn the worker to another document, or to a file that nobody reads.
        .env_remove(DOCUMENT_VARIABLE)
        .env_remove(RESULT_VARIABLE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

fn not_started(cause: &io::Error) -> Ending {
    Ending::NotStarted {
        class: FailureClass::Infra,
        message: format!("cannot start a process for the stage: {cause}"),
        hint: "look whether the machine has reached its limit of processes or memory (`ulimit -u`)".to_owned(),
    }
}

/// Nobody listens any more only when the host itself ends.
fn tell(reports: &UnboundedSender<(AttemptId, Report)>, id: &AttemptId, report: Report) {
    let _ = reports.send((id.clone(), report));
}

async fn watch(
    mut child: Child,
    document: Vec<u8>,
    id: AttemptId,
    mut orders: UnboundedReceiver<Order>,
    reports: UnboundedSender<(AttemptId, Report)>,
) {
    if let Some(mut stdin) = child.stdin.take() {
        // Beside the reading: a long document and a long answer would wait for each other. A worker that ended before it
        // read everything says so by its end.
        tokio::spawn(async move {
            let _ = stdin.write_all(&document).await;
        });
    }
    let mut stdout = child.stdout.take().map(|pipe| BufReader::new(pipe).lines());
    let mut stderr = child.stderr.take().map(|pipe| BufReader::new(pipe).lines());
    let mut result = None;
    let mut kill_at = None;
    let status = loop {
        tokio::select! {
            line = next_line(&mut stdout), if stdout.is_some() => match line {
                Some(line) => read(&line, &id, &mut result, &reports),
                None => stdout = None,
            },
            line = next_line(&mut stderr), if stderr.is_some() => match line {
                Some(line) => tell(&reports, &id, Report::Stderr(line)),
                None => stderr = None,
            },
            Some(order) = orders.recv() => {
                signal(&child, order);
                kill_at.get_or_insert_with(|| Instant::now() + GRACE);
            }
            () = sleep_until(kill_at.unwrap_or_else(Instant::now)), if kill_at.is_some() => {
                signal(&child, Order::Kill);
                kill_at = None;
            }
            status = child.wait(), if stdout.is_none() && stderr.is_none() => break status,
        }
    };
    tell(&reports, &id, Report::Ended(ending(result, status.ok())));
}

type Lines<T> = Option<tokio::io::Lines<BufReader<T>>>;

/// The next line; `None` at the end, and where the pipe breaks, which its end explains.
async fn next_line<T: tokio::io::AsyncRead + Unpin>(lines: &mut Lines<T>) -> Option<String> {
    lines.as_mut()?.next_line().await.ok().flatten()
}

fn read(line: &str, id: &AttemptId, result: &mut Option<StageResult>, reports: &UnboundedSender<(AttemptId, Report)>) {
    match serde_json::from_str(line) {
        Ok(Event::Progress { rows, pass, stage: _ }) => tell(reports, id, Report::Progress(Done { rows, pass })),
        Ok(Event::Result { result: told, stage: _ }) => *result = Some(told),
        // The log stands in the attempt's folder as well.
        Ok(Event::Log(_)) => {}
        Err(_) => tell(reports, id, Report::Stderr(line.to_owned())),
    }
}

fn signal(child: &Child, order: Order) {
    let signal = match order {
        Order::Stop => Signal::TERM,
        Order::Kill => Signal::KILL,
    };
    // Until it is waited for, a process keeps its number, also when it has ended.
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, signal);
    }
}

fn ending(result: Option<StageResult>, status: Option<ExitStatus>) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    if let Some(result) = result {
        return Ending::Reported(result);
    }
    match status.and_then(|status| status.signal()) {
        Some(signal) => Ending::Killed { signal },
        None => Ending::Silent {
            exit_code: status.and_then(|status| status.code()),
        },
    }
}
