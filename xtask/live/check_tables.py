#!/usr/bin/env python3
"""Reads random CSV files with the real program and with pandas, and compares the tables cell by cell.

    check_tables.py --trainyard PATH [--tables N] [--seed S]

data.arrow is opened as users open it, by pandas.read_feather. Quotes, line ends in quotes, CRLF, a byte-order mark, blank
lines, null words, spaces round numbers and odd forms of numbers are all there. Left out is what pandas reads differently on
purpose: booleans, infinities, rows of another length, whole numbers past 64 bits.
"""
import argparse
import gzip
import pathlib
import tempfile

import numpy as np
import pandas as pd

import trainyard

NULL_WORDS = ["", "NA", "NaN", "null", "N/A", "None", "nan", "#N/A", "<NA>"]
TEXTS = ["a", "Zürich", "x y", "1_000", "0x1F", "39,1", "1,000", 'say "hi"', "two\nlines", "-", "na", "1e", "--1", "'", "ß", "日本"]
WHOLE = ["0", "1", "-1", "+5", "007", "127", "128", "-129", "40000", "3000000000", "-9223372036854775808", " 12", "12 "]
DECIMAL = ["1.5", ".5", "5.", "-0.1", "+2.25", "1e5", "1E-3", " 39.1 ", "\t7.0", "0.1", "123456789.123456789", "1e-320", "1.7976931348623157e308",
           "9007199254740993.0", "2.2250738585072014e-308", "0.30000000000000004"]


def quoted(cell, random):
    """The cell as it may stand in a file."""
    if any(c in cell for c in ',"\n\r') or random.random() < 0.1:
        return '"' + cell.replace('"', '""') + '"'
    return cell


def column(random, rows):
    kind = random.choice(["whole", "small", "decimal", "random", "text", "mixed", "empty"])
    nulls = random.choice([0.0, 0.0, 0.2])
    cells = []
    for _ in range(rows):
        if random.random() < nulls or (kind == "empty" and random.random() < 0.9):
            cells.append(str(random.choice(NULL_WORDS)))
        elif kind == "small":
            cells.append(str(random.integers(-120, 120)))
        elif kind == "whole":
            cells.append(str(random.choice(WHOLE)))
        elif kind == "decimal":
            cells.append(str(random.choice(DECIMAL)))
        elif kind == "random":
            cells.append(repr(float(np.ldexp(random.normal(), int(random.integers(-60, 60))))))
        elif kind == "text":
            cells.append(str(random.choice(TEXTS)))
        else:
            cells.append(str(random.choice([*TEXTS, *DECIMAL, *WHOLE])))
    return cells


def table(seed, number):
    """The bytes of a CSV file."""
    random = np.random.default_rng([seed, number])
    rows, width = int(random.integers(1, 60)), int(random.integers(2, 7))
    if number % 20 == 0:
        rows = 3_000  # more than one block's worth of types to agree on
    columns = [column(random, rows) for _ in range(width)]
    names = [f"c{j}" for j in range(width)]
    names[0] = str(random.choice(["c0", "a b", "größe", 'q"q', "x,y"]))
    end = str(random.choice(["\n", "\r\n"]))
    lines = [",".join(quoted(n, random) for n in names)]
    for row in zip(*columns):
        lines.append(",".join(quoted(c, random) for c in row))
        if random.random() < 0.03:
            lines.append(str(random.choice(["", "  "])))
    text = end.join(lines) + (end if random.random() < 0.8 else "")
    return (b"\xef\xbb\xbf" if random.random() < 0.2 else b"") + text.encode()


def differences(ours, theirs):
    if list(ours.columns) != list(theirs.columns):
        return [f"columns {list(ours.columns)}, pandas has {list(theirs.columns)}"]
    if len(ours) != len(theirs):
        return [f"{len(ours)} rows, pandas has {len(theirs)}"]
    faults = []
    for name in ours.columns:
        a, b = ours[name], theirs[name]
        if pd.api.types.is_numeric_dtype(a) != pd.api.types.is_numeric_dtype(b):
            faults.append(f"column {name!r} is {a.dtype}, in pandas {b.dtype}")
            continue
        same = (a.isna() & b.isna()) | (a.astype(object) == b.astype(object)).fillna(False)
        for row in np.flatnonzero(~same.to_numpy(dtype=bool))[:2]:
            faults.append(f"column {name!r} row {row}: {a[row]!r}, in pandas {b[row]!r}")
    return faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trainyard", required=True)
    arguments.add_argument("--tables", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", type=int, help="only this table, to look at a failure")
    arguments = arguments.parse_args()
    program, faults = trainyard.Program(arguments.trainyard), []
    numbers = range(arguments.tables) if arguments.only is None else [arguments.only]
    for number in numbers:
        content = table(arguments.seed, number)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "table.csv").write_bytes(gzip.compress(content) if number % 5 == 4 else content)
            (folder / "plain.csv").write_bytes(content)
            try:
                program.run(folder, [{"name": "extract", "extract": {"csv": {"path": "table.csv"}}}])
                ours = pd.read_feather(trainyard.one_folder("runs/*/extract/1/data.arrow", folder))
                theirs = pd.read_csv(folder / "plain.csv", low_memory=False)
                found = differences(ours, theirs)
            except trainyard.Refused as refusal:
                found = [str(refusal)]
        faults += [f"table {number}: {fault}" for fault in found]
    trainyard.fail_if(faults, f"{len(numbers)} tables of seed {arguments.seed}, pandas {pd.__version__}")


if __name__ == "__main__":
    main()
