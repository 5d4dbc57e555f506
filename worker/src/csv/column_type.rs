//! The type of a column, from all of its cells.
//!
//! In: what each block has [`Seen`] of the column. Out: its Arrow type: the narrowest of `Int8` to `Int64` if every cell that
//! is not missing is a whole number, `Float64` if every one is a number (and if all are missing, as pandas has it), `Utf8`
//! otherwise. What blocks have seen is joined in any order with the same outcome.

use super::header::ColumnKind;
use arrow_schema::DataType;
use trainyard_contract::stage::ColumnType;

/// What was met in a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// All bits that the whole numbers need, besides the sign.
    pub(crate) bits: u64,
    pub(crate) whole: bool,
    pub(crate) float: bool,
    pub(crate) text: bool,
}

/// What the cells of a column are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadAs {
    /// Whole numbers, which turn to floats by themselves.
    Whole,
    Float,
    Text,
}

impl Seen {
    /// The bits that a whole number needs, besides the sign.
    #[inline]
    pub(crate) fn bits_of(value: i64) -> u64 {
        (value ^ (value >> 63)).cast_unsigned()
    }

    /// What was met here or there.
    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            bits: self.bits | other.bits,
            whole: self.whole || other.whole,
            float: self.float || other.float,
            text: self.text || other.text,
        }
    }

    /// How the next cells of such a column are read best.
    pub(crate) fn read_as(self, kind: ColumnKind) -> ReadAs {
        match kind {
            ColumnKind::Declared(ColumnType::Integer) => ReadAs::Whole,
            ColumnKind::Declared(ColumnType::Number) => ReadAs::Float,
            ColumnKind::Declared(ColumnType::Text) => ReadAs::Text,
            ColumnKind::Inferred | ColumnKind::Needed => {
                if self.text {
                    ReadAs::Text
                } else if self.float {
                    ReadAs::Float
                } else {
                    ReadAs::Whole
                }
            }
        }
    }

    /// The column's type, if this is all there is in it.
    pub(crate) fn data_type(self, kind: ColumnKind) -> DataType {
        match kind {
            ColumnKind::Declared(ColumnType::Integer) => DataType::Int64,
            ColumnKind::Declared(ColumnType::Number) => DataType::Float64,
            ColumnKind::Declared(ColumnType::Text) => DataType::Utf8,
            ColumnKind::Inferred | ColumnKind::Needed => {
                if self.text {
                    DataType::Utf8
                } else if self.float || !self.whole {
                    DataType::Float64
                } else {
                    narrowest(self.bits)
                }
            }
        }
    }
}

fn narrowest(bits: u64) -> DataType {
    match 64 - bits.leading_zeros() {
        0..=7 => DataType::Int8,
        8..=15 => DataType::Int16,
        16..=31 => DataType::Int32,
        _ => DataType::Int64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_table() {
        let whole = |bits| Seen {
            bits,
            whole: true,
            ..Seen::default()
        };
        let float = Seen {
            float: true,
            ..Seen::default()
        };
        let text = Seen {
            text: true,
            ..Seen::default()
        };
        for (seen, wanted) in [
            (Seen::default(), DataType::Float64),
            (whole(0), DataType::Int8),
            (whole(127), DataType::Int8),
            (whole(128), DataType::Int16),
            (whole(32_767), DataType::Int16),
            (whole(32_768), DataType::Int32),
            (whole(0x7FFF_FFFF), DataType::Int32),
            (whole(0x8000_0000), DataType::Int64),
            (whole(u64::MAX >> 1), DataType::Int64),
            (float, DataType::Float64),
            (whole(1).join(float), DataType::Float64),
            (whole(1).join(text), DataType::Utf8),
            (text.join(float), DataType::Utf8),
            (whole(1).join(Seen::default()), DataType::Int8),
        ] {
            assert_eq!(seen.data_type(ColumnKind::Inferred), wanted, "{seen:?}");
        }
        assert_eq!(
            text.data_type(ColumnKind::Declared(ColumnType::Integer)),
            DataType::Int64
        );
    }
}
