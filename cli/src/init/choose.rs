//! What becomes of each column, and why. Pure: the same profile gives the same choices.

use super::write::can_be_in_a_condition;
use crate::progress::grouped;
use trainyard_worker::model::{PREDICTION, PROBABILITY_PREFIX};
use trainyard_worker::profile::{ColumnProfile, SaysTarget, TableProfile, TargetClasses, Texts};

/// With fewer rows nothing is held out: a score of so few rows says nothing.
const ROWS_TO_SPLIT: u64 = 50;
/// The same where only one class has more rows than these.
const CLASS_ROWS_TO_SPLIT: u64 = 5;
/// A target of more classes than this needs so many rows of each; else it is a key or a measurement.
const CLASSES_OF_FEW_ROWS: usize = 20;
/// See [`CLASSES_OF_FEW_ROWS`].
const ROWS_A_CLASS: u64 = 5;
/// Texts with more different values are no categories.
const CATEGORIES_MAX: u64 = 1_000;
/// Texts of which more than one in so many is new are no categories.
const ROWS_A_CATEGORY: u64 = 2;
/// Columns with up to so many categories are encoded whole.
pub const FEW_CATEGORIES: u64 = 20;
/// Of a column of which more of a hundred cells are missing little can be learned.
const MISSING_PERCENT_MAX: u64 = 95;
/// Where fewer values were looked at, that they all differ says nothing.
const KEY_ROWS_MIN: u64 = 20;
/// A column that is called a key is none with fewer different values.
const NAMED_KEY_VALUES_MIN: u64 = 5;
/// Of a hundred rows at least and at most so many may be held out by a key.
const HELD_OUT_PERCENT: std::ops::RangeInclusive<u64> = 10..=35;
/// Each value must stand in so many rows, on average, to say something.
const ROWS_A_VALUE: u64 = 10;
/// The solver takes no larger number.
const NUMBER_MAX: f64 = trainyard_worker::logistic::FEATURE_MAX;
/// Words among numbers that are told.
const WORDS_MAX: usize = 3;
/// With fewer rows of the rarer classes it may be by chance that a column says the class.
const RARER_ROWS_MIN: u64 = 10;
/// The longest name that a manifest takes.
const NAME_MAX: usize = 253;

/// The choices.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<'a> {
    /// The column that is to be predicted.
    pub target: &'a ColumnProfile,
    /// Its classes, the most frequent first, each with its rows.
    pub classes: Vec<(String, u64)>,
    /// Features that are numbers.
    pub numbers: Vec<&'a ColumnProfile>,
    /// Features that are categories.
    pub texts: Vec<&'a ColumnProfile>,
    /// Columns that are no features, in the table's order, each with the reason.
    pub left_out: Vec<(&'a str, String)>,
    /// Columns among these that would give the answer away.
    pub say_target: Vec<&'a str>,
    /// Columns among these of numbers that are not read as such.
    pub unread_numbers: Vec<&'a str>,
    /// Which rows are held out.
    pub split: Split<'a>,
}

/// Which rows are held out, and why so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Split<'a> {
    /// By a key.
    Hash {
        /// The column.
        column: &'a str,
    },
    /// By chance, each class alike.
    Random,
    /// None.
    Nothing {
        /// Why.
        reason: String,
    },
}

/// Why there is no plan, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// What becomes of the columns of a table whose target was looked at.
///
/// # Errors
/// The target is none, or no column is left to learn from.
pub fn choose<'a>(profile: &'a TableProfile, target: &'a ColumnProfile) -> Result<Plan<'a>, Refusal> {
    let classes = classes(profile, target)?;
    if target.missing > 0 && !can_be_in_a_condition(&target.name) {
        return Err(Refusal {
            message: format!(
                "`{}` has rows without a class, and a name that no condition can say",
                target.name
            ),
            hint: "give the column a name without ` or without \"".to_owned(),
        });
    }
    let others = profile.columns.iter().filter(|column| column.name != target.name);
    let keys: Vec<&ColumnProfile> = others.filter(|column| names_something(column)).collect();
    let mut plan = Plan {
        target,
        split: split(&keys, &classes),
        classes,
        numbers: Vec::new(),
        texts: Vec::new(),
        left_out: Vec::new(),
        say_target: Vec::new(),
        unread_numbers: Vec::new(),
    };
    let most = plan.classes.first().map_or(0, |(_, rows)| *rows);
    let rarer_rows: u64 = plan.classes.iter().map(|(_, rows)| rows).sum::<u64>() - most;
    for column in &profile.columns {
        if column.name == target.name {
            continue;
        }
        if let Some(reason) = why_left_out(column, profile.rows) {
            plan.left_out.push((&column.name, reason));
        } else if let Some(reason) = how_it_says(column, target, rarer_rows) {
            plan.left_out.push((&column.name, reason));
            plan.say_target.push(&column.name);
        } else if let Some(reason) = why_not_read_as_numbers(column) {
            plan.left_out.push((&column.name, reason));
            plan.unread_numbers.push(&column.name);
        } else if column.is_text() {
            plan.texts.push(column);
        } else {
            plan.numbers.push(column);
        }
    }
    if plan.numbers.is_empty() && plan.texts.is_empty() {
        let reasons = plan.left_out.iter().map(|(name, reason)| format!("`{name}` {reason}"));
        return Err(Refusal {
            message: "no column is left to learn from".to_owned(),
            hint: reasons.collect::<Vec<_>>().join("; "),
        });
    }
    Ok(plan)
}

fn classes(profile: &TableProfile, target: &ColumnProfile) -> Result<Vec<(String, u64)>, Refusal> {
    let refused = |message: String, hint: &str| {
        let message = format!("`{}` {message}", target.name);
        let hint = hint.to_owned();
        Err(Refusal { message, hint })
    };
    let another = "name a column of a few classes, such as yes and no, with --target";
    let found = profile.target.as_ref().map(|found| &found.classes);
    let classes = match found {
        Some(TargetClasses::Few(classes)) => classes,
        Some(TargetClasses::Fractions) => {
            let hint = "logistic regression predicts classes: turn the number into classes, such as high and low, or name another column";
            return refused(
                "holds numbers with a fraction: it is a measurement, not a class".to_owned(),
                hint,
            );
        }
        Some(TargetClasses::TooMany) | None => {
            let message = "has more than 1,000 different values: it is a key or a measurement, not a class";
            return refused(message.to_owned(), another);
        }
    };
    let rows: u64 = classes.iter().map(|(_, rows)| rows).sum();
    match classes.as_slice() {
        [] => refused("has no value in any row".to_owned(), another),
        [(only, _)] => refused(
            format!("has one class only, `{only}`"),
            "there is nothing to tell apart: name another column, or add rows of another class",
        ),
        several if several.len() > CLASSES_OF_FEW_ROWS && rows < ROWS_A_CLASS * several.len() as u64 => refused(
            format!(
                "has {} different values in {}: it is a key or a measurement, not a class",
                grouped(several.len() as u64),
                counted(rows, "row")
            ),
            another,
        ),
        _ => Ok(classes.clone()),
    }
}

fn split<'a>(keys: &[&'a ColumnProfile], classes: &[(String, u64)]) -> Split<'a> {
    let rows: u64 = classes.iter().map(|(_, rows)| rows).sum();
    if rows < ROWS_TO_SPLIT {
        let reason = format!("{} with a class: too few to hold some out", counted(rows, "row"));
        return Split::Nothing { reason };
    }
    // A model of many classes is judged although it saw one of them hardly ever.
    if let Some((label, rows)) = classes.get(1).filter(|(_, rows)| *rows < CLASS_ROWS_TO_SPLIT) {
        let reason = format!(
            "{} of the class `{label}`: too few to hold some out",
            counted(*rows, "row")
        );
        return Split::Nothing { reason };
    }
    let is_good = |column: &&&ColumnProfile| {
        // Words that hardly ever come twice are rather a coincidence.
        let often = is_named_key(&column.name) || column.distinct * 10 <= column.looked_at * 9;
        // A key of few things, or of one that most rows belong to, would hold out far more or less than a fifth.
        let holds_out_enough = column.key_split.is_some_and(|split| {
            let percent = split.held_out * 100 / column.looked_at.max(1);
            split.every_class_is_kept && split.several_classes_are_held_out && HELD_OUT_PERCENT.contains(&percent)
        });
        column.missing == 0 && often && holds_out_enough
    };
    match keys.iter().find(is_good) {
        Some(key) => Split::Hash { column: &key.name },
        None => Split::Random,
    }
}

/// Why a column is no feature.
fn why_left_out(column: &ColumnProfile, rows: u64) -> Option<String> {
    let ColumnProfile {
        missing,
        distinct,
        looked_at,
        ..
    } = column;
    if column.name.len() > NAME_MAX {
        return Some("has a longer name than a manifest takes".to_owned());
    }
    if column.name == PREDICTION || column.name.starts_with(PROBABILITY_PREFIX) {
        return Some("has the name of an answer: rename it to use it, and for `trainyard predict`".to_owned());
    }
    if column.there == 0 {
        let which = if *missing < rows { " with a class" } else { "" };
        return Some(format!("has no value in any row{which}"));
    }
    if column.constant && (*missing == 0 || !column.is_text()) {
        let value = column.examples.first().map_or("", String::as_str);
        let place = if *missing == 0 {
            "in every row"
        } else {
            "wherever it has one"
        };
        return Some(format!("has the same value {place}, `{value}`"));
    }
    if column.infinite > 0 {
        return Some(format!(
            "holds infinite numbers, {} of them, which no model can take",
            column.infinite
        ));
    }
    if column
        .range
        .is_some_and(|(least, most)| least < -NUMBER_MAX || most > NUMBER_MAX)
    {
        return Some(format!(
            "holds numbers beyond {NUMBER_MAX:e}, too large to compute with"
        ));
    }
    if column.texts == Texts::Dates {
        return Some("holds dates: what a date means, such as an age, has to be worked out first".to_owned());
    }
    if is_named_key(&column.name) && *distinct >= NAMED_KEY_VALUES_MIN {
        return Some("names something and describes nothing".to_owned());
    }
    if missing * 100 > rows * MISSING_PERCENT_MAX {
        return Some(format!("is missing in {} of {} rows", grouped(*missing), grouped(rows)));
    }
    if why_not_read_as_numbers(column).is_some() {
        return None;
    }
    let is_key = column.all_different() && *looked_at >= KEY_ROWS_MIN;
    if is_key && (column.is_text() || is_numbering(column)) {
        return Some("is another in every row: a key, not a feature".to_owned());
    }
    if column.is_text() && has_many_texts(column) {
        return Some(format!(
            "has {} different texts, too many to be categories",
            grouped(*distinct)
        ));
    }
    None
}

/// How a column gives the target away, if it does.
fn how_it_says(column: &ColumnProfile, target: &ColumnProfile, rarer_rows: u64) -> Option<String> {
    let name = &target.name;
    let says_much = column.looked_at >= ROWS_A_VALUE * column.distinct && column.looked_at * 2 >= target.looked_at;
    match column.says_target {
        SaysTarget::ByPresence => Some(format!("gives `{name}` away: it has a value in rows of one class only")),
        // A number of many values says the class of most of its rows by being unlike all others.
        SaysTarget::ByValue if column.distinct <= FEW_CATEGORIES && rarer_rows >= RARER_ROWS_MIN && says_much => Some(
            format!("gives `{name}` away: each of its values goes with one class only"),
        ),
        SaysTarget::ByValue | SaysTarget::No => None,
    }
}

/// Why a column of numbers is read as texts, where there are too many of them for categories.
fn why_not_read_as_numbers(column: &ColumnProfile) -> Option<String> {
    if !column.is_text() || column.distinct <= FEW_CATEGORIES {
        return None;
    }
    if column.texts == Texts::OtherNumbers {
        let example = column.examples.first().map_or("", String::as_str);
        return Some(format!(
            "holds numbers such as `{example}`: a number is read with a point, and without a unit"
        ));
    }
    let words = column.words_among_numbers.as_ref()?;
    (words.len() <= WORDS_MAX).then(|| {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        format!(
            "holds numbers and {}: name such words in `nullValues` of extract to have them read as missing",
            words.join(", ")
        )
    })
}

/// `1 row`, `5,000 rows`.
pub fn counted(count: u64, thing: &str) -> String {
    let plural = match (count, thing) {
        (1, _) => "",
        (_, "class") => "es",
        _ => "s",
    };
    format!("{} {thing}{plural}", grouped(count))
}

/// Whether a column says whose row it is: by its name, or as words of which there are too many to be categories.
fn names_something(column: &ColumnProfile) -> bool {
    let is_word = |text: &String| !text.contains(char::is_whitespace) && text.contains(char::is_alphabetic);
    let many_words = column.is_text()
        && column.texts == Texts::Words
        && has_many_texts(column)
        && column.examples.iter().all(is_word);
    !column.constant && (is_named_key(&column.name) || many_words)
}

/// Whether there are too many different texts for categories.
fn has_many_texts(column: &ColumnProfile) -> bool {
    let often_new = column.distinct * ROWS_A_CATEGORY > column.looked_at && column.distinct > FEW_CATEGORIES;
    column.distinct > CATEGORIES_MAX || often_new
}

/// Whole numbers that are another in every row, and lie so close that they were given out one after the other.
fn is_numbering(column: &ColumnProfile) -> bool {
    let spread = column.range.map_or(f64::INFINITY, |(least, most)| most - least);
    column.is_whole() && column.all_looked_at() && spread < 2.0 * column.looked_at as f64
}

/// Whether a name is that of a key: `id`, `customer_id`, `userId`, `uuid`.
fn is_named_key(name: &str) -> bool {
    const KEYS: [&str; 6] = ["id", "uuid", "guid", "key", "rowid", "index"];
    let trimmed = name.trim();
    let lower = trimmed.to_lowercase();
    let last = lower.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    KEYS.contains(&last) || trimmed.ends_with("Id") || trimmed.ends_with("ID")
}

#[cfg(test)]
mod tests;
