//! The control groups of a cluster: every process that it ever started is in one of them, whoever its parent is.
//!
//! So none is missed when the cluster goes, and a recycled process number is never taken for one of ours. Each node has a root of
//! its own: two kubelets under one root would remove each other's pods. Both layouts of the kernel are known: one hierarchy
//! a controller (v1), and one hierarchy for all (v2).

use crate::deadline::until;
use crate::state::Name;
use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::time::Duration;

/// Where the kernel shows them.
const ROOT: &str = "/sys/fs/cgroup";
/// The hierarchy of v1 in which processes are looked up: it has no other duty, and can stop all of a node at once.
const LOOKED_UP: &str = "freezer";
/// The part of v2 that v1 machines mount beside. It controls nothing, but runc makes groups in it.
const UNIFIED: &str = "unified";
/// In v2 a group that has controllers to give to its children may hold no process itself.
const DAEMONS: &str = "daemons";
/// The part of a cluster that is no node.
const CONTROL: &str = "control";
/// From SIGKILL to the end of the last process and of its memory.
const END_WITHIN: Duration = Duration::from_secs(20);

/// The group of one part of a cluster: of the control plane, or of a node.
#[derive(Clone, Debug)]
pub(crate) struct Cgroup {
    name: String,
}

impl Cgroup {
    /// The one of what is on no node.
    pub(crate) fn of_control(cluster: &Name) -> Self {
        Self::of(cluster, CONTROL)
    }

    pub(crate) fn of(cluster: &Name, part: &str) -> Self {
        Self {
            name: format!("{}{part}", prefix(cluster)),
        }
    }

    /// All that are there of a cluster, made by this program or by an earlier one.
    pub(crate) fn all_of(cluster: &Name) -> Result<Vec<Self>> {
        let mut names = Vec::new();
        for hierarchy in hierarchies()? {
            let entries = hierarchy
                .read_dir_utf8()
                .with_context(|| format!("cannot list {hierarchy}"))?;
            for entry in entries {
                let entry = entry.with_context(|| format!("cannot list {hierarchy}"))?;
                if entry.file_name().starts_with(&prefix(cluster)) {
                    names.push(entry.file_name().to_owned());
                }
            }
        }
        names.sort();
        names.dedup();
        Ok(names.into_iter().map(|name| Self { name }).collect())
    }

    /// Its path from the root, as kubelet wants it.
    pub(crate) fn path(&self) -> String {
        format!("/{}", self.name)
    }

    /// Makes it in every hierarchy that controls something.
    pub(crate) fn create(&self) -> Result<()> {
        let all = hierarchies()?;
        for hierarchy in all.iter().filter(|one| one.file_name() != Some(UNIFIED)) {
            let folder = hierarchy.join(&self.name);
            fs::create_dir_all(&folder).with_context(|| format!("cannot make the cgroup {folder}"))?;
            if hierarchy.file_name() == Some("cpuset") {
                // A new one may use no processor and no memory until it is told to.
                for file in ["cpuset.cpus", "cpuset.mems"] {
                    let allowed = hierarchy.join(file);
                    let text = fs::read_to_string(&allowed).with_context(|| format!("cannot read {allowed}"))?;
                    write(&folder.join(file), text.trim())?;
                }
            }
        }
        if is_unified() {
            let root = Utf8Path::new(ROOT);
            let controllers = root.join("cgroup.controllers");
            let names = fs::read_to_string(&controllers).with_context(|| format!("cannot read {controllers}"))?;
            let all: Vec<_> = names.split_whitespace().map(|name| format!("+{name}")).collect();
            for folder in [root.to_owned(), root.join(&self.name)] {
                write(&folder.join("cgroup.subtree_control"), &all.join(" "))?;
            }
            let daemons = root.join(&self.name).join(DAEMONS);
            fs::create_dir_all(&daemons).with_context(|| format!("cannot make the cgroup {daemons}"))?;
        }
        Ok(())
    }

    /// The file into which a process writes its number to be in it, with all that it starts.
    pub(crate) fn entrance(&self) -> Utf8PathBuf {
        let group = self.looked_up();
        let folder = if is_unified() { group.join(DAEMONS) } else { group };
        folder.join("cgroup.procs")
    }

    /// Ends every process in it, also where it is frozen.
    pub(crate) async fn end_processes(&self) -> Result<()> {
        until(
            &format!("the end of the processes of cgroup {}", self.name),
            END_WITHIN,
            async || {
                self.thaw()?;
                let processes = self.processes()?;
                for process in &processes {
                    // One that has just ended by itself is no error.
                    let _ = kill_process(*process, Signal::KILL);
                }
                Ok(processes.is_empty().then_some(()))
            },
        )
        .await
    }

    /// Ends every process in it, and removes it.
    pub(crate) async fn remove(&self) -> Result<()> {
        self.end_processes().await?;
        until(&format!("the end of cgroup {}", self.name), END_WITHIN, async || {
            for hierarchy in hierarchies()? {
                remove_tree(&hierarchy.join(&self.name));
            }
            let mut left = hierarchies()?.into_iter().map(|hierarchy| hierarchy.join(&self.name));
            Ok((!left.any(|folder| folder.exists())).then_some(()))
        })
        .await
    }

    fn thaw(&self) -> Result<()> {
        let group = self.looked_up();
        for (file, thawed) in [("freezer.state", "THAWED"), ("cgroup.freeze", "0")] {
            if group.join(file).exists() {
                write(&group.join(file), thawed)?;
            }
        }
        Ok(())
    }

    /// The numbers of all processes in it and below it.
    fn processes(&self) -> Result<Vec<Pid>> {
        let mut numbers = Vec::new();
        let mut folders = vec![self.looked_up()];
        while let Some(folder) = folders.pop() {
            // Groups come and go while they are looked at.
            let Ok(entries) = folder.read_dir_utf8() else { continue };
            for entry in entries.flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path().to_owned());
                }
            }
            let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            for line in text.lines() {
                let number = line.parse().with_context(|| format!("{folder} lists `{line}`"))?;
                numbers.extend(Pid::from_raw(number));
            }
        }
        Ok(numbers)
    }

    fn looked_up(&self) -> Utf8PathBuf {
        let root = Utf8Path::new(ROOT);
        let hierarchy = if is_unified() {
            root.to_owned()
        } else {
            root.join(LOOKED_UP)
        };
        hierarchy.join(&self.name)
    }
}

fn prefix(cluster: &Name) -> String {
    format!("trainyard-{cluster}-")
}

fn is_unified() -> bool {
    Utf8Path::new(ROOT).join("cgroup.controllers").exists()
}

/// The root of each hierarchy, once: `cpu` is often a link to `cpu,cpuacct`.
fn hierarchies() -> Result<Vec<Utf8PathBuf>> {
    let root = Utf8Path::new(ROOT);
    if is_unified() {
        return Ok(vec![root.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in root.read_dir_utf8().with_context(|| format!("cannot list {root}"))? {
        let entry = entry.with_context(|| format!("cannot list {root}"))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push(entry.path().to_owned());
        }
    }
    Ok(found)
}

/// Removes what can be removed; the caller looks what is left.
fn remove_tree(folder: &Utf8Path) {
    let Ok(entries) = folder.read_dir_utf8() else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(entry.path());
        }
    }
    let _ = fs::remove_dir(folder);
}

fn write(path: &Utf8Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write `{text}` to {path}"))
}
