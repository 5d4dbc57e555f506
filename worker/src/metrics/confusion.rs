//! What follows from how often each class was taken for which: accuracy, precision, recall, F1, Matthews' coefficient.

/// How often each class (rows) was taken for which (columns).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Confusion {
    classes: usize,
    counts: Vec<u64>,
}

/// A value, and whether it was 0/0 and is 0 by convention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Share {
    pub(super) value: f64,
    pub(super) undefined: bool,
}

/// Precision, recall or F1: of each class, and as means.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shares {
    pub(super) per_class: Vec<Share>,
    pub(super) micro: Share,
    pub(super) macro_mean: Share,
    pub(super) weighted: Share,
}

/// The rows of one class: how many there are, how many were taken for it, and how many rightly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct OfClass {
    truly: u64,
    predicted: u64,
    right: u64,
}

impl OfClass {
    fn precision(self) -> Share {
        Share::of(self.right, self.predicted)
    }

    fn recall(self) -> Share {
        Share::of(self.right, self.truly)
    }

    fn f1(self) -> Share {
        Share::of(2 * self.right, self.truly + self.predicted)
    }
}

impl Share {
    /// `part / whole`, and 0 for 0/0.
    pub(super) fn of(part: u64, whole: u64) -> Self {
        Self {
            value: if whole == 0 { 0.0 } else { part as f64 / whole as f64 },
            undefined: whole == 0,
        }
    }

    /// The mean by weight; a value without weight does not count. 0 where none has any.
    fn mean(shares: impl Iterator<Item = (Self, u64)>) -> Self {
        let (mut sum, mut weights, mut undefined) = (0.0, 0, false);
        for (share, weight) in shares.filter(|&(_, weight)| weight > 0) {
            sum += share.value * weight as f64;
            weights += weight;
            undefined |= share.undefined;
        }
        Self {
            value: if weights == 0 { 0.0 } else { sum / weights as f64 },
            undefined: undefined || weights == 0,
        }
    }
}

impl Confusion {
    pub(super) fn new(classes: usize) -> Self {
        Self {
            classes,
            counts: vec![0; classes * classes],
        }
    }

    /// Of two classes: how often each was taken for the first and for the second.
    pub(super) fn of_two(first: [u64; 2], second: [u64; 2]) -> Self {
        Self {
            classes: 2,
            counts: [first, second].concat(),
        }
    }

    /// A row of class `truly` was taken for one of class `predicted`.
    #[inline]
    pub(super) fn add(&mut self, truly: u32, predicted: u32) {
        assert!((predicted as usize) < self.classes, "a class that was not announced");
        self.counts[truly as usize * self.classes + predicted as usize] += 1;
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }

    pub(super) fn rows(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// True classes by predicted classes.
    pub(super) fn table(&self) -> Vec<Vec<u64>> {
        self.counts.chunks(self.classes).map(<[u64]>::to_vec).collect()
    }

    fn of_classes(&self) -> Vec<OfClass> {
        let mut classes = vec![OfClass::default(); self.classes];
        for (truly, row) in self.counts.chunks(self.classes).enumerate() {
            for (predicted, &count) in row.iter().enumerate() {
                classes[truly].truly += count;
                classes[predicted].predicted += count;
                if truly == predicted {
                    classes[truly].right += count;
                }
            }
        }
        classes
    }

    /// Rows of each class.
    pub(super) fn support(&self) -> Vec<u64> {
        self.of_classes().iter().map(|class| class.truly).collect()
    }

    fn right(&self) -> u64 {
        self.of_classes().iter().map(|class| class.right).sum()
    }

    pub(super) fn accuracy(&self) -> f64 {
        Share::of(self.right(), self.rows()).value
    }

    /// The mean recall of the classes that have rows; undefined where some have none.
    pub(super) fn balanced_accuracy(&self) -> Share {
        let recalls: Vec<Share> = self.of_classes().into_iter().map(OfClass::recall).collect();
        let undefined = recalls.iter().any(|recall| recall.undefined);
        let mean = Share::mean(recalls.into_iter().map(|recall| (recall, u64::from(!recall.undefined))));
        Share { undefined, ..mean }
    }

    pub(super) fn precision(&self) -> Shares {
        self.shares(OfClass::precision)
    }

    pub(super) fn recall(&self) -> Shares {
        self.shares(OfClass::recall)
    }

    pub(super) fn f1(&self) -> Shares {
        self.shares(OfClass::f1)
    }

    /// As scikit-learn does where it is not told the labels: a class that is neither there nor predicted has no part in the
    /// means.
    fn shares(&self, share: impl Fn(OfClass) -> Share) -> Shares {
        let classes = self.of_classes();
        let all = OfClass {
            truly: self.rows(),
            predicted: self.rows(),
            right: self.right(),
        };
        let with_weight = |weight: fn(&OfClass) -> u64| {
            let shares = classes.iter().map(|class| (share(*class), weight(class)));
            Share::mean(shares)
        };
        Shares {
            per_class: classes.iter().map(|&class| share(class)).collect(),
            micro: share(all),
            macro_mean: with_weight(|class| u64::from(class.truly + class.predicted > 0)),
            weighted: with_weight(|class| class.truly),
        }
    }

    /// Matthews' correlation coefficient, with the sums in whole numbers.
    pub(super) fn matthews(&self) -> Share {
        let classes = self.of_classes();
        let rows = i128::from(self.rows());
        let products = |of: fn(&OfClass) -> (u64, u64)| -> i128 {
            let each = classes.iter().map(of);
            each.map(|(a, b)| i128::from(a) * i128::from(b)).sum()
        };
        let both = i128::from(self.right()) * rows - products(|class| (class.truly, class.predicted));
        let predicted = rows * rows - products(|class| (class.predicted, class.predicted));
        let truly = rows * rows - products(|class| (class.truly, class.truly));
        let undefined = predicted == 0 || truly == 0;
        Share {
            value: if undefined {
                0.0
            } else {
                both as f64 / (predicted as f64 * truly as f64).sqrt()
            },
            undefined,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusion(table: &[&[u64]]) -> Confusion {
        Confusion {
            classes: table.len(),
            counts: table.concat(),
        }
    }

    fn assert_share(share: Share, value: f64, undefined: bool, name: &str) {
        assert!((share.value - value).abs() < 1e-15, "{name}: {share:?}, not {value}");
        assert_eq!(share.undefined, undefined, "{name}");
    }

    /// Values by hand.
    #[test]
    fn two_classes_of_which_some_are_missed() {
        let confusion = confusion(&[&[50, 10], &[5, 35]]);
        assert!((confusion.accuracy() - 0.85).abs() < 1e-15);
        let precision = confusion.precision();
        assert_share(precision.per_class[1], 35.0 / 45.0, false, "precision");
        assert_share(precision.micro, 0.85, false, "micro");
        assert_share(
            precision.macro_mean,
            f64::midpoint(50.0 / 55.0, 35.0 / 45.0),
            false,
            "macro",
        );
        assert_share(
            precision.weighted,
            0.6 * 50.0 / 55.0 + 0.4 * 35.0 / 45.0,
            false,
            "weighted",
        );
        assert_share(confusion.recall().per_class[1], 0.875, false, "recall");
        assert_share(confusion.f1().per_class[1], 70.0 / 85.0, false, "f1");
        assert_share(
            confusion.balanced_accuracy(),
            f64::midpoint(50.0 / 60.0, 0.875),
            false,
            "balanced",
        );
        let matthews = (50.0 * 35.0 - 10.0 * 5.0) / (60.0_f64 * 40.0 * 55.0 * 45.0).sqrt();
        assert_share(confusion.matthews(), matthews, false, "matthews");
        assert_eq!(confusion.support(), [60, 40]);
    }

    #[test]
    fn zero_over_zero_is_zero_and_said() {
        // Nothing was taken for class 1.
        let never = confusion(&[&[8, 0], &[2, 0]]);
        assert_share(never.precision().per_class[1], 0.0, true, "precision");
        assert_share(never.precision().macro_mean, 0.4, true, "macro");
        assert_share(never.recall().per_class[1], 0.0, false, "recall");
        assert_share(never.f1().per_class[1], 0.0, false, "f1");
        assert_share(never.matthews(), 0.0, true, "matthews");
        // Class 1 has no rows.
        let absent = confusion(&[&[3, 1], &[0, 0]]);
        assert_share(absent.recall().per_class[1], 0.0, true, "recall");
        assert_share(absent.recall().weighted, 0.75, false, "weighted");
        assert_share(absent.balanced_accuracy(), 0.75, true, "balanced");
    }

    #[test]
    fn a_class_that_is_neither_there_nor_predicted_has_no_part_in_the_means() {
        let confusion = confusion(&[&[2, 0, 0], &[0, 0, 0], &[1, 0, 1]]);
        assert_share(
            confusion.precision().macro_mean,
            f64::midpoint(2.0 / 3.0, 1.0),
            false,
            "macro",
        );
        assert_share(confusion.precision().per_class[1], 0.0, true, "of the class");
        assert_share(
            confusion.f1().weighted,
            f64::midpoint(0.8, 2.0 / 3.0),
            false,
            "weighted",
        );
    }

    #[test]
    fn very_many_rows_do_not_overflow() {
        let many = u64::from(u32::MAX) * 1_000_000;
        let confusion = confusion(&[&[many, many], &[0, many]]);
        assert_share(confusion.matthews(), 0.5, false, "matthews");
    }
}
