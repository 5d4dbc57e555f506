//! Did you mean …?

/// How alike two words must be (Jaro-Winkler, 0 to 1) to be offered: typing errors are above it, other words below.
const ALIKE: f64 = 0.8;

/// The one of `words` that somebody who wrote `written` probably meant; never `written` itself. Case, `_` and `-` count little.
pub(crate) fn alike<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(written);
    if plain.is_empty() {
        return None;
    }
    words
        .into_iter()
        .filter(|word| *word != written)
        .map(|word| (strsim::jaro_winkler(&plain, &self::plain(word)), word))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}

/// The longest word that is compared: the measure takes time with the square of the length.
const COMPARED_MAX: usize = 64;

fn plain(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .take(COMPARED_MAX)
        .collect::<String>()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn words_table() {
        let fields = ["dependsOn", "extract", "features", "input", "name", "train", "validate"];
        for (written, meant) in [
            ("feature", Some("features")),
            ("depends_on", Some("dependsOn")),
            ("dependson", Some("dependsOn")),
            ("Train", Some("train")),
            ("extrct", Some("extract")),
            ("validation", Some("validate")),
            ("zebra", None),
            ("", None),
            ("train", None),
        ] {
            assert_eq!(alike(written, fields), meant, "{written}");
        }
    }
}
