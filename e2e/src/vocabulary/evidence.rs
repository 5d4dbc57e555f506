//! What is printed of a namespace whose test failed: enough to see why, without the cluster.

use super::{Namespace, kubectl};
use crate::operator;

/// What kubectl is asked.
const QUESTIONS: [&str; 7] = [
    "get mlpipelines,pipelineruns,modelversions,jobs,pods,persistentvolumeclaims,resourcequotas --output wide",
    "get events --sort-by=.metadata.creationTimestamp",
    "get pipelineruns --output yaml",
    "get mlpipelines --output yaml",
    "describe jobs,pods",
    "logs --selector trainyard.dev/run --all-containers --prefix --tail 40",
    // Where the test has installed an operator of its own.
    "logs --selector app.kubernetes.io/name=trainyard --prefix --tail 40",
];
/// Of each answer, and of the operator's log: the rest is rarely the reason.
const LINES_MAX: usize = 300;

/// Prints it on standard error.
pub(super) async fn print(namespace: &Namespace) {
    eprintln!("--- everything in namespace {}", namespace.name());
    for question in QUESTIONS {
        let words: Vec<_> = ["--namespace", namespace.name()]
            .into_iter()
            .chain(question.split(' '))
            .collect();
        let said = kubectl::run(namespace.cluster(), "kubectl", &words, "").await;
        eprintln!("--- kubectl {question}\n{}{}", last_lines(&said.out), said.errors);
    }
    let log = operator::log(namespace.cluster().state());
    let about = log.lines().filter(|line| line.contains(namespace.name()));
    let about: Vec<_> = about.collect();
    eprintln!("--- the operator\n{}", last_lines(&about.join("\n")));
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES_MAX)..].join("\n")
}
