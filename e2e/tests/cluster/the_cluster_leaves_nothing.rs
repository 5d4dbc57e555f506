//! A cluster goes without a trace, also one that was cut off on its way up.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The harness's own command.
fn harness(words: &str, name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trainyard-cluster"));
    let words = words.split_whitespace().chain(["--name", name]);
    command.args(words).stdin(Stdio::null());
    command
}

fn succeeds(mut command: Command) {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}

/// Everything of a cluster of this name that is still on the machine, found without the harness's own knowledge.
fn traces(name: &str) -> Vec<String> {
    let folder = format!("/var/lib/trainyard-e2e/{name}");
    let mut traces = processes_with(&format!("{folder}/"));
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    traces.extend(
        mounts
            .lines()
            .filter(|mount| mount.contains(&format!("{folder}/")))
            .map(str::to_owned),
    );
    let networks = names_in("/run/netns").into_iter();
    traces.extend(networks.filter(|network| network.starts_with(&format!("trainyard-{name}"))));
    let hierarchies = [vec![String::new()], names_in("/sys/fs/cgroup")].concat();
    for hierarchy in hierarchies {
        let groups = names_in(&format!("/sys/fs/cgroup/{hierarchy}")).into_iter();
        traces.extend(groups.filter(|group| group.starts_with(&format!("trainyard-{name}-"))));
    }
    if fs::exists(&folder).unwrap() {
        traces.push(folder);
    }
    traces
}

fn names_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

/// Command lines that name a path below the folder. One that has ended and that nobody has asked for its end has none.
fn processes_with(folder: &str) -> Vec<String> {
    let processes = names_in("/proc").into_iter().filter(|name| name.parse::<u32>().is_ok());
    let lines = processes.filter_map(|process| fs::read_to_string(format!("/proc/{process}/cmdline")).ok());
    lines
        .map(|line| line.replace('\0', " "))
        .filter(|line| line.contains(folder))
        .collect()
}

fn kill(child: &mut Child) {
    // SIGKILL: it cannot tidy up.
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn down_leaves_nothing_behind() {
    succeeds(harness("up", "gone"));
    let up = traces("gone");
    for part in [
        "kubelet",
        "containerd",
        "kube-apiserver",
        "trainyard-gone",
        "/var/lib/trainyard-e2e/gone",
    ] {
        assert!(up.iter().any(|trace| trace.contains(part)), "no {part} in {up:?}");
    }
    succeeds(harness("down", "gone"));
    assert_eq!(traces("gone"), Vec::<String>::new());
}

#[test]
fn down_leaves_nothing_behind_after_up_was_killed() {
    let mut up = harness("up", "killed")
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let kubelet = "/var/lib/trainyard-e2e/killed/processes/kubelet-a";
    let began = Instant::now();
    while !fs::exists(kubelet).unwrap() {
        assert!(up.try_wait().unwrap().is_none(), "it ended before it could be killed");
        assert!(
            began.elapsed() < Duration::from_secs(120),
            "no kubelet after two minutes"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    kill(&mut up);
    assert!(!fs::exists("/var/lib/trainyard-e2e/killed/ready.json").unwrap());
    assert!(
        traces("killed").iter().any(|trace| trace.contains("kubelet")),
        "nothing to tidy up"
    );
    succeeds(harness("down", "killed"));
    assert_eq!(traces("killed"), Vec::<String>::new());
}
