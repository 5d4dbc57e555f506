#!/usr/bin/env python3
"""Splits random tables by a key with the real program: the same key is on the same side in every one of them.

    check_splits.py --trainyard PATH [--tables N] [--seed S]

The tables share their keys and nothing else: other rows, orders, columns, labels, shares, and the same key as a whole number, a number
with a point, text. Each row's side is also computed here, from what is promised: 64-bit FNV-1a of the key's text, mixed by MurmurHash3's
finalizer, as a fraction of 2^64, below the share.
"""
import argparse
import pathlib
import tempfile

import numpy as np
import pandas as pd

import trainyard

SHARES = [0.1, 0.2, 0.35, 0.5]
WORDS = ["", "7590-VHVEG", "é", "a,b", 'qu"ote', " ", "Ω 1", "x" * 300, "01", "1e3", "-0"]
LIMIT = 2**64


def fraction(key):
    """Where a key falls between 0 and 1."""
    mixed = 0xCBF29CE484222325
    for byte in key.encode():
        mixed = (mixed ^ byte) * 0x100000001B3 % LIMIT
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed = (mixed ^ mixed >> 33) * factor % LIMIT
    return (mixed ^ mixed >> 33) / LIMIT


def pool(random):
    """Keys by kind, each as the texts that may stand in a table and the one that it is hashed as."""
    whole = [int(key) for key in random.integers(-10**6, 10**6, 150)] + [0, 2**53 + 1, -(2**53) - 3, 2**62]
    # Exact as float64 too.
    halves = [f"{key / 2:.1f}" for key in random.integers(-10**5, 10**5, 150)]
    words = [word for word in WORDS if word] + [f"C{key:05}" for key in random.integers(0, 10**5, 150)]
    return {
        "whole": [([str(key)], str(key)) for key in sorted(set(whole))],
        "with a point": [([key, key + "0"], key.removesuffix(".0")) for key in sorted(set(halves))],
        "text": [([word], word) for word in sorted(set(words))],
    }


def table(random, keys):
    """A table, the column of its keys, and how each row's key is hashed."""
    chosen = random.integers(0, len(keys), random.integers(150, 400))
    texts = [keys[at][0][random.integers(len(keys[at][0]))] for at in chosen]
    columns = {"of": texts}
    for at in range(random.integers(1, 4)):
        columns[f"x{at}"] = np.round(random.normal(0, 10.0 ** random.integers(-3, 4), len(chosen)), 4)
    labels = np.array(["no", "yes"] if random.random() < 0.5 else [0, 1])
    columns["target"] = labels[random.integers(0, 2, len(chosen))]
    order = random.permutation(list(columns))
    return pd.DataFrame({name: columns[name] for name in order}), [keys[at][1] for at in chosen]


def check(program, random, keys, sides, folder):
    frame, hashed = table(random, keys)
    share = float(random.choice(SHARES))
    frame["row"] = np.arange(len(frame))
    frame.to_csv(folder / "table.csv", index=False, lineterminator="\n")
    features = [name for name in frame.columns if name.startswith("x")]
    program.run(folder, [
        {"name": "extract", "extract": {"csv": {"path": "table.csv", "nullValues": []}}},
        {"name": "train", "dependsOn": ["extract"], "train": {
            "features": features, "target": "target", "split": {"holdout": share, "hash": {"column": "of"}}, "logisticRegression": {},
        }},
    ])
    held = set(pd.read_feather(trainyard.one_folder("runs/*/train/*/holdout.arrow", folder))["row"])
    faults = []
    for row, key in enumerate(hashed):
        is_held = row in held
        if sides.setdefault((key, share), is_held) != is_held:
            faults.append(f"{key!r} was on the other side of a share of {share}")
        if is_held != (fraction(key) < share):
            faults.append(f"{key!r} falls at {fraction(key)}, held out of {share}: {is_held}")
    return faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trainyard", required=True)
    arguments.add_argument("--tables", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    program, sides, faults = trainyard.Program(arguments.trainyard), {}, []
    keys = pool(np.random.default_rng([arguments.seed, arguments.tables]))
    kinds = list(keys)
    for number in range(arguments.tables):
        random = np.random.default_rng([arguments.seed, number])
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = check(program, random, keys[kinds[number % len(kinds)]], sides, pathlib.Path(folder))
            except trainyard.Refused as refusal:
                found = [str(refusal)]
        faults += [f"table {number}: {fault}" for fault in found]
    trainyard.fail_if(faults, f"{arguments.tables} tables, {len(sides):,} keys and shares, each always on one side")


if __name__ == "__main__":
    main()
