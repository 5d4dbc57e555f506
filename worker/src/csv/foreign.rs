//! Files that are no CSV in UTF-8, known by their first bytes.
//!
//! In: how a text begins, behind any compression. Out: the length of its byte order mark, or what the file is instead and
//! what to do. A name of a column is never taken for a signature: the bytes behind it are looked at too.

/// As many bytes of a text as are looked at.
pub(crate) const FIRST_BYTES: usize = 512;

/// What a file is instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// Behind the file's name.
    pub(crate) what: &'static str,
    /// What to do.
    pub(crate) advice: &'static str,
}

/// Where a signature stands, the signature, what the file is, what to do. The longer of two comes first.
const SIGNATURES: &[(usize, &[u8], &str, &str)] = &[
    (0, &[0xFF, 0xFE, 0, 0], "is UTF-32, not UTF-8", UTF_32),
    (0, &[0, 0, 0xFE, 0xFF], "is UTF-32, not UTF-8", UTF_32),
    (0, &[0xFF, 0xFE], "is UTF-16, not UTF-8", UTF_16),
    (0, &[0xFE, 0xFF], "is UTF-16, not UTF-8", UTF_16),
    (
        0,
        &[0x1F, 0x8B],
        "is compressed twice: there is gzip data inside",
        "decompress it once and give the result, which may stay compressed with gzip",
    ),
    (
        0,
        &[0x28, 0xB5, 0x2F, 0xFD],
        "is compressed twice: there is zstd data inside",
        "decompress it once and give the result, which may stay compressed with zstd",
    ),
    (
        0,
        &[0xFD, b'7', b'z', b'X', b'Z', 0],
        "is compressed with xz; gzip and zstd are read",
        "decompress it with `xz -d`, or compress it with gzip or zstd instead",
    ),
    (0, b"PK\x03\x04", ZIP, UNZIP),
    (0, b"PK\x05\x06", ZIP, UNZIP),
    (
        0,
        &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
        "is a file of Excel or Word, not CSV",
        "save its sheet as CSV (UTF-8)",
    ),
    (
        0,
        b"ARROW1\0\0",
        "is an Arrow file, not CSV",
        "write it as CSV, for example with pandas: read_feather(…).to_csv(…, index=False)",
    ),
    (
        257,
        b"ustar",
        "is a tar archive, not CSV",
        "unpack it with `tar -xf` and give the CSV file in it",
    ),
];
const UTF_32: &str = "convert it: iconv -f UTF-32 -t UTF-8";
const UTF_16: &str = "convert it: iconv -f UTF-16 -t UTF-8";
const ZIP: &str = "is a zip archive or a file of Excel, not CSV";
const UNZIP: &str = "unpack the archive and give the CSV file in it; from Excel, save the sheet as CSV (UTF-8)";

/// Looks at the first bytes of a text: [`FIRST_BYTES`] of them, if there are so many. `Ok` has the length of the byte order
/// mark.
pub(crate) fn mark_length(first: &[u8]) -> Result<usize, Foreign> {
    let first = &first[..first.len().min(FIRST_BYTES)];
    if first.starts_with(&[0xEF, 0xBB, 0xBF]) {
        return Ok(3);
    }
    let signed = SIGNATURES
        .iter()
        .find(|(at, signature, ..)| first.get(*at..).is_some_and(|bytes| bytes.starts_with(signature)))
        .map(|&(_, _, what, advice)| Foreign { what, advice });
    match signed.or_else(|| named(first)).or_else(|| utf_16_without_mark(first)) {
        Some(foreign) => Err(foreign),
        None => Ok(0),
    }
}

/// Formats whose signature alone could be the name of a column.
fn named(first: &[u8]) -> Option<Foreign> {
    let (what, advice) = match first {
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', b'S', b'Y', ..]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => (
            "is compressed with bzip2; gzip and zstd are read",
            "decompress it with `bunzip2`, or compress it with gzip or zstd instead",
        ),
        [b'P', b'A', b'R', b'1', 0..=8 | 0x0E..=0x1F, ..] => (
            "is a Parquet file, not CSV",
            "read it with extract.parquet instead of extract.csv",
        ),
        _ => return None,
    };
    Some(Foreign { what, advice })
}

/// In UTF-16, most characters of most tables are a byte and a NUL.
fn utf_16_without_mark(first: &[u8]) -> Option<Foreign> {
    /// One character more than a NUL in a cell can make by chance.
    const BYTES_MIN: usize = 4;
    let nuls = |from: usize| first.iter().skip(from).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    let most = first.len() / 4;
    if first.len() < BYTES_MIN {
        None
    } else if even == 0 && odd > most {
        Some(Foreign {
            what: "looks like UTF-16 (little-endian), not UTF-8",
            advice: "convert it: iconv -f UTF-16LE -t UTF-8",
        })
    } else if odd == 0 && even > most {
        Some(Foreign {
            what: "looks like UTF-16 (big-endian), not UTF-8",
            advice: "convert it: iconv -f UTF-16BE -t UTF-8",
        })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn first_bytes_table() {
        let tar = [b"data.csv".as_slice(), &[0; 249], b"ustar\x0000"].concat();
        for (name, first, wanted) in [
            ("nothing", b"".as_slice(), Ok(0)),
            ("text", b"age,salary\n", Ok(0)),
            ("a mark", b"\xEF\xBB\xBFage", Ok(3)),
            ("a mark alone", b"\xEF\xBB\xBF", Ok(3)),
            ("a NUL in a cell", b"a\n\0b\n", Ok(0)),
            ("columns named as formats", b"PAR1,BZh91,PK\n1,2,3\n", Ok(0)),
            ("a column named as a format", b"PAR1\n1\n", Ok(0)),
            ("UTF-16", b"\xFF\xFEa\0", Err("is UTF-16, not UTF-8")),
            ("UTF-16, big", b"\xFE\xFF\0a", Err("is UTF-16, not UTF-8")),
            ("UTF-32", b"\xFF\xFE\0\0a\0\0\0", Err("is UTF-32, not UTF-8")),
            ("UTF-32, big", b"\0\0\xFE\xFF\0\0\0a", Err("is UTF-32, not UTF-8")),
            (
                "UTF-16 without mark",
                &utf_16("alter,größe\n1,2\n", u16::to_le_bytes),
                Err("looks like UTF-16 (little-endian), not UTF-8"),
            ),
            (
                "UTF-16 without mark, some of it wide",
                &utf_16("a,年\n1,2\n", u16::to_le_bytes),
                Err("looks like UTF-16 (little-endian), not UTF-8"),
            ),
            (
                "UTF-16 without mark, big",
                &utf_16("a,b\n1,2\n", u16::to_be_bytes),
                Err("looks like UTF-16 (big-endian), not UTF-8"),
            ),
            (
                "bzip2",
                b"BZh91AY&SY\x01",
                Err("is compressed with bzip2; gzip and zstd are read"),
            ),
            (
                "bzip2 of nothing",
                b"BZh9\x17\x72\x45\x38\x50\x90",
                Err("is compressed with bzip2; gzip and zstd are read"),
            ),
            (
                "xz",
                b"\xFD7zXZ\0\0\x04",
                Err("is compressed with xz; gzip and zstd are read"),
            ),
            (
                "zip",
                b"PK\x03\x04\x14\0",
                Err("is a zip archive or a file of Excel, not CSV"),
            ),
            ("Parquet", b"PAR1\x15\x04", Err("is a Parquet file, not CSV")),
            (
                "xls",
                b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0",
                Err("is a file of Excel or Word, not CSV"),
            ),
            ("Arrow", b"ARROW1\0\0\xFF", Err("is an Arrow file, not CSV")),
            (
                "gzip inside",
                b"\x1F\x8B\x08",
                Err("is compressed twice: there is gzip data inside"),
            ),
            ("tar", &tar, Err("is a tar archive, not CSV")),
        ] {
            let found = mark_length(first).map_err(|foreign| foreign.what);
            assert_eq!(found, wanted, "{name}");
        }
    }
}
