//! The signals that stop a run: Ctrl-C, SIGTERM, and a terminal that is closed.

use std::future::pending;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Who wants a run to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody at the terminal.
    CtrlC,
    /// Another program, or a terminal that was closed.
    Terminate,
}

/// Listens to them. A signal that cannot be listened to keeps its usual meaning and ends the command.
pub struct StopSignals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
}

impl StopSignals {
    /// Begins to listen.
    pub fn listen() -> Self {
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
            hang_up: signal(SignalKind::hangup()).ok(),
        }
    }

    /// The next one.
    pub async fn next(&mut self) -> Stop {
        tokio::select! {
            () = received(&mut self.interrupt) => Stop::CtrlC,
            () = received(&mut self.terminate) => Stop::Terminate,
            () = received(&mut self.hang_up) => Stop::Terminate,
        }
    }
}

async fn received(signal: &mut Option<Signal>) {
    let heard = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if heard.is_none() {
        pending::<()>().await;
    }
}
