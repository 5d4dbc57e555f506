//! The Lease, as it was read and as it is to be written. Its times are for people: no decision here goes by another machine's clock.

use super::identity::Identity;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::ObjectMeta;
use std::time::Duration;

/// A Lease that the API server has shown. What else is on it, such as labels, is kept when it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record(pub(super) Lease);

impl Record {
    /// Who holds it; nobody after a release.
    pub(super) fn holder(&self) -> Option<&str> {
        let holder = self.0.spec.as_ref()?.holder_identity.as_deref();
        holder.filter(|holder| !holder.is_empty())
    }

    /// How long its holder said that it is good without a change; `otherwise` when it does not say.
    pub(super) fn lasts(&self, otherwise: Duration) -> Duration {
        let said = self.0.spec.as_ref().and_then(|spec| spec.lease_duration_seconds);
        let said = said.and_then(|seconds| u64::try_from(seconds).ok());
        said.map_or(otherwise, Duration::from_secs)
    }

    /// Another one for each change.
    pub(super) fn version(&self) -> &str {
        self.0.metadata.resource_version.as_deref().unwrap_or_default()
    }

    /// One that nobody has made yet.
    pub(super) fn created(name: &str, by: &Identity, lease: Duration, now: MicroTime) -> Lease {
        let nobodys = Self(Lease {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            spec: None,
        });
        nobodys.held_by(by, lease, now)
    }

    /// This one, taken or renewed.
    pub(super) fn held_by(&self, holder: &Identity, lease: Duration, now: MicroTime) -> Lease {
        let mut held = self.0.clone();
        let is_new = self.holder() != Some(holder.name());
        let spec = held.spec.get_or_insert_with(LeaseSpec::default);
        if is_new {
            let first = self.0.spec.is_none();
            spec.lease_transitions = Some(
                spec.lease_transitions
                    .map_or(i32::from(!first), |count| count.saturating_add(1)),
            );
            spec.acquire_time = Some(now.clone());
        }
        spec.holder_identity = Some(holder.name().to_owned());
        spec.lease_duration_seconds = i32::try_from(lease.as_secs()).ok();
        spec.renew_time = Some(now);
        held
    }

    /// This one, held by nobody.
    pub(super) fn freed(&self) -> Lease {
        let mut freed = self.0.clone();
        if let Some(spec) = &mut freed.spec {
            spec.holder_identity = None;
        }
        freed
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use k8s_openapi::jiff::Timestamp;
    use std::collections::BTreeMap;

    const LEASE: Duration = Duration::from_secs(15);

    pub(in super::super) fn me() -> Identity {
        Identity::new(None, "me", "1")
    }

    /// A Lease of this holder in this version, which lasts 15 s.
    pub(in super::super) fn record(version: &str, holder: Option<&str>) -> Record {
        Record(Lease {
            metadata: ObjectMeta {
                resource_version: Some(version.to_owned()),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: holder.map(str::to_owned),
                lease_duration_seconds: Some(15),
                lease_transitions: Some(3),
                ..LeaseSpec::default()
            }),
        })
    }

    fn at(second: i64) -> MicroTime {
        MicroTime(Timestamp::from_second(second).expect("a time"))
    }

    #[test]
    fn who_takes_it_is_counted_who_renews_it_is_not_and_labels_stay() {
        let mut seen = record("7", Some("other_1"));
        seen.0.metadata.labels = Some(BTreeMap::from([("team".to_owned(), "ml".to_owned())]));
        let taken = Record(seen.held_by(&me(), LEASE, at(100)));
        let spec = taken.0.spec.clone().expect("a spec");
        assert_eq!((taken.holder(), spec.lease_transitions), (Some("me_1"), Some(4)));
        assert_eq!((spec.acquire_time, spec.renew_time), (Some(at(100)), Some(at(100))));
        let renewed = Record(taken.held_by(&me(), LEASE, at(105)));
        let spec = renewed.0.spec.clone().expect("a spec");
        assert_eq!((renewed.holder(), spec.lease_transitions), (Some("me_1"), Some(4)));
        assert_eq!((spec.acquire_time, spec.renew_time), (Some(at(100)), Some(at(105))));
        // It is written on the version that was read, or not at all.
        assert_eq!(renewed.0.metadata, seen.0.metadata);
        let freed = Record(renewed.freed());
        assert_eq!((freed.holder(), freed.version()), (None, "7"));
    }

    #[test]
    fn the_first_holder_is_no_change_of_holders() {
        let created = Record::created("trainyard-operator", &me(), LEASE, at(1));
        let spec = created.spec.expect("a spec");
        assert_eq!(
            (spec.lease_transitions, spec.lease_duration_seconds),
            (Some(0), Some(15))
        );
        assert_eq!(created.metadata.resource_version, None);
    }

    #[test]
    fn an_empty_holder_is_none_and_a_duration_that_nobody_said_is_ours() {
        assert_eq!(record("1", Some("")).holder(), None);
        let mut silent = record("1", Some("other_1"));
        silent.0.spec.as_mut().expect("a spec").lease_duration_seconds = None;
        assert_eq!(silent.lasts(LEASE), LEASE);
    }
}
