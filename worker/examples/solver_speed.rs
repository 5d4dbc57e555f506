//! How long the solver's passes take: `cargo run --release -p trainyard-worker --example solver_speed [ROWS [THREADS]]`.
//!
//! Rows of two whole numbers as in the seed, made on the fly from their position, in place of a file: so the time holds
//! making the rows too, which the last line measures alone. Not a test: machines differ.

#![expect(clippy::print_stdout, reason = "prints what it measured")]

use std::time::Instant;
use trainyard_worker::logistic::{DesignBlock, DesignBlocks, FitOptions, fit};

/// `age` and `salary`, and a class that follows them loosely.
struct Rows {
    rows: usize,
}

const BLOCK: usize = 65_536;

impl DesignBlocks for Rows {
    type Error = std::convert::Infallible;

    fn features(&self) -> usize {
        2
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn blocks(&self) -> usize {
        self.rows.div_ceil(BLOCK)
    }

    fn read(&self, index: usize, into: &mut DesignBlock) -> Result<(), Self::Error> {
        into.clear(2);
        let rows = index * BLOCK..self.rows.min((index + 1) * BLOCK);
        for row in rows {
            // Weyl sequences: spread evenly, and the same everywhere.
            let uniform = |step: u64| ((row as u64).wrapping_mul(step) >> 32) as u32;
            let (a, b, c) = (
                uniform(0x9e37_79b9_7f4a_7c15),
                uniform(0xc2b2_ae3d_27d4_eb4f),
                uniform(0x1656_67b1_9e37_79f9),
            );
            let age = 18 + ((u64::from(a) * 60) >> 32);
            let salary = 20_000 + ((u64::from(b) * 100_000) >> 32);
            let score = age * 1_000 + salary + ((u64::from(c) * 120_000) >> 32);
            into.columns[0].push(age as f64);
            into.columns[1].push(salary as f64);
            into.classes.push(u32::from(score > 180_000));
        }
        Ok(())
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|a| a.parse::<usize>());
    let rows = Rows {
        rows: arguments.next().and_then(Result::ok).unwrap_or(10_000_000),
    };
    let threads = arguments.next().and_then(Result::ok).unwrap_or(2);
    let begin = Instant::now();
    let fitted = fit(
        &rows,
        2,
        &FitOptions {
            threads,
            ..FitOptions::new(2)
        },
    );
    println!(
        "{:.3} s for the fit, {threads} threads: {fitted:?}",
        begin.elapsed().as_secs_f64()
    );
    let begin = Instant::now();
    let mut block = DesignBlock::default();
    let mut read = 0;
    for index in 0..rows.blocks() {
        if rows.read(index, &mut block).is_ok() {
            read += block.rows();
        }
    }
    println!(
        "{:.3} s for making {read} rows once, on one thread",
        begin.elapsed().as_secs_f64()
    );
}
