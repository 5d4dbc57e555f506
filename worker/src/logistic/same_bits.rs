//! A test: the copy of a pass that is compiled for AVX2 gives the bits of the one for any processor.

use super::block_pass::{BlockPass, Buffers, Curvature, Sums};
use super::block_product::{BlockProduct, ProductBuffers};
use super::design::MemoryDesign;
use super::problem::FitOptions;
use super::scaled::Scaled;
use crate::numeric::{Eight, Kernel, Twofold, vectorised};
use proptest::prelude::*;

/// Anything between the ends, the ends, and what rounds badly.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![-1e6..1e6_f64, -1.0..1.0_f64, Just(0.0), Just(1e-30), Just(0.1)]
}

fn table(numbers: &[f64], features: usize, classes: usize) -> MemoryDesign {
    let rows = numbers.len() / features;
    let column = |j: usize| (0..rows).map(|i| numbers[i * features + j]).collect();
    let class = |i: usize| u32::try_from(i % classes).expect("a few classes");
    MemoryDesign::new((0..features).map(column).collect(), (0..rows).map(class).collect())
}

fn bits(numbers: &[Twofold<f64>]) -> Vec<(u64, u64)> {
    numbers.iter().map(|n| (n.high.to_bits(), n.low.to_bits())).collect()
}

proptest! {
    #[test]
    fn both_copies_of_a_pass_give_the_same_bits(
        numbers in prop::collection::vec(number(), 30..300),
        features in 1..6_usize,
        classes in 2..5_usize,
        theta in prop::collection::vec(-3.0..3.0_f64, 24),
    ) {
        let design = table(&numbers, features, classes);
        let block = design.table();
        let scaled = Scaled::new(block, block.rows(), classes, &FitOptions::new(classes));
        let theta: Vec<_> = theta[..scaled.unknowns()].iter().map(|&t| Twofold::from_single(t)).collect();
        let pass = |run: fn(BlockPass<'_, Eight>)| {
            let mut sums = Sums::new(&scaled, Curvature::Full);
            let mut buffers = Buffers::new(&scaled);
            let (scaled, theta, curvature) = (&scaled, &theta, Curvature::Full);
            run(BlockPass { scaled, theta, block, curvature, buffers: &mut buffers, sums: &mut sums });
            (bits(&[sums.objective]), bits(&sums.gradient), bits(&sums.curvature))
        };
        prop_assert_eq!(pass(|pass| vectorised(pass)), pass(|pass| pass.run()));
        let product = |run: fn(BlockProduct<'_>)| {
            let mut sums = vec![Twofold::from_single(0.0); scaled.unknowns()];
            let mut buffers = ProductBuffers::new(&scaled);
            let (scaled, theta, direction) = (&scaled, &theta, &theta);
            run(BlockProduct { scaled, theta, direction, block, buffers: &mut buffers, sums: &mut sums });
            bits(&sums)
        };
        prop_assert_eq!(product(|pass| vectorised(pass)), product(|pass| pass.run()));
    }
}
