//! The API server's audit log: who asked for what, and what came of it.

use crate::cluster::Cluster;
use crate::operator::OPERATOR;
use serde::Deserialize;
use std::fs;

/// A request that the API server has answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    stage: String,
    verb: String,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    object_ref: Object,
    #[serde(default)]
    response_status: Answer,
    #[serde(rename = "requestReceivedTimestamp")]
    received: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    code: u16,
}

impl Request {
    /// Whether it was to do `verb` to `resource`, as `create`, `jobs` or `update`, `pipelineruns/status`.
    pub fn is(&self, verb: &str, resource: &str) -> bool {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        self.verb == verb && self.object_ref.resource == resource && self.object_ref.subresource == subresource
    }

    /// Whether the operator asked.
    pub fn by_operator(&self) -> bool {
        self.user_agent.starts_with(OPERATOR)
    }

    /// Whether it would change something.
    pub fn writes(&self) -> bool {
        !["get", "list", "watch"].contains(&self.verb.as_str())
    }

    /// Whether it was about a Lease.
    pub fn is_of_lease(&self) -> bool {
        self.object_ref.resource == "leases"
    }

    /// Whether it was done.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.response_status.code)
    }

    /// The namespace of the object; empty where it has none.
    pub fn namespace(&self) -> &str {
        &self.object_ref.namespace
    }

    /// The object's name.
    pub fn name(&self) -> &str {
        &self.object_ref.name
    }

    /// When it came, as RFC 3339 with microseconds: the order of texts is the order of times.
    pub fn received(&self) -> &str {
        &self.received
    }
}

impl Cluster {
    /// Everything that was asked of its API server and has been answered, in the order of the answers.
    pub fn audit(&self) -> Vec<Request> {
        let log = self.audit_log();
        let requests = log.lines().filter_map(|line| serde_json::from_str(line).ok());
        requests
            .filter(|request: &Request| request.stage == "ResponseComplete")
            .collect()
    }

    /// The log itself, a JSON line for each.
    pub(super) fn audit_log(&self) -> String {
        self.needs("the API server's audit log");
        let path = self.state().audit_log();
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}
