//! The names of time zones: those of the IANA, as Kubernetes' own cron jobs have them.

use chrono_tz::TZ_VARIANTS;

/// ``did you mean `Europe/Berlin`?``, for a zone in other letters, a city without its continent, or a typing error.
pub(crate) fn meant(written: &str) -> Option<String> {
    let plain = plain(written);
    let names = || TZ_VARIANTS.iter().map(|zone| zone.name());
    let in_other_letters = names().find(|name| self::plain(name) == plain);
    let a_city = || names().find(|name| name.rsplit('/').next().is_some_and(|city| self::plain(city) == plain));
    in_other_letters.or_else(a_city).map_or_else(
        || trainyard_engine::did_you_mean(written, names()),
        |name| Some(format!("did you mean `{name}`?")),
    )
}

/// Without what people leave out or write otherwise.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_table() {
        for (written, wanted) in [
            ("UTC", None),
            ("Europe/Berlin", None),
            ("America/Argentina/Buenos_Aires", None),
            ("Etc/GMT+5", None),
            ("europe/berlin", Some("`Europe/Berlin`")),
            ("Berlin", Some("`Europe/Berlin`")),
            ("new york", Some("`America/New_York`")),
            ("America/New York", Some("`America/New_York`")),
            ("Europe/Berln", Some("`Europe/Berlin`")),
            ("Europe/", Some("`Europe/")),
            ("../etc/passwd", Some("")),
            ("", Some("")),
        ] {
            assert_eq!(written.parse::<chrono_tz::Tz>().is_ok(), wanted.is_none(), "{written}");
            if let Some(wanted) = wanted {
                let found = meant(written).unwrap_or_default();
                assert!(found.contains(wanted), "{written}: {found}");
            }
        }
        assert_eq!(meant("../etc/passwd"), None);
    }
}
