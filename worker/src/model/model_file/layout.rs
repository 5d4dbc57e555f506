//! How `model.json` is laid out: a key a line, a list of numbers or texts on its key's line, a row of coefficients a line.
//!
//! Not here: what stands in it (`model_file.rs`).

use serde_json::ser::Formatter;
use std::io::{self, Write};

/// Where line ends and spaces go.
#[derive(Default)]
pub(super) struct OneLineARow {
    /// How many arrays are open.
    depth: usize,
    /// Whether the open array held rows, so that its end stands on a line of its own.
    held_rows: bool,
    /// Whether a comma was written and the item after it is still to come.
    after_comma: bool,
}

impl OneLineARow {
    fn space<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        if std::mem::take(&mut self.after_comma) {
            out.write_all(b" ")
        } else {
            Ok(())
        }
    }
}

impl Formatter for OneLineARow {
    /// Rust's `{:?}` has the fewest digits that read back, is never longer than Python's `repr`, and marks a float as one:
    /// `1.0`, `-0.0`, `1e300`.
    fn write_f64<W: ?Sized + Write>(&mut self, out: &mut W, value: f64) -> io::Result<()> {
        self.space(out)?;
        write!(out, "{value:?}")
    }

    fn write_i64<W: ?Sized + Write>(&mut self, out: &mut W, value: i64) -> io::Result<()> {
        self.space(out)?;
        write!(out, "{value}")
    }

    fn begin_string<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.space(out)?;
        out.write_all(b"\"")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.after_comma = false;
        if self.depth == 1 {
            self.held_rows = false;
            return out.write_all(b"[");
        }
        self.held_rows = true;
        out.write_all(b"\n    [")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth -= 1;
        out.write_all(if self.depth == 0 && self.held_rows {
            b"\n  ]"
        } else {
            b"]"
        })
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.after_comma = !first;
        out.write_all(if first { b"" } else { b"," })
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"\n  " } else { b",\n  " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b"\n}")
    }
}
