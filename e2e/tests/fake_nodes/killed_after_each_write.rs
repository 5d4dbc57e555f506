//! The operator is killed after each single write of a run's whole walk, and each write's answer is lost once: the run ends as it
//! would have, nothing is made twice, and no model is missing.

use crate::each_write::{every_write_of, turns};
use crate::shapes::{self, Shape};
use futures::future::join_all;
use std::time::Instant;
use trainyard_e2e::fault_proxy::Fault;
use trainyard_e2e::vocabulary::{Counted, on_fake_nodes_of_its_own};

/// Only these shapes, separated by commas.
const SHAPES_VARIABLE: &str = "TRAINYARD_E2E_SHAPES";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_each_write_and_with_each_answer_lost_runs_end_as_they_would() {
    on_fake_nodes_of_its_own("each", async |ns| {
        // Each walk has an operator of its own.
        ns.cluster().kill_operator().await;
        let begun = Instant::now();
        let (turns, faults) = (turns(), [Fault::Kill, Fault::LoseTheAnswer]);
        let tried = chosen()
            .into_iter()
            .map(|shape| every_write_of(ns, "killed or its answer lost", shape, &faults, &turns));
        let tried = join_all(tried).await;
        eprintln!("{:.1} s for all of them", begun.elapsed().as_secs_f64());
        // Each is written down before the first that has lost something ends the test.
        tried.iter().for_each(Counted::write_down);
        tried.iter().for_each(Counted::nothing_is_lost);
    })
    .await;
}

fn chosen() -> Vec<Shape> {
    match std::env::var(SHAPES_VARIABLE) {
        Ok(names) => names.split(',').map(shapes::named).collect(),
        Err(_) => shapes::all(),
    }
}
