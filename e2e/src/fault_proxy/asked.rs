//! What an operator asks the API server for, by method and path.

use super::orders::WRITES;
use hyper::{Method, Uri};

/// A request: the verb in Kubernetes' own words, and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `create`, `update`, `patch`, `delete`, `get`, `list` or `watch`.
    pub verb: &'static str,
    /// The plural of the kind, with the subresource: `jobs`, `pipelineruns/status`.
    pub resource: String,
    /// The object's name; empty where the path has none.
    pub name: String,
}

impl Asked {
    /// From `/api/v1/…` or `/apis/GROUP/VERSION/…`, with or without a namespace.
    pub(super) fn of(method: &Method, uri: &Uri) -> Self {
        let mut parts = uri.path().split('/').filter(|part| !part.is_empty());
        match parts.next() {
            Some("apis") => drop(parts.nth(1)),
            _ => drop(parts.next()),
        }
        let mut parts = parts.peekable();
        if parts.peek() == Some(&"namespaces") {
            parts.nth(1);
        }
        let mut next = || parts.next().unwrap_or_default().to_owned();
        let (mut resource, name, subresource) = (next(), next(), next());
        if !subresource.is_empty() {
            resource = format!("{resource}/{subresource}");
        }
        let watches = uri.query().is_some_and(|query| query.contains("watch=true"));
        let verb = match *method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE => "delete",
            _ if watches => "watch",
            _ if name.is_empty() => "list",
            _ => "get",
        };
        Self { verb, resource, name }
    }

    /// Whether it would change something.
    pub fn is_write(&self) -> bool {
        WRITES.contains(&self.verb)
    }

    /// Whether another one is of the same verb and kind.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.verb == other.verb && self.resource == other.resource
    }

    /// Whether its answer goes on for long.
    pub fn is_watch(&self) -> bool {
        self.verb == "watch"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verb_kind_and_name_follow_from_method_and_path() {
        for (method, path, want) in [
            (
                "GET",
                "/apis/batch/v1/namespaces/ns/jobs?labelSelector=x",
                ("list", "jobs", ""),
            ),
            (
                "GET",
                "/api/v1/pods?watch=true&resourceVersion=5",
                ("watch", "pods", ""),
            ),
            ("POST", "/apis/batch/v1/namespaces/ns/jobs?", ("create", "jobs", "")),
            (
                "PUT",
                "/apis/trainyard.dev/v1alpha1/namespaces/ns/pipelineruns/r1/status",
                ("update", "pipelineruns/status", "r1"),
            ),
            (
                "DELETE",
                "/apis/batch/v1/namespaces/ns/jobs/j1",
                ("delete", "jobs", "j1"),
            ),
            (
                "GET",
                "/api/v1/namespaces/ns/persistentvolumeclaims/c",
                ("get", "persistentvolumeclaims", "c"),
            ),
        ] {
            let asked = Asked::of(&method.parse().expect("a method"), &path.parse().expect("a path"));
            assert_eq!((asked.verb, &*asked.resource, &*asked.name), want, "{path}");
        }
    }
}
