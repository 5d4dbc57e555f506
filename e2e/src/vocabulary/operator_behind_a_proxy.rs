//! An operator for one namespace, behind a proxy that makes things go wrong between it and the API server.

use super::Namespace;
use crate::fault_proxy::{Committed, Fault, FaultProxy};
use crate::operator;
use crate::processes::Processes;
use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many of its last lines the operator shows when its test failed.
const LAST_LINES: usize = 40;

/// An operator that looks after one namespace only. It is killed when this is dropped.
pub struct OwnOperator<'n> {
    namespace: &'n Namespace,
    proxy: FaultProxy,
    processes: Mutex<Processes>,
    /// Its number, while it runs.
    number: Arc<Mutex<Option<Pid>>>,
}

impl Namespace {
    /// Prepares an operator for this namespace; [`OwnOperator::start`] starts it. The one of the cluster must not run.
    pub async fn own_operator(&self) -> OwnOperator<'_> {
        let proxy = FaultProxy::before(&self.cluster().kubeconfig()).await;
        let proxy = proxy.unwrap_or_else(|error| panic!("no proxy: {error:#}"));
        let number = Arc::new(Mutex::new(None));
        let killed = Arc::clone(&number);
        proxy.orders().kill_by(Box::new(move || kill(&killed)));
        OwnOperator {
            namespace: self,
            proxy,
            processes: Mutex::new(Processes::of(self.cluster().state())),
            number,
        }
    }
}

impl OwnOperator<'_> {
    /// Starts it, where it does not run. It is not waited for.
    pub fn start(&self) {
        let mut processes = self.processes();
        if lock(&self.number).is_some() {
            return;
        }
        // The kernel forgets the last one.
        processes.reap();
        let state = self.namespace.cluster().state();
        let name = operator::start_for(&mut processes, state, self.namespace.name(), &self.proxy.url());
        let name = name.unwrap_or_else(|error| panic!("the operator does not start: {error:#}"));
        *lock(&self.number) = processes.number_of(&name);
    }

    /// Ends it with SIGKILL.
    pub fn kill(&self) {
        kill(&self.number);
    }

    /// Starts it, and starts it again whenever an order has killed it, until `walk` is at its end.
    pub async fn kept_up_while<T>(&self, walk: impl Future<Output = T>) -> T {
        let mut kills = self.proxy.orders().kills();
        let keep_up = async {
            loop {
                self.start();
                if kills.changed().await.is_err() {
                    // The proxy lives as long as this.
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! {
            walked = walk => walked,
            () = keep_up => unreachable!("it is kept up for ever"),
        }
    }

    /// Does this when the write of this number has been committed, counted from 1 over all of its lives.
    pub fn on_write(&self, number: usize, fault: Fault) {
        self.proxy.orders().on_write(number, fault);
    }

    /// Kills it when so many requests, answers and events of watches more have gone by.
    pub fn kill_after_moments(&self, moments: u64) {
        self.proxy.orders().kill_after_moments(moments);
    }

    /// Waits until it has been killed so often.
    pub async fn killed(&self, times: u64) {
        let mut kills = self.proxy.orders().kills();
        // The proxy lives as long as this.
        let _ = kills.wait_for(|kills| *kills >= times).await;
    }

    /// How often it has been killed by order.
    pub fn kills(&self) -> u64 {
        *self.proxy.orders().kills().borrow()
    }

    /// The next `times` requests of these verbs are answered with this code, and not passed on.
    pub fn refuse(&self, verbs: &'static [&'static str], code: u16, times: u32) {
        self.proxy.orders().refuse(verbs, code, times);
    }

    /// It hears of changes of this kind so much later.
    pub fn delay(&self, resource: &'static str, by: Duration) {
        self.proxy.orders().delay(resource, by);
    }

    /// Its next request of this verb and kind is held until one of the same that it makes after it has been committed.
    pub fn let_overtake(&self, verb: &'static str, resource: &'static str) {
        self.proxy.orders().let_overtake(verb, resource);
    }

    /// Waits until a request is held.
    pub async fn holds_a_request(&self) {
        let mut held = self.proxy.orders().held();
        // The proxy lives as long as this.
        let _ = held.wait_for(|held| *held).await;
    }

    /// All of its writes that were committed, in all of its lives.
    pub fn committed(&self) -> Vec<Committed> {
        self.proxy.orders().committed()
    }

    /// The Jobs that it has made more than once, in all of its lives.
    pub fn jobs_made_twice(&self) -> Vec<String> {
        let made = self.committed().into_iter();
        let made = made.filter(|write| write.asked.verb == "create" && write.asked.resource == "jobs");
        let mut seen = HashSet::new();
        let again = made.filter(|write| !seen.insert(write.name.clone()));
        again.map(|write| write.name).collect()
    }

    /// What went wrong by order, and how often.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.proxy.orders().faults()
    }

    /// The end of what it has logged, in all of its lives.
    pub fn last_words(&self) -> String {
        let name = format!("{}-{}", operator::OPERATOR, self.namespace.name());
        let log = fs::read_to_string(self.processes().log(&name)).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }

    fn processes(&self) -> MutexGuard<'_, Processes> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OwnOperator<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let name = self.namespace.name();
            eprintln!("--- the operator of namespace {name} said last:\n{}", self.last_words());
        }
        self.kill();
        self.processes().reap();
    }
}

fn kill(number: &Mutex<Option<Pid>>) {
    if let Some(number) = lock(number).take() {
        // It is our child, and nobody has waited for it: the number is its own.
        let _ = kill_process(number, Signal::KILL);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
