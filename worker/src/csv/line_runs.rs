//! On which physical line each row stands, kept as runs of consecutive lines.
//!
//! In: the line of every row, in order. Out: a few [`LineRun`]s: a table without blank lines and without line ends in quotes
//! has one. What does not fit is left out, from its first row on.

use trainyard_contract::dataset::{LINE_RUNS_MAX, LineRun};

/// The lines of the rows of a block, or of the blocks so far.
#[derive(Default)]
pub(crate) struct LineRuns {
    pub(crate) runs: Vec<LineRun>,
    /// The first row that did not fit.
    pub(crate) known_to: Option<u64>,
    /// Where the next row continues the last run.
    next_line: u64,
}

impl LineRuns {
    /// `rows` rows on consecutive lines from `line` on.
    pub(crate) fn consecutive(line: u64, rows: u32) -> Self {
        Self {
            runs: vec![LineRun { row: 0, line }],
            known_to: None,
            next_line: line + u64::from(rows),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.runs.clear();
        self.known_to = None;
        self.next_line = 0;
    }

    /// The next row, `row`, stands on `line`.
    #[inline]
    pub(crate) fn push(&mut self, row: u32, line: u64) {
        if line != self.next_line {
            self.begin(u64::from(row), line);
        }
        self.next_line = line + 1;
    }

    /// The next rows, from `first_row` on, are those of `block`.
    pub(crate) fn append(&mut self, block: &Self, first_row: u64) {
        let Some(first) = block.runs.first() else { return };
        let continued = usize::from(first.line == self.next_line);
        for run in &block.runs[continued..] {
            self.begin(first_row + run.row, run.line);
        }
        if let Some(row) = block.known_to {
            self.known_to.get_or_insert(first_row + row);
        }
        self.next_line = block.next_line;
    }

    fn begin(&mut self, row: u64, line: u64) {
        if self.runs.len() < LINE_RUNS_MAX {
            self.runs.push(LineRun { row, line });
        } else {
            self.known_to.get_or_insert(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(lines: &[u64]) -> LineRuns {
        let mut runs = LineRuns::default();
        for (row, line) in (0..).zip(lines) {
            runs.push(row, *line);
        }
        runs
    }

    #[test]
    fn blocks_give_the_same_runs_as_the_whole() {
        let lines = [2, 3, 4, 6, 7, 9, 10, 11, 20];
        for cut in 0..=lines.len() {
            let (left, right) = lines.split_at(cut);
            let mut merged = LineRuns::default();
            merged.append(&runs(left), 0);
            merged.append(&runs(right), cut as u64);
            assert_eq!(merged.runs, runs(&lines).runs, "{cut}");
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out_from_its_first_row() {
        let lines: Vec<u64> = (0..2_000).map(|row| 2 * row + 2).collect();
        let whole = runs(&lines);
        assert_eq!((whole.runs.len(), whole.known_to), (LINE_RUNS_MAX, Some(1_000)));
        let mut merged = LineRuns::default();
        merged.append(&runs(&lines[..700]), 0);
        merged.append(&runs(&lines[700..]), 700);
        assert_eq!((merged.runs, merged.known_to), (whole.runs, whole.known_to));
    }
}
