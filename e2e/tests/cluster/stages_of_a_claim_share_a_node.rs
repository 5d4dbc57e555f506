//! A `ReadWriteOnce` volume is held by one node at a time. Here two real nodes could both reach it, so Kubernetes would place pods on
//! either: stages that use one claim at the same time are on one node all the same, whichever pipelines they belong to.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use trainyard_e2e::vocabulary::{Namespace, left_out, on_two_nodes_of_its_own, pipeline};

const INSTALL: &str = "install trainyard charts/trainyard --values charts/local-images.yaml --wait --timeout 120s";
const NODES: [&str; 2] = ["node-a", "node-b"];

fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

/// From when to when a container of it ran.
fn ran(pod: &Pod) -> Option<(Timestamp, Timestamp)> {
    let containers = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ended = containers.first()?.state.as_ref()?.terminated.as_ref()?;
    Some((ended.started_at.as_ref()?.0, ended.finished_at.as_ref()?.0))
}

/// No two containers ran at the same time on two nodes.
async fn were_never_on_two_nodes_at_once(ns: &Namespace) {
    let pods = ns.list::<Pod>("trainyard.dev/run").await;
    let ran: Vec<_> = pods
        .iter()
        .map(|pod| (pod.name_any(), node_of(pod), ran(pod).unwrap()))
        .collect();
    for (one, node, (began, ended)) in &ran {
        for (other, on, (from, to)) in &ran {
            let together = began < to && from < ended;
            assert!(
                !together || node == on,
                "{one} on {node:?} and {other} on {on:?} ran at the same time"
            );
        }
    }
}

#[tokio::test]
async fn also_while_their_node_takes_no_more_pods_and_when_they_start_together() {
    if left_out("it needs a cluster of two nodes") {
        return;
    }
    on_two_nodes_of_its_own("claim", async |ns| {
        ns.helm(INSTALL).await;
        let volume = ns.volume_of_any_node("trainyard").await;
        ns.apply(pipeline("holder").misbehaves("extract", "waits:go:1")).await;
        ns.apply(pipeline("second")).await;
        let holder = ns.start("holder").await;
        let held_by = holder.stage("extract").pod_that_says(1, "waits").await;
        let held_by = node_of(&held_by).unwrap().to_owned();
        let other = NODES.into_iter().find(|node| *node != held_by).unwrap();

        // The other node has room, and could even reach the volume; the stage waits for the one that holds it.
        ns.kubectl(&format!("cordon {held_by}")).await;
        let second = ns.start("second").await;
        second.says("pod affinity").await;
        assert_eq!(node_of(&second.stage("extract").pod(1).await), None);
        volume.write("go", "");
        let (one, two) = tokio::join!(holder.succeeds(), second.succeeds());
        assert_eq!((one.attempts()[0], two.attempts()[0]), (("extract", 1), ("extract", 1)));
        // Once nobody holds it any more, the other node is as good.
        assert_eq!(node_of(&second.stage("train").pod(1).await), Some(other));
        ns.kubectl(&format!("uncordon {held_by}")).await;

        for name in ["a", "b", "c", "d"] {
            ns.apply(pipeline(name)).await;
        }
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| ns.start(name));
        let (a, b, c, d) = tokio::join!(a, b, c, d);
        tokio::join!(a.succeeds(), b.succeeds(), c.succeeds(), d.succeeds());
        were_never_on_two_nodes_at_once(ns).await;
    })
    .await;
}
