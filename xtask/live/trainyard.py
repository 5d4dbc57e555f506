"""Asks the real program: writes a table and a manifest into a fresh folder, runs it there, reads what it wrote."""
import csv
import json
import os
import pathlib
import subprocess
import sys


class Refused(Exception):
    """The program did not do what it was asked; the text is what it said."""


class Program:
    """The `trainyard` executable; each call starts it once."""

    def __init__(self, path):
        self.path = str(pathlib.Path(path).resolve())

    def call(self, *arguments, folder, environment=None, cpus=None):
        """Its standard output. `cpus` binds it to these processors, which also sets how many threads it uses."""
        pin = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
        done = subprocess.run(
            [self.path, *map(str, arguments)], cwd=folder, capture_output=True, timeout=300, preexec_fn=pin,
            env={**os.environ, **(environment or {})}, check=False,
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
            raise Refused(f"trainyard {' '.join(map(str, arguments))}: exit code {done.returncode}\n{said}")
        return done.stdout

    def run(self, folder, stages, workspace=None, **how):
        """Runs a pipeline of these stages in `folder`; gives the document of `-o json`, the workspace as a path beside."""
        manifest = folder / "pipeline.yaml"
        manifest.write_text(json.dumps({
            "apiVersion": "trainyard.dev/v1alpha1", "kind": "MLPipeline", "metadata": {"name": "live"},
            "spec": {"stages": stages},
        }, indent=1, ensure_ascii=False), encoding="utf-8")
        workspace = workspace or folder
        return json.loads(self.call("run", manifest, "--workspace", workspace, "-o", "json", folder=folder, **how))


def one_folder(pattern, below):
    """The one path of this pattern."""
    found = list(pathlib.Path(below).glob(pattern))
    if len(found) != 1:
        raise Refused(f"{below}: {len(found)} paths like {pattern}, not one")
    return found[0]


def write_table(path, problem):
    """The problem as CSV; floats in the shortest text that reads back to the same float64."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow([*problem.columns, "target"])
        for row, label in zip(problem.features.tolist(), problem.labels):
            out.writerow([*map(repr, row), label])


def stages_for(problem, table="table.csv"):
    """extract, validate and train for a problem's table."""
    settings = {"c": problem.c}
    if problem.class_weight == "balanced":
        settings["classWeight"] = {"balanced": {}}
    elif problem.class_weight:
        settings["classWeight"] = {"weights": {str(k): v for k, v in problem.class_weight.items()}}
    return [
        {"name": "extract", "extract": {"csv": {"path": table}}},
        {"name": "validate", "dependsOn": ["extract"], "validate": {"noNulls": "All"}},
        {"name": "train", "dependsOn": ["validate"], "train": {
            "features": problem.columns, "target": "target", "logisticRegression": settings, "save": ["onnx", "joblib"],
        }},
    ]


def fail_if(faults, done):
    """Ends the script: what was done, or every fault and exit code 1."""
    if faults:
        for fault in faults:
            print(f"FAILED {fault}", file=sys.stderr)
        sys.exit(f"{len(faults)} faults in {done}")
    print(done)
