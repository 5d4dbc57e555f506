//! Waiting by watches, each with a deadline.

use futures::StreamExt as _;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watch_object, watcher};
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::time::Duration;
use tokio::time::timeout;

/// Waits until `holds` is true of the object called `name`, which may not be there, and gives it as it is then.
pub(super) async fn until<K>(
    api: Api<K>,
    name: &str,
    what: &str,
    seconds: u64,
    mut holds: impl FnMut(Option<&K>) -> bool,
) -> Option<K>
where
    K: Resource + Clone + Debug + Serialize + DeserializeOwned + Send + 'static,
{
    let mut seen = None;
    let mut complaint = String::new();
    let watch = async {
        let mut states = std::pin::pin!(watch_object(api, name).default_backoff());
        while let Some(state) = states.next().await {
            match state {
                Ok(object) => {
                    seen = object;
                    if holds(seen.as_ref()) {
                        return true;
                    }
                }
                Err(error) => complaint = error.to_string(),
            }
        }
        false
    };
    if timeout(Duration::from_secs(seconds), watch).await == Ok(true) {
        return seen;
    }
    panic!("{what}: not within {seconds} s.{}", last(&complaint, seen.as_ref()));
}

/// Waits until `holds` is true of any of these objects, and gives that one as it is then.
pub(super) async fn any<K>(
    api: Api<K>,
    of: watcher::Config,
    what: &str,
    seconds: u64,
    mut holds: impl FnMut(&K) -> bool,
) -> K
where
    K: Resource + Clone + Debug + Serialize + DeserializeOwned + Send + 'static,
{
    let mut seen: Option<K> = None;
    let mut complaint = String::new();
    let watch = async {
        let mut events = std::pin::pin!(watcher(api, of).default_backoff());
        while let Some(event) = events.next().await {
            match event {
                Ok(Event::Apply(object) | Event::InitApply(object)) => {
                    let found = holds(&object);
                    seen = Some(object);
                    if found {
                        return true;
                    }
                }
                Ok(Event::Delete(_) | Event::Init | Event::InitDone) => {}
                Err(error) => complaint = error.to_string(),
            }
        }
        false
    };
    let found = timeout(Duration::from_secs(seconds), watch).await == Ok(true);
    match seen {
        Some(object) if found => object,
        seen => panic!("{what}: not within {seconds} s.{}", last(&complaint, seen.as_ref())),
    }
}

/// What was there at the deadline.
fn last<K: Serialize>(complaint: &str, seen: Option<&K>) -> String {
    let complaint = if complaint.is_empty() {
        String::new()
    } else {
        format!(" The watch said: {complaint}.")
    };
    let seen = seen.map_or_else(
        || "It was not there.".to_owned(),
        |object| {
            let mut object = serde_json::to_value(object).unwrap_or_default();
            if let Some(metadata) = object["metadata"].as_object_mut() {
                metadata.remove("managedFields");
            }
            format!("It was:\n{object:#}")
        },
    );
    format!("{complaint} {seen}")
}
