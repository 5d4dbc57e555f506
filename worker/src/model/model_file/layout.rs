//! How `model.json` is laid out: a key a line, a list of numbers or texts on its key's line, a row of coefficients or what is done
//! to one feature a line.
//!
//! Not here: what stands in it (`model_file.rs`).

use serde_json::ser::Formatter;
use std::io::{self, Write};

/// Where line ends and spaces go.
#[derive(Default)]
pub(super) struct OneLineARow {
    /// How many arrays and objects are open, the whole among them.
    depth: usize,
    /// Whether the list of a key holds lists or objects, so that its end stands on a line of its own.
    holds_rows: bool,
    /// Whether a comma was written and the item after it is still to come.
    after_comma: bool,
}

/// Open in the list of a key: the whole, and that list.
const IN_LIST: usize = 2;

impl OneLineARow {
    fn space<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        if std::mem::take(&mut self.after_comma) {
            out.write_all(b" ")
        } else {
            Ok(())
        }
    }

    fn open<W: ?Sized + Write>(&mut self, out: &mut W, bracket: u8) -> io::Result<()> {
        if self.depth == IN_LIST {
            self.holds_rows = true;
            self.after_comma = false;
            out.write_all(b"\n    ")?;
        }
        self.space(out)?;
        self.depth += 1;
        if self.depth == IN_LIST {
            self.holds_rows = false;
        }
        out.write_all(&[bracket])
    }

    fn close<W: ?Sized + Write>(&mut self, out: &mut W, bracket: u8) -> io::Result<()> {
        if self.depth == 1 {
            out.write_all(b"\n")?;
        } else if self.depth == IN_LIST && self.holds_rows {
            out.write_all(b"\n  ")?;
        }
        self.depth -= 1;
        out.write_all(&[bracket])
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

    fn write_u64<W: ?Sized + Write>(&mut self, out: &mut W, value: u64) -> io::Result<()> {
        self.space(out)?;
        write!(out, "{value}")
    }

    fn begin_string<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.space(out)?;
        out.write_all(b"\"")
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b'[')
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b']')
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.after_comma = !first;
        out.write_all(if first { b"" } else { b"," })
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b'{')
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b'}')
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        match (self.depth, first) {
            (1, true) => out.write_all(b"\n  "),
            (1, false) => out.write_all(b",\n  "),
            (_, true) => Ok(()),
            (_, false) => out.write_all(b", "),
        }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}
