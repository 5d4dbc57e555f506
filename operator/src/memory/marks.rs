//! Which entry among a pipeline's model versions was marked as the champion a moment ago.

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use trainyard_contract::ModelVersionName;

/// By the pipeline's `namespace/name`.
#[derive(Debug, Default)]
pub(crate) struct Marks(Mutex<BTreeMap<String, Mark>>);

#[derive(Debug)]
struct Mark {
    /// When it was looked for other marks.
    looked: Instant,
    champion: ModelVersionName,
    /// The name of the entry.
    entry: String,
}

/// How long a moment is.
const MOMENT: Duration = Duration::from_secs(60);

impl Marks {
    /// The entry of this champion, where that is the only one with a mark.
    pub(crate) fn of(&self, pipeline: &str, champion: &ModelVersionName) -> Option<String> {
        let marks = lock(&self.0);
        let mark = marks.get(pipeline)?;
        (mark.looked.elapsed() < MOMENT && mark.champion == *champion).then(|| mark.entry.clone())
    }

    /// This entry has the mark, and no other: that was looked up.
    pub(crate) fn looked(&self, pipeline: String, champion: ModelVersionName, entry: String) {
        let mut marks = lock(&self.0);
        marks.retain(|_, mark| mark.looked.elapsed() < MOMENT);
        let looked = Instant::now();
        let mark = Mark {
            looked,
            champion,
            entry,
        };
        marks.insert(pipeline, mark);
    }

    /// The mark has gone on from the last entry to this one.
    pub(crate) fn moved(&self, pipeline: &str, champion: ModelVersionName, entry: String) {
        if let Some(mark) = lock(&self.0).get_mut(pipeline) {
            mark.champion = champion;
            mark.entry = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_known_of_the_champion_that_has_it() {
        let version = |text| ModelVersionName::parse(text).expect("a version");
        let (old, new) = (version("model_20260301_090000"), version("model_20260302_090000"));
        let marks = Marks::default();
        marks.moved("ns/iris", new.clone(), "unknown".to_owned());
        assert_eq!(marks.of("ns/iris", &new), None, "nobody has looked");
        marks.looked("ns/iris".to_owned(), old.clone(), "iris-1".to_owned());
        assert_eq!(marks.of("ns/iris", &old).as_deref(), Some("iris-1"));
        assert_eq!(marks.of("ns/wine", &old), None);
        marks.moved("ns/iris", new.clone(), "iris-2".to_owned());
        assert_eq!(marks.of("ns/iris", &old), None);
        assert_eq!(marks.of("ns/iris", &new).as_deref(), Some("iris-2"));
    }
}
