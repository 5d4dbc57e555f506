//! `data/churn.csv`: five thousand rows as a small subscription business has them, made by these lines and nothing else.
//!
//! Only additions, multiplications and divisions, so that every machine makes the same bytes. Some customers stand there twice (two
//! snapshots), some cells are empty, and who leaves depends on tenure, plan, support calls and charge, so that a model reaches an area of
//! about 0.87.

use crate::repository;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::fs;

const ROWS: u64 = 5_000;
/// Of so many rows about one is a second snapshot of the customer before it.
const SECOND_SNAPSHOT_EVERY: f64 = 6.0;

const PLANS: [(&str, f64, f64); 4] = [
    ("free", 0.30, 0.0),
    ("basic", 0.35, 19.0),
    ("pro", 0.25, 49.0),
    ("team", 0.10, 129.0),
];
const COUNTRIES: [(&str, f64); 8] = [
    ("DE", 0.30),
    ("FR", 0.18),
    ("US", 0.16),
    ("GB", 0.12),
    ("ES", 0.10),
    ("PL", 0.07),
    ("NL", 0.05),
    ("PT", 0.02),
];
const PAYMENTS: [(&str, f64); 3] = [("card", 0.6), ("invoice", 0.25), ("paypal", 0.15)];

/// `cargo xtask churn`: writes the table.
pub(crate) fn run() -> Result<()> {
    let path = repository::root().join("data/churn.csv");
    fs::write(&path, table()).with_context(|| format!("cannot write {path}"))?;
    eprintln!("written: {path}");
    Ok(())
}

fn table() -> String {
    let mut csv = "customer_id,signup_date,plan,country,tenure_months,monthly_charge,support_calls,last_login_days,payment,churned\n".to_owned();
    let mut customer = 0;
    for row in 0..ROWS {
        let mut draw = Draw(row.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5EED);
        customer += u64::from(draw.uniform() > 1.0 / SECOND_SNAPSHOT_EVERY || row == 0);
        write_row(&mut csv, customer, &mut draw);
    }
    csv
}

fn write_row(csv: &mut String, customer: u64, draw: &mut Draw) {
    let (plan, charge) = {
        let at = draw.one_of(PLANS.map(|(_, share, _)| share));
        (at, PLANS[at].2)
    };
    let country = draw.one_of(COUNTRIES.map(|(_, share)| share));
    let payment = draw.one_of(PAYMENTS.map(|(_, share)| share));
    let tenure = draw.whole(72);
    let calls = draw.whole(4) + draw.whole(4) * draw.whole(2);
    let login = draw.whole(30) + draw.whole(60) * u64::from(draw.uniform() < 0.3);
    let charge = charge + draw.uniform() * 0.2 * charge;
    let score = 0.6 - 0.055 * tenure as f64
        + [0.9, 0.4, -0.4, -1.0][plan]
        + 0.35 * calls as f64
        + 0.03 * login as f64
        + 0.006 * charge
        + if payment == 1 { -0.5 } else { 0.0 }
        - 1.0
        + 0.7 * draw.normal();
    // A sigmoid without an exponential.
    let sharp = 4.0 * score;
    let churned = draw.uniform() < 0.5 + 0.5 * (sharp / (1.0 + sharp.abs()));
    let empty_now_and_then =
        |draw: &mut Draw, share: f64, text: String| if draw.uniform() < share { String::new() } else { text };
    let tenure_text = empty_now_and_then(draw, 0.04, tenure.to_string());
    let login_text = empty_now_and_then(draw, 0.08, login.to_string());
    let payment_text = empty_now_and_then(draw, 0.05, PAYMENTS[payment].0.to_owned());
    let churned_text = empty_now_and_then(draw, 0.01, if churned { "yes" } else { "no" }.to_owned());
    // Writing to a string cannot fail.
    let _ = writeln!(
        csv,
        "C{customer:05},{},{},{},{tenure_text},{charge:.2},{calls},{login_text},{payment_text},{churned_text}",
        signup_date(tenure, draw),
        PLANS[plan].0,
        COUNTRIES[country].0,
    );
}

/// So many months before November 2026.
fn signup_date(tenure: u64, draw: &mut Draw) -> String {
    let months = 2026 * 12 + 10 - tenure;
    format!("{}-{:02}-{:02}", months / 12, months % 12 + 1, draw.whole(28) + 1)
}

/// Steele, Lea and Flood's splitmix64.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// Between 0 and 1, below 1.
    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `limit`.
    fn whole(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// About normal: twelve uniform ones, less their mean.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// A place, with the chances in `shares`.
    fn one_of<const N: usize>(&mut self, shares: [f64; N]) -> usize {
        let mut left = self.uniform();
        for (place, share) in shares.into_iter().enumerate() {
            if left < share {
                return place;
            }
            left -= share;
        }
        N - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_repository_is_what_these_lines_make() {
        let written = fs::read_to_string(repository::root().join("data/churn.csv")).unwrap();
        assert!(written == table(), "run `cargo xtask churn`");
    }
}
