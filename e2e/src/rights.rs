//! What an account may do, and what it asked for: from the words of kubectl and of an audit log to sets that can be compared.
//!
//! Three sources, one form: `kubectl auth can-i --list` says what is granted, the audit log what was asked for, and
//! `operator/tests/golden/rights.txt` what was decided. Pure; the caller runs kubectl and reads the log.

use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt;

/// A verb on a kind of object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The API group; empty for the core one.
    pub group: String,
    /// The resource, with its subresource where one is meant: `jobs`, `mlpipelines/status`. `leases[own]`: the operator's own
    /// Lease only.
    pub resource: String,
    /// The verb as an authorizer sees it: `list`, not GET.
    pub verb: String,
}

/// Of these, all but the making of one is bound to the operator's own.
const LEASES: &str = "leases";
/// How the group is called that they are of.
const LEASES_GROUP: &str = "coordination.k8s.io";
/// Behind a resource of which one object is meant.
const OWN: &str = "[own]";
/// What the operator's own Lease is called, or how its name begins.
const OWN_LEASE: &str = "trainyard-operator";
/// How the golden file calls the group that has no name.
const CORE: &str = "core";

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let group = if self.group.is_empty() { CORE } else { &self.group };
        write!(f, "{} {group}/{}", self.verb, self.resource)
    }
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// All that is granted.
    pub granted: BTreeSet<Right>,
    /// Of that, what the tests see asked for; the rest leaves no trace in them.
    pub asked: BTreeSet<Right>,
}

impl Decided {
    /// All that is granted in namespaces that it looks after, but does not run in.
    pub fn granted_elsewhere(&self) -> BTreeSet<Right> {
        let granted = self.granted.iter();
        granted.filter(|right| right.group != LEASES_GROUP).cloned().collect()
    }
}

/// Reads the golden file: `group/resource: verb verb`, a verb that leaves no trace in brackets, `#` before a comment.
///
/// # Errors
/// The first line that is none of these.
pub fn decided(golden: &str) -> Result<Decided, String> {
    let mut decided = Decided::default();
    for line in golden.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let wrong = || format!("`{line}` is not `group/resource: verb verb`");
        let (place, verbs) = line.split_once(": ").ok_or_else(wrong)?;
        let (group, resource) = place.split_once('/').ok_or_else(wrong)?;
        for verb in verbs.split_whitespace() {
            let silent = verb.strip_prefix('(').and_then(|verb| verb.strip_suffix(')'));
            let right = Right {
                group: if group == CORE { String::new() } else { group.to_owned() },
                resource: resource.to_owned(),
                verb: silent.unwrap_or(verb).to_owned(),
            };
            if silent.is_none() {
                decided.asked.insert(right.clone());
            }
            decided.granted.insert(right);
        }
    }
    Ok(decided)
}

/// Reads what `kubectl auth can-i --list` writes: everything that is granted on objects, what any account may included. Take
/// away what an account without a role is granted, and what the roles grant is left.
///
/// # Errors
/// A line that is not one of that table; a right that is bound to names of objects, but for the operator's own Lease.
pub fn granted(table: &str) -> Result<BTreeSet<Right>, String> {
    let mut rights = BTreeSet::new();
    for line in table.lines().skip(1) {
        let wrong = || format!("`{line}` is not a line of `kubectl auth can-i --list`");
        let mut lists = line
            .split('[')
            .skip(1)
            .map(|list| list.split(']').next().unwrap_or_default());
        let (Some(_paths), Some(names), Some(verbs)) = (lists.next(), lists.next(), lists.next()) else {
            return Err(wrong());
        };
        // A path such as /version is no object.
        let Some(place) = line.split('[').next().map(str::trim).filter(|place| !place.is_empty()) else {
            continue;
        };
        let own = place.starts_with(LEASES) && !names.contains(' ') && names.starts_with(OWN_LEASE);
        if !names.is_empty() && !own {
            return Err(format!("`{line}` grants something on objects of some names only"));
        }
        let own = if own { OWN } else { "" };
        let (place, subresource) = match place.split_once('/') {
            Some((place, subresource)) => (place, format!("/{subresource}")),
            None => (place, String::new()),
        };
        let (resource, group) = place.split_once('.').unwrap_or((place, ""));
        rights.extend(verbs.split_whitespace().map(|verb| Right {
            group: group.to_owned(),
            resource: format!("{resource}{subresource}{own}"),
            verb: verb.to_owned(),
        }));
    }
    Ok(rights)
}

/// What of a line of the audit log is read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuditLine {
    verb: String,
    user: User,
    #[serde(rename = "requestURI", default)]
    uri: String,
    object_ref: Option<ObjectRef>,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Default, Deserialize)]
struct Annotations {
    /// `allow` or `forbid`. A quota and Pod Security refuse with the same 403, but what they refuse was allowed.
    #[serde(rename = "authorization.k8s.io/decision", default)]
    decision: String,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ObjectRef {
    resource: Option<String>,
    #[serde(default)]
    api_group: String,
    subresource: Option<String>,
    #[serde(default)]
    name: String,
}

/// Reads an audit log, one JSON object a line: everything that `user` asked for on objects, refused or not.
///
/// # Errors
/// A line that is not one of an audit log, but for the last, which may be half-written.
pub fn asked(audit_log: &str, user: &str) -> Result<BTreeSet<Right>, String> {
    let mut rights = BTreeSet::new();
    for line in lines_of(audit_log, user)? {
        // A path such as /version is no object.
        let Some(object) = line.object_ref else { continue };
        let Some(resource) = object.resource else { continue };
        let subresource = object.subresource.map(|s| format!("/{s}")).unwrap_or_default();
        let is_own = resource == LEASES && line.verb != "create" && object.name.starts_with(OWN_LEASE);
        let own = if is_own { OWN } else { "" };
        rights.insert(Right {
            group: object.api_group,
            resource: format!("{resource}{subresource}{own}"),
            verb: line.verb,
        });
    }
    Ok(rights)
}

/// Reads an audit log: verb and address of what `user` asked for without the right to.
///
/// # Errors
/// As [`asked`].
pub fn forbidden(audit_log: &str, user: &str) -> Result<Vec<String>, String> {
    let lines = lines_of(audit_log, user)?.into_iter();
    let forbidden = lines.filter(|line| line.annotations.decision == "forbid");
    Ok(forbidden.map(|line| format!("{} {}", line.verb, line.uri)).collect())
}

fn lines_of(audit_log: &str, user: &str) -> Result<Vec<AuditLine>, String> {
    let mut of_user = Vec::new();
    let mut lines = audit_log.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let read: AuditLine = match serde_json::from_str(line) {
            Ok(read) => read,
            Err(_) if lines.peek().is_none() && !audit_log.ends_with('\n') => break,
            Err(error) => return Err(format!("line {} of the audit log: {error}", number + 1)),
        };
        if read.user.username == user {
            of_user.push(read);
        }
    }
    Ok(of_user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(verb: &str, group: &str, resource: &str) -> Right {
        Right {
            group: group.to_owned(),
            resource: resource.to_owned(),
            verb: verb.to_owned(),
        }
    }

    #[test]
    fn the_golden_file_is_read() {
        let golden = include_str!("../../operator/tests/golden/rights.txt");
        let decided = decided(golden).expect("a golden file");
        assert!(decided.asked.is_subset(&decided.granted));
        let silent: Vec<_> = decided
            .granted
            .difference(&decided.asked)
            .map(Right::to_string)
            .collect();
        assert_eq!(
            silent,
            [
                "delete apps/controllerrevisions",
                "deletecollection batch/jobs",
                "patch events.k8s.io/events",
                "update trainyard.dev/mlpipelines/finalizers",
                "get trainyard.dev/pipelineruns",
                "update trainyard.dev/pipelineruns/finalizers",
            ]
        );
        for present in [
            right("watch", "batch", "jobs"),
            right("list", "", "pods"),
            right("patch", "trainyard.dev", "mlpipelines/status"),
        ] {
            assert!(decided.asked.contains(&present), "{present}");
        }
        for right in decided.granted.iter().map(Right::to_string) {
            for never in ["secrets", "configmaps", "nodes", "pods/", "create core/pods", "*"] {
                assert!(!right.contains(never), "{right}");
            }
        }
    }

    #[test]
    fn the_page_about_security_shows_what_was_decided() {
        let page = include_str!("../../docs/security.md");
        let golden = include_str!("../../operator/tests/golden/rights.txt");
        let lines: Vec<_> = golden.lines().filter(|line| !line.starts_with('#')).collect();
        let shown = format!("```\n{}\n```\n", lines.join("\n"));
        assert!(page.contains(&shown), "docs/security.md does not have\n{shown}");
    }

    #[test]
    fn a_line_without_its_form_is_an_error() {
        for line in ["jobs: get", "batch/jobs get", "batch/jobs:get"] {
            let error = decided(line).expect_err("no form");
            assert!(error.contains(line), "{error}");
        }
    }

    /// As kubectl 1.36 writes it.
    const TABLE: &str = "\
Resources                                       Non-Resource URLs                      Resource Names   Verbs
jobs.batch                                      []                                     []               [create get]
selfsubjectreviews.authentication.k8s.io        []                                     []               [create]
events.events.k8s.io                            []                                     []               [patch]
                                                [/api/*]                               []               [get]
pods                                            []                                     []               [list]
mlpipelines.trainyard.dev/status                []                                     []               [update]
";

    #[test]
    fn what_kubectl_says_is_granted() {
        let wanted = [
            right("list", "", "pods"),
            right("create", "authentication.k8s.io", "selfsubjectreviews"),
            right("create", "batch", "jobs"),
            right("get", "batch", "jobs"),
            right("patch", "events.k8s.io", "events"),
            right("update", "trainyard.dev", "mlpipelines/status"),
        ];
        assert_eq!(granted(TABLE), Ok(BTreeSet::from(wanted)));
    }

    #[test]
    fn a_right_on_one_object_is_not_taken_for_one_on_all() {
        for line in [
            "leases.coordination.k8s.io  []  [kube-scheduler]  [get]\n",
            "leases.coordination.k8s.io  []  [trainyard-operator kube-scheduler]  [get]\n",
            "secrets  []  [trainyard-operator]  [get]\n",
        ] {
            let error = granted(&format!("Resources\n{line}")).expect_err("a name");
            assert!(error.contains("objects of some names only"), "{error}");
        }
        assert!(granted("Resources\nerror: no server\n").is_err());
    }

    #[test]
    fn a_right_on_the_own_lease_is_not_one_on_any_lease() {
        let table = "Resources\nleases.coordination.k8s.io  []  [trainyard-operator]  [get update]\n";
        let own = ["get", "update"].map(|verb| right(verb, "coordination.k8s.io", "leases[own]"));
        assert_eq!(granted(table), Ok(BTreeSet::from(own.clone())));
        let line = |verb: &str, name: &str| {
            format!(
                r#"{{"verb":"{verb}","user":{{"username":"us"}},"objectRef":{{"resource":"leases","namespace":"a","name":"{name}","apiGroup":"coordination.k8s.io"}}}}"#
            ) + "\n"
        };
        let log = ["get", "update"].map(|verb| line(verb, "trainyard-operator")).concat();
        assert_eq!(asked(&log, "us"), Ok(BTreeSet::from(own)));
        let any = right("update", "coordination.k8s.io", "leases");
        assert_eq!(
            asked(&line("update", "kube-scheduler"), "us"),
            Ok(BTreeSet::from([any]))
        );
        let make = right("create", "coordination.k8s.io", "leases");
        assert_eq!(
            asked(&line("create", "trainyard-operator"), "us"),
            Ok(BTreeSet::from([make]))
        );
    }

    /// Of the real log of kube-apiserver 1.36, without what is not read.
    const LOG: &str = concat!(
        r#"{"verb":"create","user":{"username":"us"},"objectRef":{"resource":"jobs","namespace":"a","apiGroup":"batch","apiVersion":"v1"}}"#,
        "\n",
        r#"{"verb":"update","user":{"username":"us"},"objectRef":{"resource":"pipelineruns","namespace":"a","name":"r","apiGroup":"trainyard.dev","apiVersion":"v1alpha1","subresource":"status"},"responseStatus":{"code":403}}"#,
        "\n",
        r#"{"verb":"list","user":{"username":"us"},"objectRef":{"resource":"pods","namespace":"a","apiVersion":"v1"}}"#,
        "\n",
        r#"{"verb":"get","user":{"username":"us"},"requestURI":"/version"}"#,
        "\n",
        r#"{"verb":"delete","user":{"username":"them"},"objectRef":{"resource":"secrets","namespace":"a","apiVersion":"v1"}}"#,
        "\n",
    );

    #[test]
    fn what_one_account_asked_for_is_told_from_what_others_did() {
        let wanted = [
            right("list", "", "pods"),
            right("create", "batch", "jobs"),
            right("update", "trainyard.dev", "pipelineruns/status"),
        ];
        assert_eq!(asked(LOG, "us"), Ok(BTreeSet::from(wanted)));
    }

    #[test]
    fn a_right_that_is_missing_is_told_from_a_quota_that_is_full() {
        let line = |user: &str, decision: &str, uri: &str| {
            format!(
                r#"{{"verb":"create","requestURI":"{uri}","user":{{"username":"{user}"}},"responseStatus":{{"code":403}},"annotations":{{"authorization.k8s.io/decision":"{decision}"}}}}"#
            )
        };
        let log = [
            line("us", "allow", "/of-a-full-quota"),
            line("us", "forbid", "/secrets"),
            line("them", "forbid", "/nodes"),
        ]
        .join("\n");
        assert_eq!(forbidden(&log, "us"), Ok(vec!["create /secrets".to_owned()]));
        assert_eq!(forbidden(LOG, "us"), Ok(vec![]));
    }

    #[test]
    fn only_the_last_line_may_be_half_written() {
        let (whole, half) = LOG.split_at(LOG.len() - 20);
        assert!(!half.is_empty());
        assert_eq!(asked(whole, "us"), asked(LOG, "us"));
        let error = asked(&format!("{whole}\n"), "us").expect_err("half a line");
        assert!(error.starts_with("line 5 of the audit log: "), "{error}");
    }
}
