#!/usr/bin/env python3
"""Runs the same training on one processor and on all, with and without the C library's FMA, and compares every byte.

    check_identical.py --trainyard PATH [--seed S]

The model folders may differ in manifest.json only, and there only in version, run and createdAt; its digests must be right.
"""
import argparse
import hashlib
import json
import os
import pathlib
import tempfile

import numpy as np

import problems
import trainyard

# What says when and by whom a version was made.
MAY_DIFFER = ["version", "run", "createdAt"]
# glibc then takes the code that a processor without these would run.
WITHOUT_FMA = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2,-AVX2_Usable,-FMA_Usable"}


def large_problem(seed):
    """More than one block of rows, so that two threads really share the work."""
    random = np.random.default_rng([seed, 0])
    x = np.round(random.normal(size=(150_000, 3)), 3)
    return problems.Problem("150,000 rows", x, problems.labels_from(random, x @ random.normal(size=(3, 3)), [0, 1, 2]), 0.5)


def result_of(program, problem, folder, **how):
    """The files of the model and the dataset, by name."""
    trainyard.write_table(folder / "table.csv", problem)
    document = program.run(folder, trainyard.stages_for(problem), **how)
    version = pathlib.Path(document["model"]["path"])
    files = {path.name: path.read_bytes() for path in sorted(version.iterdir())}
    files["data.arrow"] = trainyard.one_folder("runs/*/extract/1/data.arrow", folder).read_bytes()
    return files


def manifest_faults(files):
    """The digest and size of every other file stand in manifest.json."""
    manifest, faults = json.loads(files["manifest.json"]), []
    text = json.dumps(manifest)
    for name, content in files.items():
        if name not in ("manifest.json", "data.arrow") and hashlib.sha256(content).hexdigest() not in text:
            faults.append(f"manifest.json lacks the digest of {name}")
    return faults


def differences(one, other):
    faults = [f"{name} differs" for name in one if name != "manifest.json" and one[name] != other.get(name)]
    a, b = json.loads(one["manifest.json"]), json.loads(other["manifest.json"])
    if list(one) != list(other) or list(a) != list(b):
        faults.append("other files or keys")
    faults += [f"manifest.json: {key} differs" for key in a if key not in MAY_DIFFER and a[key] != b.get(key)]
    return faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trainyard", required=True)
    arguments.add_argument("--seed", type=int, default=1)
    arguments = arguments.parse_args()
    program, faults = trainyard.Program(arguments.trainyard), []
    tried = [problems.problem(arguments.seed, number) for number in range(17)] + [large_problem(arguments.seed)]
    for problem in tried:
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
            try:
                one = result_of(program, problem, pathlib.Path(a), cpus={min(os.sched_getaffinity(0))})
                other = result_of(program, problem, pathlib.Path(b), environment=WITHOUT_FMA)
                found = manifest_faults(one) + differences(one, other)
            except trainyard.Refused as refusal:
                found = [str(refusal)]
        faults += [f"{problem.name}: {fault}" for fault in found]
    trainyard.fail_if(faults, f"{len(tried)} trainings, twice each")


if __name__ == "__main__":
    main()
