//! By chance: a number of rows is drawn, each with the same chance, in one pass and without keeping any (Knuth, The Art of Computer
//! Programming, 3.4.2, algorithm S). The chance of a row comes from the seed and its number alone, so that the same table and seed give the
//! same rows.

/// Draws rows, class by class or all alike.
#[derive(Clone, Debug)]
pub(in crate::stage::train) struct Draw {
    seed: u64,
    row: u64,
    /// Of each stratum: rows still to come, and how many of them are wanted.
    strata: Vec<(u64, u64)>,
}

impl Draw {
    /// `wanted[i]` of the `rows[i]` rows of stratum `i`.
    pub(in crate::stage::train) fn new(seed: u64, rows: &[u64], wanted: &[u64]) -> Self {
        Self {
            seed,
            row: 0,
            strata: rows.iter().copied().zip(wanted.iter().copied()).collect(),
        }
    }

    /// Whether the next row, which is of this stratum, is drawn.
    pub(in crate::stage::train) fn next(&mut self, stratum: usize) -> bool {
        let chance = chance(self.seed, self.row);
        self.row += 1;
        let (left, wanted) = &mut self.strata[stratum];
        let is_drawn = chance * (*left as f64) < *wanted as f64;
        *left = left.saturating_sub(1);
        *wanted -= u64::from(is_drawn);
        is_drawn
    }
}

/// Between 0 and 1, below 1: splitmix64's number `row` from `seed`.
fn chance(seed: u64, row: u64) -> f64 {
    let mut mixed = seed.wrapping_add((row + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ mixed >> 31) >> 11) as f64 / (1_u64 << 53) as f64
}

/// How many rows of each class are held out when `wanted` are in all: its share, rounded down or up. The largest remainders are
/// rounded up, those of classes of one row last: such a row is needed for the fit.
pub(in crate::stage::train) fn stratified(share: f64, rows: &[u64], wanted: u64) -> Vec<u64> {
    let exact = |rows: u64| share * rows as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of rows"
    )]
    let mut of_class: Vec<u64> = rows.iter().map(|&rows| exact(rows).floor() as u64).collect();
    let remainder = |class: usize| exact(rows[class]) - exact(rows[class]).floor();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&left, &right| {
        let alone = |class: usize| rows[class] < 2;
        (alone(left).cmp(&alone(right))).then(remainder(right).total_cmp(&remainder(left)))
    });
    let mut missing = wanted.saturating_sub(of_class.iter().sum());
    for class in order {
        if missing == 0 {
            break;
        }
        if of_class[class] < rows[class] && remainder(class) > 0.0 {
            of_class[class] += 1;
            missing -= 1;
        }
    }
    of_class
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::train::split::holdout_rows;
    use proptest::prelude::*;

    #[test]
    fn shares_table() {
        for (share, rows, want) in [
            (0.2, vec![50, 50], vec![10, 10]),
            (0.25, vec![3, 1], vec![1, 0]),
            (0.2, vec![7, 8], vec![1, 2]),
            (0.5, vec![1, 1, 2], vec![1, 0, 1]),
            (0.3, vec![10, 10, 10], vec![3, 3, 3]),
        ] {
            let wanted = holdout_rows(share, rows.iter().sum());
            assert_eq!(stratified(share, &rows, wanted), want, "{share} {rows:?}");
        }
    }

    proptest! {
        #[test]
        fn as_many_as_wanted_are_drawn_each_class_within_one_row(
            classes in prop::collection::vec(0_usize..4, 1..300),
            share in 0.01..0.99_f64,
            seed in any::<u64>(),
        ) {
            let rows: Vec<u64> = (0..4).map(|class| classes.iter().filter(|&&c| c == class).count() as u64).collect();
            let wanted = holdout_rows(share, classes.len() as u64);
            let of_class = stratified(share, &rows, wanted);
            prop_assert_eq!(of_class.iter().sum::<u64>(), wanted);
            let mut draw = Draw::new(seed, &rows, &of_class);
            let mut drawn = [0_u64; 4];
            for &class in &classes {
                drawn[class] += u64::from(draw.next(class));
            }
            prop_assert_eq!(drawn.to_vec(), of_class.clone());
            for (class, &of_class) in of_class.iter().enumerate() {
                let exact = share * rows[class] as f64;
                prop_assert!((of_class as f64 - exact).abs() < 1.0, "{class}: {of_class} of {exact}");
            }
        }
    }

    #[test]
    fn each_row_has_the_same_chance() {
        let mut times = [0_u32; 20];
        for seed in 0..20_000 {
            let mut draw = Draw::new(seed, &[20], &[5]);
            for times in &mut times {
                *times += u32::from(draw.next(0));
            }
        }
        for (row, times) in times.into_iter().enumerate() {
            assert!((4_800..5_200).contains(&times), "{row}: {times}");
        }
    }
}
