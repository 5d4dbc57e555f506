//! Kubernetes and what belongs to it, built from source through the Go module proxy: nothing prebuilt is downloaded.
//!
//! Each group is a Go module of ours in `e2e/binaries/<group>` that requires one version of upstream's, since their dependencies
//! contradict each other. To move to another version: `go get MODULE@VERSION` in that folder, then
//! `go build -mod=mod PACKAGE` for the packages below, and commit `go.mod` and `go.sum`. For `k8s.io/kubernetes` the
//! `replace` lines go along: v1.X.Y is v0.X.Y there.

use crate::{cache, command::command};
use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

/// Programs that are built from one `go.mod`.
struct Group {
    /// The folder in `e2e/binaries`.
    name: &'static str,
    /// The name of each program and the Go package it is made from.
    programs: &'static [(&'static str, &'static str)],
}

/// All of them, in the order in which they are built.
const GROUPS: [Group; 11] = [
    Group {
        name: KUBERNETES,
        programs: &[
            ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
            (
                "kube-controller-manager",
                "k8s.io/kubernetes/cmd/kube-controller-manager",
            ),
            ("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler"),
            ("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
            ("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"),
            ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        ],
    },
    Group {
        name: "etcd",
        programs: &[("etcd", "go.etcd.io/etcd/server/v3")],
    },
    Group {
        name: "containerd",
        programs: &[
            ("containerd", "github.com/containerd/containerd/v2/cmd/containerd"),
            (
                "containerd-shim-runc-v2",
                "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
            ),
            ("ctr", "github.com/containerd/containerd/v2/cmd/ctr"),
        ],
    },
    Group {
        name: CNI,
        programs: &[
            ("bridge", "github.com/containernetworking/plugins/plugins/main/bridge"),
            (
                "loopback",
                "github.com/containernetworking/plugins/plugins/main/loopback",
            ),
            (
                "host-local",
                "github.com/containernetworking/plugins/plugins/ipam/host-local",
            ),
            ("portmap", "github.com/containernetworking/plugins/plugins/meta/portmap"),
        ],
    },
    Group {
        name: "coredns",
        programs: &[("coredns", "github.com/coredns/coredns")],
    },
    Group {
        name: "local-path-provisioner",
        programs: &[("local-path-provisioner", "github.com/rancher/local-path-provisioner")],
    },
    Group {
        name: "kwok",
        programs: &[("kwok", "sigs.k8s.io/kwok/cmd/kwok")],
    },
    Group {
        name: "helm",
        programs: &[("helm", "helm.sh/helm/v3/cmd/helm")],
    },
    Group {
        name: "cel-cost",
        programs: &[("cel-cost", ".")],
    },
    Group {
        name: "kstatus",
        programs: &[("kstatus", ".")],
    },
    Group {
        name: "pause",
        programs: &[("pause", ".")],
    },
];

/// Its programs are told their version.
const KUBERNETES: &str = "kubernetes";
/// Its programs are not for people: containerd alone calls them, in their own folder.
const CNI: &str = "cni";
/// Neither symbols nor debugging data: half of the size, and nobody debugs these.
const SMALL: &str = "-s -w";

/// The built programs.
#[derive(Clone, Debug)]
pub struct Binaries {
    folders: BTreeMap<&'static str, Utf8PathBuf>,
}

impl Binaries {
    /// Builds what the cache does not have, with a line and its seconds for each program. Minutes the first time, then nothing.
    ///
    /// # Errors
    /// When `go` is missing or too old, or a module cannot be fetched.
    pub fn built() -> Result<Self> {
        let folders = GROUPS.iter().map(|group| Ok((group.name, group.built()?)));
        Ok(Self {
            folders: folders.collect::<Result<_>>()?,
        })
    }

    /// Whether the cache has all of them.
    pub(crate) fn are_built() -> Result<bool> {
        let mut names = GROUPS.iter().map(Group::cache_name);
        names.try_fold(true, |all, name| Ok(all && cache::is_prepared(&name?)?))
    }

    /// The path of a program by its name.
    ///
    /// # Panics
    /// When no group of ours builds a program of that name.
    pub fn program(&self, name: &str) -> Utf8PathBuf {
        let group = GROUPS
            .iter()
            .find(|group| group.programs.iter().any(|(program, _)| *program == name))
            .expect("the name of a program of GROUPS");
        self.folders[group.name].join(name)
    }

    /// Where containerd finds the plugins of the pod network.
    pub(crate) fn network_plugins(&self) -> &Utf8Path {
        &self.folders[CNI]
    }

    /// The programs that are called by their name, by people too.
    pub(crate) fn for_path(&self) -> impl Iterator<Item = Utf8PathBuf> {
        let groups = GROUPS.iter().filter(|group| group.name != CNI);
        groups.flat_map(|group| group.programs.iter().map(|(name, _)| self.program(name)))
    }
}

impl Group {
    fn folder(&self) -> Utf8PathBuf {
        Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("binaries")
            .join(self.name)
    }

    /// The folder in the cache that has the programs.
    fn built(&self) -> Result<Utf8PathBuf> {
        let linker_flags = self.linker_flags()?;
        cache::prepared(&self.cache_name()?, |folder| {
            for (name, package) in self.programs {
                self.build(package, &linker_flags, &folder.join(name))?;
            }
            Ok(())
        })
    }

    /// The name of that folder, which follows from all that the programs are built from.
    fn cache_name(&self) -> Result<String> {
        let mut depends_on = vec![self.linker_flags()?, std::env::consts::ARCH.to_owned()];
        for (name, package) in self.programs {
            depends_on.extend([(*name).to_owned(), (*package).to_owned()]);
        }
        for file in ["go.mod", "go.sum", "main.go"] {
            let path = self.folder().join(file);
            // A module without dependencies has no go.sum, and only programs of our own have a main.go.
            if path.exists() {
                depends_on.push(fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?);
            }
        }
        Ok(format!("binaries/{}-{}", self.name, cache::fingerprint(depends_on)))
    }

    fn build(&self, package: &str, linker_flags: &str, to: &Utf8Path) -> Result<()> {
        let start = Instant::now();
        let fixed = ["build", "-mod=readonly", "-trimpath", "-buildvcs=false"];
        let mut go = command("go", fixed);
        go.args(["-ldflags", linker_flags, "-o", to.as_str(), package])
            .current_dir(self.folder())
            // Static programs; and nobody's own settings for Go.
            .envs([("CGO_ENABLED", "0"), ("GOFLAGS", ""), ("GOWORK", "off")]);
        let status = go
            .status()
            .context("cannot start `go`: install Go 1.26.6 or newer, https://go.dev/dl")?;
        if !status.success() {
            bail!(
                "`go build {package}` in e2e/binaries/{} ended with {status}: its complaint stands above",
                self.name
            );
        }
        let program = to.file_name().unwrap_or_default();
        eprintln!("{:7.1} s  built {program}", start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Kubernetes' programs call themselves v0.0.0 unless the linker tells them their version; a chart with a `kubeVersion` would be
    /// refused.
    fn linker_flags(&self) -> Result<String> {
        if self.name != KUBERNETES {
            return Ok(SMALL.to_owned());
        }
        let path = self.folder().join("go.mod");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let version = required_version(&text, "k8s.io/kubernetes")
            .with_context(|| format!("{path} requires no version of k8s.io/kubernetes"))?;
        let mut numbers = version.trim_start_matches('v').split('.');
        let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        let packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
        let stamps = packages.map(|package| {
            format!(" -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}")
        });
        Ok(SMALL.to_owned() + &stamps.concat())
    }
}

/// The version in the line `require MODULE VERSION` of a `go.mod`.
fn required_version<'a>(go_mod: &'a str, module: &str) -> Option<&'a str> {
    let mut lines = go_mod.lines().map(|line| line.trim().trim_start_matches("require "));
    lines.find_map(|line| line.strip_prefix(module)?.strip_prefix(' ')?.split(' ').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_has_its_module_and_every_module_its_group() {
        let modules = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("binaries");
        let mut found: Vec<_> = modules
            .read_dir_utf8()
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_owned())
            .collect();
        found.sort();
        let mut groups = GROUPS.map(|group| group.name.to_owned());
        groups.sort();
        assert_eq!(found, groups);
    }

    #[test]
    fn kubernetes_is_told_the_version_of_its_go_mod() {
        let flags = GROUPS[0].linker_flags().expect("the go.mod of Kubernetes");
        assert!(
            flags.contains("k8s.io/component-base/version.gitVersion=v1."),
            "{flags}"
        );
        assert!(flags.contains("k8s.io/client-go/pkg/version.gitMajor=1 "), "{flags}");
    }

    #[test]
    fn a_version_is_found_on_a_line_of_its_own_and_in_a_block() {
        for go_mod in ["require a.b/c v1.2.3 // indirect", "require (\n\ta.b/c v1.2.3\n)"] {
            assert_eq!(required_version(go_mod, "a.b/c"), Some("v1.2.3"));
            assert_eq!(required_version(go_mod, "a.b"), None);
        }
    }
}
