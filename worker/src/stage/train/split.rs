//! Which rows are held out: `train.split`.
//!
//! - `hash`: a row's side comes from its key alone ([`hash`]), so it is the same in every table.
//! - `time`: the newest `ceil(holdout * rows)` rows ([`time`]).
//! - `random`: as many rows, drawn from a seed ([`random`]).

pub(super) mod hash;
pub(super) mod random;
pub(super) mod time;

/// How many of `rows` rows are held out by number: `ceil(share * rows)`, in doubles, as scikit-learn's `train_test_split` has it.
pub(super) fn holdout_rows(share: f64, rows: u64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the number of rows"
    )]
    let held_out = (share * rows as f64).ceil() as u64;
    held_out.min(rows)
}
