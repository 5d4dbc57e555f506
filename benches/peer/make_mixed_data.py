#!/usr/bin/env python3
"""Makes N rows of 20 columns as a customer table has them, the same rows for the same arguments (and the same numpy).

    make_mixed_data.py 10000000 out.csv [--seed 1]

customer_id; n1..n10: numbers of several sizes, each missing in 3 % of the rows; c1..c5: texts of 3 to 30 categories, the last two
missing in 2 %; day: dates of two years; u1, u2: columns that no model uses; churned: yes or no, drawn from a logistic model of n1..n6, c1
and c3. Row i comes from block i // 2^18 of the seed.
"""
import argparse

import numpy as np
import pyarrow as pa
import pyarrow.csv

BLOCK = 1 << 18
CATEGORIES = {"c1": 3, "c2": 5, "c3": 8, "c4": 12, "c5": 30}


def numbers(random, rows):
    yield "n1", np.round(random.normal(50, 12, rows), 2)
    yield "n2", np.round(np.exp(random.normal(3, 1, rows)), 2)
    yield "n3", random.integers(0, 73, rows).astype(float)
    yield "n4", random.integers(1, 10, rows).astype(float)
    yield "n5", np.round(random.normal(0, 1, rows), 4)
    yield "n6", random.integers(0, 100_000, rows).astype(float)
    yield "n7", np.round(random.random(rows), 3)
    yield "n8", np.round(random.gamma(2, 30, rows), 1)
    yield "n9", random.integers(-40, 40, rows).astype(float)
    yield "n10", np.round(random.normal(1000, 1, rows), 3)


def block(seed, index, rows):
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index])))
    first = index * BLOCK
    table = {"customer_id": np.arange(first, first + BLOCK, dtype=np.int64) * 7 % 999_999_937}
    score = np.full(BLOCK, -1.2)
    for name, values in numbers(random, BLOCK):
        spread = (values - values.mean()) / values.std()
        score += spread * {"n1": 0.6, "n2": -0.4, "n3": -0.8, "n4": 0.3, "n5": 0.2, "n6": 0.1}.get(name, 0.0)
        missing = random.random(BLOCK) < 0.03
        is_whole = np.all(values == np.floor(values))
        table[name] = pa.array(values.astype(np.int64) if is_whole else values, mask=missing)
    for name, count in CATEGORIES.items():
        words = np.array([f"{name}-{'abcdefghijklmnopqrstuvwxyz'[k % 26]}{k}" for k in range(count)])
        places = np.minimum((random.random(BLOCK) ** 2 * count).astype(np.int64), count - 1)
        score += {"c1": 0.5, "c3": 0.15}.get(name, 0.0) * (places - places.mean())
        missing = random.random(BLOCK) < (0.02 if name in ("c4", "c5") else 0.0)
        table[name] = pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int8), mask=missing), words).cast(pa.string())
    day = np.datetime64("2025-01-01") + random.integers(0, 730, BLOCK)
    table["day"] = pa.array(day.astype("datetime64[D]")).cast(pa.string())
    table["u1"] = np.round(random.random(BLOCK) * 1e6, 1)
    table["u2"] = pa.array(random.integers(0, 1_000_000, BLOCK)).cast(pa.string())
    table["churned"] = np.where(random.random(BLOCK) < 1 / (1 + np.exp(-score)), "yes", "no")
    return pa.table(table).slice(0, rows - first)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("rows", type=int)
    args.add_argument("out")
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    options = pyarrow.csv.WriteOptions(quoting_style="none")
    writer = None
    with open(args.out, "wb") as out:
        for index in range(-(-args.rows // BLOCK)):
            table = block(args.seed, index, args.rows)
            if writer is None:
                out.write((",".join(table.column_names) + "\n").encode())
                writer = pyarrow.csv.CSVWriter(out, table.schema, write_options=pyarrow.csv.WriteOptions(
                    include_header=False, quoting_style=options.quoting_style))
            writer.write_table(table)
        if writer is not None:
            writer.close()


if __name__ == "__main__":
    main()
