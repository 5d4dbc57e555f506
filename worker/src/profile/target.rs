//! The values of the column that is to be predicted: all of them, while they are few.

use crate::csv::table::{Column, Values};
use std::collections::HashMap;

/// More classes than this no model has.
const CLASSES_MAX: usize = 1_000;
/// Classes that are compared one by one before they are looked up: most targets have no more.
const FEW: usize = 8;

/// What the target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetProfile {
    /// Its classes.
    pub classes: TargetClasses,
}

/// The values of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetClasses {
    /// Each with its rows, the most frequent first.
    Few(Vec<(String, u64)>),
    /// Numbers with a fraction: a measurement.
    Fractions,
    /// More than a model tells apart.
    TooMany,
}

/// What was seen so far.
#[derive(Default)]
pub(super) struct TargetSummary {
    first: Vec<(Class, u64)>,
    others: HashMap<Class, u64>,
    fractions: bool,
    too_many: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Class {
    Whole(i64),
    Text(Box<[u8]>),
}

impl TargetSummary {
    pub(super) fn look_at(&mut self, column: &Column, rows: usize) {
        if self.fractions || self.too_many {
            return;
        }
        let mut nulls = column.nulls.iter().map(|&row| row as usize).peekable();
        for row in 0..rows {
            if nulls.next_if_eq(&row).is_some() {
                continue;
            }
            match &column.values {
                Values::Whole(values) => self.count_whole(values[row]),
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a whole number; one so large is no class anyway"
                )]
                Values::Float(values) if values[row].fract() == 0.0 => self.count_whole(values[row] as i64),
                Values::Float(_) => {
                    self.fractions = true;
                    return;
                }
                Values::Text(values) => self.count_text(values.of(row)),
            }
        }
        self.too_many = self.first.len() + self.others.len() > CLASSES_MAX;
    }

    fn count_whole(&mut self, value: i64) {
        let known = self.first.iter_mut().find(|(class, _)| *class == Class::Whole(value));
        match known {
            Some((_, count)) => *count += 1,
            None => self.count_other(Class::Whole(value)),
        }
    }

    fn count_text(&mut self, value: &[u8]) {
        let is_it = |class: &Class| matches!(class, Class::Text(text) if **text == *value);
        match self.first.iter_mut().find(|(class, _)| is_it(class)) {
            Some((_, count)) => *count += 1,
            None => self.count_other(Class::Text(value.into())),
        }
    }

    fn count_other(&mut self, class: Class) {
        if self.first.len() < FEW {
            self.first.push((class, 1));
        } else if self.others.len() <= CLASSES_MAX {
            *self.others.entry(class).or_default() += 1;
        }
    }

    pub(super) fn finish(self) -> TargetProfile {
        let classes = if self.fractions {
            TargetClasses::Fractions
        } else if self.too_many {
            TargetClasses::TooMany
        } else {
            let all = self.first.into_iter().chain(self.others);
            let mut few: Vec<(String, u64)> = all.map(|(class, count)| (label(&class), count)).collect();
            few.sort_unstable_by(|(left, left_rows), (right, right_rows)| {
                right_rows.cmp(left_rows).then_with(|| left.cmp(right))
            });
            TargetClasses::Few(few)
        };
        TargetProfile { classes }
    }
}

fn label(class: &Class) -> String {
    match class {
        Class::Whole(value) => value.to_string(),
        Class::Text(text) => String::from_utf8_lossy(text).into_owned(),
    }
}
