#!/usr/bin/env python3
"""Trains random problems with the real program and compares every file of the model with an independent answer.

    check_models.py --trainyard PATH --pickles FOLDER [--problems N] [--seed S]

model.json: within 1e-6 of the optimum (one Newton step in 50 digits says how far it is), of scikit-learn where that did not
warn, and never above scikit-learn's objective. model.onnx in onnxruntime, `predict` and model.pkl: the probabilities that
model.json gives. Leaves in FOLDER what check_pickles.py needs to ask other versions of scikit-learn the same.
"""
import argparse
import io
import json
import pathlib
import shutil
import tempfile

import mpmath
import numpy as np
import onnxruntime
import pandas as pd

import optimum
import problems
import trainyard

# What the project promises for coefficients, intercepts, probabilities and ONNX.
TOLERANCE = 1e-6


class Worst(dict):
    """The largest relative error seen of each kind, with its problem."""

    def see(self, kind, error, name):
        if not error <= self.get(kind, (-1.0, ""))[0]:
            self[kind] = (float(error), name)
        return float(error)


def relative(errors, values, floors):
    return max(abs(float(e)) / max(abs(float(v)), float(f)) for e, v, f in zip(errors, values, floors))


def coefficient_floors(problem, coefficients):
    """Below this a coefficient counts as zero: 1e-4 of the largest effect of any column, in this column's units."""
    spread = problem.features.std(axis=0)
    spread[spread == 0] = 1.0
    largest = np.abs(coefficients * spread).max()
    return 1e-4 * (largest or 1.0) / spread


def model_faults(problem, model, worst):
    """Everything wrong with model.json."""
    wanted = {
        "algorithm": "logisticRegression", "features": problem.columns, "target": "target", "classes": problem.classes,
        "c": problem.c, "rows": len(problem.labels), "converged": True,
    }
    faults = [f"{key} is {model.get(key)!r}, not {value!r}" for key, value in wanted.items() if model.get(key) != value]
    if faults:
        return faults
    w, b = np.array(model["coefficients"]), np.array(model["intercepts"])
    vectors = 1 if len(problem.classes) == 2 else len(problem.classes)
    if w.shape != (vectors, len(problem.columns)) or b.shape != (vectors,):
        return [f"shape {w.shape} and {b.shape}"]
    constant = problem.features.std(axis=0) == 0
    if np.any(w[:, constant] != 0):
        faults.append(f"a constant column has coefficient {w[:, constant].ravel()}")
    if vectors > 1 and max(np.abs(w.sum(axis=0)).max(), abs(b.sum())) > 1e-12 * max(np.abs(w).max(), np.abs(b).max(), 1e-300):
        faults.append(f"sums over the classes: {w.sum(axis=0)}, {b.sum()}")

    floors = coefficient_floors(problem, w)
    for_w, for_b = optimum.correction(problem, w, b)
    of_w = max(relative(e, v, floors) for e, v in zip(for_w, w))
    scale = 1e-4 * max(1.0, np.abs(w * problem.features.mean(axis=0)).max())
    of_b = relative(for_b, b, [scale] * len(b))
    if worst.see("coefficients against the 50-digit optimum", of_w, problem.name) > TOLERANCE:
        faults.append(f"a coefficient is {of_w:.2e} from the optimum")
    if worst.see("intercepts against the 50-digit optimum", of_b, problem.name) > TOLERANCE:
        faults.append(f"an intercept is {of_b:.2e} from the optimum")
    faults += against_scikit_learn(problem, w, b, floors, scale, worst)
    return faults


def against_scikit_learn(problem, w, b, floors, scale, worst):
    """Where scikit-learn did not warn and is not worse by its own objective, it must agree."""
    theirs = optimum.of_scikit_learn(problem)
    if theirs is None:
        worst["scikit-learn warned"] = (worst.get("scikit-learn warned", (0, ""))[0] + 1, "times")
        return []
    of_w = max(relative(t - o, o, floors) for t, o in zip(theirs[0], w))
    of_b = relative(theirs[1] - b, b, [scale] * len(b))
    if worst.see("scikit-learn's coefficients against ours", of_w, problem.name) <= TOLERANCE and of_b <= TOLERANCE:
        return []
    ours, other = optimum.objective(problem, w, b), optimum.objective(problem, *theirs)
    if ours < other:
        return []
    return [f"scikit-learn differs by {of_w:.2e}, {of_b:.2e}, and its objective is lower by {mpmath.nstr(ours - other, 3)}"]


def probabilities_of(model, x):
    """What model.json says, in float64."""
    z = x @ np.array(model["coefficients"]).T + np.array(model["intercepts"])
    with np.errstate(over="ignore"):
        if z.shape[1] == 1:
            return np.column_stack([1 / (1 + np.exp(z[:, 0])), 1 / (1 + np.exp(-z[:, 0]))])
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def onnx_faults(problem, model, path, worst):
    """One input, two outputs, and the probabilities of model.json to 1e-6."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    inputs = [i.name for i in session.get_inputs()]
    outputs = [o.name for o in session.get_outputs()]
    if inputs != ["features"] or outputs != ["label", "probabilities"]:
        return [f"ONNX has inputs {inputs} and outputs {outputs}"]
    kind = np.float32 if session.get_inputs()[0].type == "tensor(float)" else np.float64
    faults = []
    for rows in (problem.features, problem.features[:1], problem.features[:0]):
        rows = rows.astype(kind)
        label, found = session.run(None, {"features": rows})
        wanted = probabilities_of(model, rows.astype(np.float64))
        if found.shape != wanted.shape or label.shape != (len(rows),):
            faults.append(f"ONNX of {len(rows)} rows gives {label.shape} labels and {found.shape} probabilities")
            continue
        if not len(rows):
            continue
        error = np.abs(found - wanted).max()
        if worst.see("ONNX probabilities against model.json", error, problem.name) > TOLERANCE:
            faults.append(f"an ONNX probability is {error:.2e} from model.json's")
        clear = np.sort(wanted, axis=1)[:, -1] - np.sort(wanted, axis=1)[:, -2] > TOLERANCE
        best = np.array(problem.classes, dtype=object)[wanted.argmax(axis=1)]
        if not np.array_equal(label.astype(object)[clear], best[clear]):
            faults.append("an ONNX label is not the most likely class")
    return faults


def predict_faults(program, problem, model, version, folder, worst):
    """`predict` repeats the input and adds prediction and probabilities, exact to the last digits."""
    answer = program.call("predict", version, "table.csv", folder=folder)
    given = pd.read_csv(folder / "table.csv", dtype=str, keep_default_na=False)
    found = pd.read_csv(io.BytesIO(answer), dtype=str, keep_default_na=False)
    columns = [f"probability_{k}" for k in problem.classes]
    if list(found.columns) != [*given.columns, "prediction", *columns]:
        return [f"predict gives the columns {list(found.columns)}"]
    if not found[given.columns].equals(given):
        return ["predict changed a column of the input"]
    w, b = optimum.exact(model["coefficients"]), [mpmath.mpf(v) for v in model["intercepts"]]
    worst_error, faults = 0.0, []
    for row, z in zip(found.to_dict("records"), optimum.margins(optimum.exact(problem.features), w, b)):
        exact = optimum.probabilities(z)
        got = [float(row[c]) for c in columns]
        # A margin of 700 holds an error of 1e-13 whatever one does, and that is a probability's relative error.
        worst_error = max(worst_error, *(abs(g - e) / (e + mpmath.mpf("1e-300")) for g, e in zip(got, exact)))
        if row["prediction"] != str(problem.classes[got.index(max(got))]):
            faults.append(f"predict says {row['prediction']} at {got}")
    if worst.see("predict against model.json in 50 digits", worst_error, problem.name) > TOLERANCE:
        faults.append(f"a predicted probability is {float(worst_error):.2e} from model.json's")
    return faults[:3]


def check(program, problem, pickles, worst, folder):
    """Everything wrong with one problem."""
    trainyard.write_table(folder / "table.csv", problem)
    document = program.run(folder, trainyard.stages_for(problem))
    if document["phase"] != "Succeeded":
        return [json.dumps(document)]
    version = pathlib.Path(document["model"]["path"])
    model = json.loads((version / "model.json").read_text(encoding="utf-8"))
    faults = model_faults(problem, model, worst)
    if faults:
        return faults
    faults += onnx_faults(problem, model, version / "model.onnx", worst)
    faults += predict_faults(program, problem, model, version, folder, worst)
    case = pickles / f"{len(list(pickles.iterdir())):04}"
    case.mkdir()
    shutil.copy(version.parent / f"{version.name}.pkl", case / "model.pkl")
    (case / "case.json").write_text(json.dumps({
        "name": problem.name, "columns": problem.columns, "rows": problem.features.tolist(), "classes": problem.classes,
        "c": problem.c, "probabilities": probabilities_of(model, problem.features).tolist(),
    }), encoding="utf-8")
    return faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trainyard", required=True)
    arguments.add_argument("--pickles", required=True, type=pathlib.Path)
    arguments.add_argument("--problems", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", type=int, help="only this problem, to look at a failure")
    arguments = arguments.parse_args()
    program, worst, faults = trainyard.Program(arguments.trainyard), Worst(), []
    numbers = range(arguments.problems) if arguments.only is None else [arguments.only]
    for number in numbers:
        problem = problems.problem(arguments.seed, number)
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = check(program, problem, arguments.pickles, worst, pathlib.Path(folder))
            except trainyard.Refused as refusal:
                found = [str(refusal)]
        faults += [f"{problem.name}: {fault}" for fault in found]
    for kind, (error, name) in worst.items():
        print(f"  {kind}: {error:.1e} ({name})")
    trainyard.fail_if(faults, f"{len(numbers)} problems of seed {arguments.seed}")


if __name__ == "__main__":
    main()
