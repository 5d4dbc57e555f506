//! What must hold of every fit: the gradient is zero, threads and the order of rows change nothing, faults are named.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "the numbers made here are small"
)]
#![expect(clippy::unwrap_used, reason = "a test stops where its data cannot be made")]

use proptest::prelude::*;
use std::convert::Infallible;
use trainyard_worker::logistic::{DesignBlock, DesignBlocks, FitError, FitOptions, Fitted, MemoryDesign, fit};

/// Numbers in `[-1, 1)` that are the same on every machine.
fn uniform(i: usize, stream: u64) -> f64 {
    let mixed = (i as u64 + 1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ (stream << 32 | stream))
        .rotate_left(31);
    let mixed = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 11) as f64 / 4_503_599_627_370_496.0 - 1.0
}

/// A table too long to be kept in memory: two features, classes that follow them loosely.
struct Long {
    rows: usize,
    classes: u32,
    /// Rows stand in the order of their class, so that no block has all classes.
    sorted: bool,
}

const BLOCK: usize = 50_000;

impl DesignBlocks for Long {
    type Error = Infallible;

    fn features(&self) -> usize {
        2
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK)
    }

    fn read(&self, index: usize, into: &mut DesignBlock) -> Result<(), Infallible> {
        into.clear(2);
        for row in index * BLOCK..self.rows.min((index + 1) * BLOCK) {
            let class = if self.sorted {
                u32::try_from(row * self.classes as usize / self.rows).unwrap()
            } else {
                (f64::midpoint(uniform(row, 3), 1.0) * f64::from(self.classes)) as u32
            };
            into.columns[0].push((40.0 + 20.0 * uniform(row, 1) + 3.0 * f64::from(class)).round());
            into.columns[1].push((50_000.0 + 30_000.0 * uniform(row, 2) - 9_000.0 * f64::from(class)).round());
            into.classes.push(class);
        }
        Ok(())
    }
}

/// A table in memory: classes follow the features loosely, and each has rows.
fn table(rows: usize, features: usize, classes: usize, stream: u64) -> MemoryDesign {
    let columns: Vec<Vec<f64>> = (0..features)
        .map(|j| {
            (0..rows)
                .map(|i| uniform(i * features + j, stream) * 10.0_f64.powi(j as i32 % 7 - 3))
                .collect()
        })
        .collect();
    let class = |i: usize| {
        let noisy = uniform(i * features, stream) + uniform(i, stream + 1);
        if i < classes {
            i
        } else {
            (((noisy + 2.0) / 4.0 * classes as f64) as usize).min(classes - 1)
        }
    };
    MemoryDesign::new(columns, (0..rows).map(|i| class(i) as u32).collect())
}

fn bits(fitted: &Fitted) -> Vec<u64> {
    fitted
        .coefficients
        .iter()
        .flatten()
        .chain(&fitted.intercepts)
        .map(|x| x.to_bits())
        .collect()
}

fn with_threads<D: DesignBlocks>(data: &D, classes: usize, threads: usize) -> Fitted
where
    D::Error: std::fmt::Debug,
{
    fit(
        data,
        classes,
        &FitOptions {
            threads,
            ..FitOptions::new(classes)
        },
    )
    .unwrap()
}

#[test]
fn threads_change_no_bit() {
    for (rows, classes, sorted) in [(2_300_017, 2, false), (2_300_017, 3, false), (2_300_017, 2, true)] {
        let data = Long { rows, classes, sorted };
        let one = with_threads(&data, classes as usize, 1);
        assert!(one.converged && one.iterations <= 8, "{one:?}");
        for threads in [2, 3] {
            assert_eq!(with_threads(&data, classes as usize, threads), one, "{threads}");
        }
    }
    for (rows, features, classes) in [(30_000, 60, 2), (3_000, 150, 4), (40, 900, 2)] {
        let data = table(rows, features, classes, 7);
        let one = with_threads(&data, classes, 1);
        assert!(one.converged, "{rows} {features} {classes}");
        assert_eq!(bits(&with_threads(&data, classes, 2)), bits(&one));
    }
}

/// All rows of a table.
fn whole(data: &MemoryDesign) -> DesignBlock {
    let (mut all, mut block) = (DesignBlock::default(), DesignBlock::default());
    all.clear(data.features());
    for index in 0..data.blocks() {
        data.read(index, &mut block).unwrap();
        all.columns
            .iter_mut()
            .zip(&block.columns)
            .for_each(|(all, of_block)| all.extend(of_block));
        all.classes.extend(&block.classes);
    }
    all
}

/// The largest part of a gradient's terms that is left of them in sum, in original units, from the definition.
fn gradient_left(data: &MemoryDesign, classes: usize, c: f64, fitted: &Fitted) -> f64 {
    let rows = whole(data);
    let vectors = fitted.intercepts.len();
    let mut sums = vec![(0.0, 0.0); vectors * (data.features() + 1)];
    for i in 0..rows.rows() {
        let margin = |k: usize| {
            fitted.coefficients[k]
                .iter()
                .zip(&rows.columns)
                .map(|(w, x)| w * x[i])
                .sum::<f64>()
                + fitted.intercepts[k]
        };
        let mut margins: Vec<f64> = (0..vectors).map(margin).collect();
        if vectors == 1 {
            margins.insert(0, 0.0);
        }
        let total: f64 = margins.iter().map(|m| m.exp()).sum();
        for k in 0..vectors {
            let class = k + classes - vectors;
            // Of a row's own class: minus the sum of the others, since 1 minus a probability near 1 has no digits.
            let own = rows.classes[i] as usize == class;
            let counted = margins.iter().enumerate().filter(|&(of, _)| (of == class) != own);
            let residual = c * counted.map(|(_, m)| m.exp()).sum::<f64>() / total * if own { -1.0 } else { 1.0 };
            for j in 0..=data.features() {
                let term = residual * rows.columns.get(j).map_or(1.0, |x| x[i]);
                let sum = &mut sums[k * (data.features() + 1) + j];
                *sum = (sum.0 + term, sum.1 + term.abs());
            }
        }
    }
    for (k, coefficients) in fitted.coefficients.iter().enumerate() {
        for (j, w) in coefficients.iter().enumerate() {
            let sum = &mut sums[k * (data.features() + 1) + j];
            *sum = (sum.0 + w, sum.1 + w.abs());
        }
    }
    sums.iter()
        .map(|(sum, of_terms)| sum.abs() / of_terms)
        .fold(0.0, f64::max)
}

/// Relative to the largest coefficient of its column's scale.
fn far_apart(a: &Fitted, b: &Fitted) -> f64 {
    let all = |f: &Fitted| {
        f.coefficients
            .iter()
            .flatten()
            .chain(&f.intercepts)
            .copied()
            .collect::<Vec<f64>>()
    };
    all(a)
        .iter()
        .zip(all(b))
        .map(|(a, b)| (a - b).abs() / a.abs().max(1e-9))
        .fold(0.0, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn at_the_optimum_the_gradient_is_zero(
        rows in 8_usize..90,
        features in 1_usize..8,
        classes in 2_usize..5,
        stream in 1_u64..1_000,
        c in prop_oneof![Just(1e-4), Just(1.0), Just(1e4)],
    ) {
        let data = table(rows, features, classes, stream);
        let fitted = fit(&data, classes, &FitOptions { c, ..FitOptions::new(classes) }).unwrap();
        prop_assert!(fitted.converged);
        let left = gradient_left(&data, classes, c, &fitted);
        prop_assert!(left < 1e-11, "{left:e}");
        if classes > 2 {
            for j in 0..features {
                let (sum, size) = fitted.coefficients.iter().fold((0.0, 0.0), |(s, a), w| (s + w[j], a + w[j].abs()));
                prop_assert!(f64::abs(sum) <= 1e-15 * size);
            }
        }
    }

    #[test]
    fn the_order_of_rows_changes_nothing(rows in 8_usize..60, classes in 2_usize..4, stream in 1_u64..1_000) {
        let data = table(rows, 3, classes, stream);
        let mut block = whole(&data);
        block.columns.iter_mut().for_each(|c| c.reverse());
        block.classes.reverse();
        let turned = MemoryDesign::new(block.columns, block.classes);
        let (a, b) = (with_threads(&data, classes, 1), with_threads(&turned, classes, 1));
        prop_assert!(far_apart(&a, &b) < 1e-9, "{a:?} {b:?}");
    }
}

#[test]
fn ten_thousand_columns() {
    for (rows, features, classes) in [(30, 10_000, 2), (300, 10_000, 2), (60, 10_000, 3), (1_000, 700, 2)] {
        let begin = std::time::Instant::now();
        let data = table(rows, features, classes, 5);
        let fitted = fit(&data, classes, &FitOptions::new(classes)).unwrap();
        let left = gradient_left(&data, classes, 1.0, &fitted);
        println!(
            "{rows} x {features}: {left:.1e} left in {} steps, {:.2} s",
            fitted.iterations,
            begin.elapsed().as_secs_f64()
        );
        assert!(fitted.converged && left < 1e-9, "{rows} {features}: {left:e}");
    }
}

#[test]
fn iterations_that_run_out_are_said() {
    let data = table(50, 3, 2, 9);
    let fitted = fit(
        &data,
        2,
        &FitOptions {
            max_iterations: 2,
            ..FitOptions::new(2)
        },
    )
    .unwrap();
    assert_eq!((fitted.iterations, fitted.converged), (2, false));
}

#[test]
fn what_cannot_be_fitted_is_named() {
    let fit_two =
        |column: Vec<f64>, classes: Vec<u32>| fit(&MemoryDesign::new(vec![column], classes), 2, &FitOptions::new(2));
    assert_eq!(fit_two(vec![1.0, 2.0], vec![1, 1]), Err(FitError::OneClass));
    assert_eq!(fit_two(vec![], vec![]), Err(FitError::OneClass));
    assert_eq!(
        fit_two(vec![1.0, 2.0], vec![0, 2]),
        Err(FitError::Malformed { block: 0 })
    );
    let infinite = FitError::NotFinite {
        row: 1,
        feature: 0,
        value: f64::NEG_INFINITY,
    };
    assert_eq!(fit_two(vec![1.0, f64::NEG_INFINITY], vec![0, 1]), Err(infinite));
    assert!(matches!(
        fit_two(vec![1.0, f64::NAN], vec![0, 1]),
        Err(FitError::NotFinite { row: 1, .. })
    ));
    let large = FitError::TooLarge {
        row: 0,
        feature: 0,
        value: 1e200,
    };
    assert_eq!(fit_two(vec![1e200, 1.0], vec![0, 1]), Err(large));
    let three = fit(
        &MemoryDesign::new(vec![vec![1.0, 2.0]], vec![0, 2]),
        3,
        &FitOptions::new(3),
    );
    assert_eq!(three, Err(FitError::EmptyClass { class: 1 }));
}

#[test]
fn a_column_that_is_constant_has_no_coefficient_at_all() {
    let data = MemoryDesign::new(
        vec![vec![0.1; 9], (0..9).map(f64::from).collect()],
        vec![0, 0, 1, 0, 1, 0, 1, 1, 1],
    );
    let fitted = fit(&data, 2, &FitOptions::new(2)).unwrap();
    assert_eq!(fitted.coefficients[0][0].to_bits(), 0);
}

/// Whatever the range, a fit ends, and says `converged` only of finite numbers.
#[test]
fn extremes_end() {
    let tables = [
        ("noisy", table(60, 2, 2, 3)),
        ("separable", MemoryDesign::new(vec![vec![1.0, 2.0]], vec![0, 1])),
        (
            "huge",
            MemoryDesign::new(vec![vec![1e149, -1e149, 3e149, 0.0]], vec![0, 1, 1, 0]),
        ),
        (
            "tiny",
            MemoryDesign::new(vec![vec![1e-300, -1e-300, 3e-300, 0.0]], vec![0, 1, 1, 0]),
        ),
    ];
    for (name, data) in &tables {
        for c in [1e-300, 1e-12, 1.0, 1e12, 1e100, 1e300] {
            let said = match fit(
                data,
                2,
                &FitOptions {
                    c,
                    ..FitOptions::new(2)
                },
            ) {
                Ok(fitted) => {
                    let mut numbers = fitted.coefficients.iter().flatten().chain(&fitted.intercepts);
                    assert!(numbers.all(|x| x.is_finite()), "{name}, c = {c}");
                    assert!(fitted.converged || !(1e-12..=1e12).contains(&c), "{name}, c = {c}");
                    format!("converged: {} in {} steps", fitted.converged, fitted.iterations)
                }
                Err(fault) => {
                    assert_eq!(fault, FitError::Diverged, "{name}, c = {c}");
                    fault.to_string()
                }
            };
            println!("{name}, c = {c:e}: {said}");
        }
    }
}
