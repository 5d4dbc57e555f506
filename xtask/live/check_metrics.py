#!/usr/bin/env python3
"""Judges models with the real program on random tables and compares every number of metrics.json with scikit-learn.

    check_metrics.py --trainyard PATH [--problems N] [--seed S]

Each model is judged on a table of every shape below: tied scores, classes that no row has, rows of one class alone, probabilities of 0
and 1, wrong labels, one row. Half of the models hold rows out and are judged on those too. The metrics.json in a model's own folder is
that of the held-out or, without a split, of the training rows. The probabilities are those that `trainyard predict` prints, all digits;
scikit-learn gets the same ones.
"""
import argparse
import io
import json
import math
import pathlib
import tempfile
import warnings

import numpy as np
import pandas as pd
from sklearn import calibration, metrics

import problems
import trainyard

# What the project promises for every metric.
TOLERANCE = 1e-12
# Curves of more points than this are thinned.
CURVE_POINTS_WHOLE = 197


def as_it_is(random, x, y):
    return x, y


def tied(random, x, y):
    return np.round(x), y


def without_a_class(random, x, y):
    keep = y != random.choice(np.unique(y))
    return x[keep], y[keep]


def of_one_class(random, x, y):
    keep = y == random.choice(np.unique(y))
    return x[keep], y[keep]


def saturated(random, x, y):
    return x * 10.0 ** random.integers(2, 5), y


def wrong_labels(random, x, y):
    return x, random.permutation(y)


def one_row(random, x, y):
    row = random.integers(len(y))
    return x[row:row + 1], y[row:row + 1]


def many_rows(random, x, y):
    rows = random.integers(len(y), size=3_000)
    return np.round(x[rows] + random.normal(size=(3_000, x.shape[1])), 2), y[rows]


SHAPES = [as_it_is, tied, without_a_class, of_one_class, saturated, wrong_labels, one_row, many_rows]
GOALS = ["f1", "accuracy", "balanced_accuracy", "matthews_corrcoef", "cost"]
COST = {"falsePositive": 1.5, "falseNegative": 4}


def problem_of(random, number):
    """A table to train on: its rows, and the class of each."""
    classes = [2, 3, 2, 5][number % 4]
    words = [[0, 1, 2, 3, 4], ["no", "yes", "Zürich", "a b", "Z"], [-3, 10, 2, 7, 0]][number % 3][:classes]
    x = problems.table(random, int(random.integers(30, 200)), int(random.integers(1, 4)))
    slope = random.normal(size=(x.shape[1], classes)) * random.choice([0.1, 1.0, 3.0])
    # A class that is rare is often never predicted.
    labels = problems.labels_from(random, x @ slope - np.arange(classes) * random.choice([0.0, 2.0]), words)
    c = float(np.round(10.0 ** random.uniform(-3, 3), 6))
    return problems.Problem(f"model {number}", x, labels, c)


def undefined_of(y, predicted, classes):
    """The metrics that are 0/0 or cannot be measured, by their denominators."""
    names = set()
    there, said = np.bincount(y, minlength=classes), np.bincount(predicted, minlength=classes)
    positive = {"precision": said, "recall": there, "f1": said + there}
    for name, whole in positive.items():
        empty = whole == 0
        seen = there + said > 0
        if empty.any():
            names.add(f"{name}_per_class")
        if (empty & seen).any():
            names.add(f"{name}_macro")
        if (empty & (there > 0)).any():
            names.add(f"{name}_weighted")
        if (empty[1] if classes == 2 else (empty & seen).any()):
            names.add(name)
    if (there == 0).any():
        names |= {"balanced_accuracy", "roc_auc", "average_precision"} | ({"threshold"} if classes == 2 else set())
    if (there > 0).sum() == 1 or (said > 0).sum() == 1:
        names.add("matthews_corrcoef")
    return names


def averages(y, predicted, classes):
    wanted = {}
    for name, score in [("precision", metrics.precision_score), ("recall", metrics.recall_score), ("f1", metrics.f1_score)]:
        for average in ("micro", "macro", "weighted"):
            wanted[f"{name}_{average}"] = score(y, predicted, average=average)
        wanted[f"{name}_per_class"] = score(y, predicted, labels=range(classes), average=None)
        wanted[name] = score(y, predicted, pos_label=1) if classes == 2 else wanted[f"{name}_macro"]
    return wanted


def areas(y, p, classes):
    """scikit-learn's areas; None where there is a class without rows, which leaves nothing to rank."""
    if len(np.unique(y)) < classes:
        return {"roc_auc": None, "average_precision": None}
    if classes == 2:
        return {
            "roc_auc": metrics.roc_auc_score(y, p[:, 1]),
            "average_precision": metrics.average_precision_score(y, p[:, 1]),
        }
    of_each = [metrics.average_precision_score(y == k, p[:, k]) for k in range(classes)]
    return {
        "roc_auc": metrics.roc_auc_score(y, p, multi_class="ovr", labels=range(classes)),
        "average_precision": float(np.mean(of_each)),
        "roc_auc_per_class": [metrics.roc_auc_score(y == k, p[:, k]) for k in range(classes)],
        "average_precision_per_class": of_each,
    }


def bins(y, predicted, p, classes):
    """scikit-learn's calibration curve of classes[1], or of the predicted class."""
    said = p[:, 1] if classes == 2 else p[np.arange(len(p)), predicted]
    true = (y == 1) if classes == 2 else (y == predicted)
    fraction, mean = calibration.calibration_curve(true, said, n_bins=10, pos_label=True)
    counts = np.bincount(np.searchsorted(np.linspace(0, 1, 11)[1:-1], said), minlength=10)
    return [
        {"mean_predicted": m, "fraction_of_positives": f, "rows": int(n)}
        for m, f, n in zip(mean, fraction, counts[counts > 0])
    ]


def at(threshold, y, p):
    """What a threshold does to rows of two classes."""
    said = (p[:, 1] >= threshold).astype(int)
    wrong, missed = int(((said == 1) & (y == 0)).sum()), int(((said == 0) & (y == 1)).sum())
    return {
        "precision": metrics.precision_score(y, said), "recall": metrics.recall_score(y, said), "f1": metrics.f1_score(y, said),
        "accuracy": metrics.accuracy_score(y, said), "balanced_accuracy": metrics.balanced_accuracy_score(y, said),
        "matthews_corrcoef": metrics.matthews_corrcoef(y, said), "predicted_positives": int(said.sum()),
        "false_positives": wrong, "false_negatives": missed,
        "cost": COST["falsePositive"] * wrong + COST["falseNegative"] * missed,
    }


def wanted_of(y, predicted, p, classes):
    """Everything that scikit-learn says about these rows."""
    labels = range(classes)
    wanted = {
        "rows": len(y), "accuracy": metrics.accuracy_score(y, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, predicted),
        "log_loss": metrics.log_loss(y, p, labels=labels), "brier_score": metrics.brier_score_loss(y, p, labels=labels),
        "matthews_corrcoef": metrics.matthews_corrcoef(y, predicted),
        "support": np.bincount(y, minlength=classes), "confusion_matrix": metrics.confusion_matrix(y, predicted, labels=labels),
        "calibration": bins(y, predicted, p, classes),
    }
    wanted.update(averages(y, predicted, classes))
    wanted.update(areas(y, p, classes))
    if classes == 2:
        keys = ["precision", "recall", "f1", "predicted_positives", "false_positives", "false_negatives"]
        wanted["thresholds"] = [
            {"threshold": k / 20, **{key: value for key, value in at(k / 20, y, p).items() if key in keys}} for k in range(1, 20)
        ]
    return wanted


def differs(name, found, want):
    """What is wrong with a number, or a list or map of numbers; nothing if all are within the tolerance."""
    if isinstance(want, dict):
        if not isinstance(found, dict) or list(found) != list(want):
            return [f"{name} is {found}, not {want}"]
        return [fault for key in want for fault in differs(f"{name}.{key}", found[key], want[key])]
    if isinstance(want, (list, np.ndarray)):
        if not isinstance(found, list) or len(found) != len(want):
            return [f"{name} is {found}, not {want}"]
        return [fault for k, (f, w) in enumerate(zip(found, want)) for fault in differs(f"{name}[{k}]", f, w)]
    if want is None or found is None:
        return [] if want is found else [f"{name} is {found}, not {want}"]
    if math.isclose(found, want, rel_tol=TOLERANCE, abs_tol=1e-15):
        return []
    return [f"{name} is {found!r}, not {want!r}"]


def curve_faults(found, y, p, classes):
    """The curves, whole where they are short, else some of their points."""
    faults = []
    if len(np.unique(y)) < classes:
        return faults  # of the classes that have rows, which nobody promised
    for curve, other in zip(found["roc_curve"], found["precision_recall_curve"]):
        k = curve["class"]
        fpr, tpr, _ = metrics.roc_curve(y == k, p[:, k], drop_intermediate=False)
        precision, recall, _ = metrics.precision_recall_curve(y == k, p[:, k])
        precision, recall = precision[::-1][1:], recall[::-1][1:]
        if len(np.unique(p[:, k])) <= CURVE_POINTS_WHOLE:
            faults += differs("fpr", curve["fpr"], fpr) + differs("tpr", curve["tpr"], tpr)
            faults += differs("precision", other["precision"], precision)
            faults += differs("recall", other["recall"], recall)
            continue
        for name, whole, some in [
            ("ROC", zip(fpr, tpr), list(zip(curve["fpr"], curve["tpr"]))),
            ("precision-recall", zip(precision, recall), list(zip(other["precision"], other["recall"]))),
        ]:
            whole = set(whole)
            if len(some) > 200 or not whole.issuperset(some) or some[-1][1] != 1:
                faults.append(f"the {name} curve of class {k} has {len(some)} points, of which some are none of the whole one")
    return faults


def threshold_faults(found, goal, y, p, random):
    """None of a hundred other scores is better, and what stands beside the value is true."""
    if len(np.unique(y)) < 2:
        return [] if "threshold" not in found else ["there is a threshold for rows of one class"]
    chosen = found["threshold"]
    scores = np.unique(p[:, 1])
    if chosen["value"] not in scores:
        return [f"the threshold {chosen['value']} is no score"]
    here = at(chosen["value"], y, p)
    sign = -1 if goal == "cost" else 1
    others = random.choice(scores, size=min(len(scores), 100), replace=False)
    best = max(sign * there[goal] for there in [here, *(at(score, y, p) for score in others)])
    faults = differs("what the threshold is best for", sign * here[goal], best)
    keys = [key for key in here if key != "cost" or goal == "cost"]
    return faults + [fault for key in keys for fault in differs(f"threshold.{key}", chosen[key], here[key])]


def faults_of(found, y, predicted, p, classes, goal, random):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of 0/0, which `undefined` tells
        wanted = wanted_of(y, predicted, p, classes)
        faults = [fault for name, want in wanted.items() for fault in differs(name, found.get(name), want)]
        if classes == 2 and goal:
            faults += threshold_faults(found, goal, y, p, random)
        faults += curve_faults(found, y, p, classes)
    undefined = undefined_of(y, predicted, classes)
    if not goal:
        undefined.discard("threshold")
    if set(found["undefined"]) != undefined:
        faults.append(f"undefined is {sorted(found['undefined'])}, not {sorted(undefined)}")
    return faults


def stages_of(problem, tables, goal, split):
    """Trains, and judges the model on every table, and on the rows that it has held out, if it has."""
    train = {"features": problem.columns, "target": "target", "logisticRegression": {"c": problem.c}}
    judge = {}
    if len(problem.classes) == 2:
        judge = {"threshold": {"cost": COST} if goal == "cost" else {"maximize": goal}}
    stages = [
        {"name": "extract", "extract": {"csv": {"path": "table.csv"}}},
        {"name": "train", "dependsOn": ["extract"], "train": {**train, **split}},
    ]
    if split:
        stages.append({"name": "held", "dependsOn": ["train"], "evaluate": judge})
    for k, _ in enumerate(tables):
        stages.append({"name": f"rows{k}", "extract": {"csv": {"path": f"judged{k}.csv"}}})
        stages.append({"name": f"judge{k}", "dependsOn": ["train"], "input": f"rows{k}", "evaluate": judge})
    return stages


def labels_of(column, classes):
    """The class of each row, by its place among the classes."""
    texts = [str(label) for label in classes]
    return np.array([texts.index(str(label)) for label in column])


def judged_faults(program, found, path, y, folder, version, classes, goal, random):
    """Everything wrong with metrics that are about the rows of a CSV, whose classes are y."""
    answer = pd.read_csv(io.BytesIO(program.call("predict", version, path, folder=folder)), dtype=str, keep_default_na=False)
    p = np.array([[float(cell) for cell in answer[f"probability_{label}"]] for label in classes]).T
    predicted = labels_of(answer["prediction"], classes)
    if found["classes"] != classes:
        return [f"classes are {found['classes']}"]
    return faults_of(found, y, predicted, p, len(classes), goal, random)


def version_faults(program, problem, document, folder, goal, random):
    """Everything wrong with metrics.json in the model's folder, and with what was found on the held-out rows."""
    version, classes = pathlib.Path(document["model"]["path"]), problem.classes
    own = json.loads((version / "metrics.json").read_text(encoding="utf-8"))
    held_out = list(folder.glob("runs/*/train/1/holdout.arrow"))
    if not held_out:
        y, path = labels_of(problem.labels, classes), "table.csv"
    else:
        rows = pd.read_feather(held_out[0])
        y, path = labels_of(rows["target"], classes), "held.csv"
        trainyard.write_table(folder / path, problems.Problem(path, rows[problem.columns].to_numpy(float), list(rows["target"])))
    if own["data"] != ("holdout" if held_out else "training"):
        return [f"the version's metrics are of {own['data']} rows"]
    faults = judged_faults(program, own, path, y, folder, version, classes, None, random)
    if held_out:
        found = json.loads(trainyard.one_folder("runs/*/held/1/metrics.json", folder).read_text(encoding="utf-8"))
        faults += judged_faults(program, found, path, y, folder, version, classes, goal, random)
        faults += [f"{key} differs from the version's" for key in own if key != "undefined" and own[key] != found[key]]
    return [f"{path}: {fault}" for fault in faults]


def check(program, problem, random, goal, split, folder):
    """Everything wrong with the judging of one model; how many tables it was judged on."""
    classes = problem.classes
    trained_on = labels_of(problem.labels, classes)
    trainyard.write_table(folder / "table.csv", problem)
    tables = []
    for k, shape in enumerate(SHAPES):
        x, y = shape(random, problem.features, trained_on)
        tables.append((shape.__name__, y))
        judged = problems.Problem(shape.__name__, x, [classes[label] for label in y])
        trainyard.write_table(folder / f"judged{k}.csv", judged)
    document = program.run(folder, stages_of(problem, tables, goal, split))
    if document["phase"] != "Succeeded":
        return [json.dumps(document)], 0
    version = pathlib.Path(document["model"]["path"])
    faults = version_faults(program, problem, document, folder, goal, random)
    for k, (name, y) in enumerate(tables):
        path = trainyard.one_folder(f"runs/*/judge{k}/1/metrics.json", folder)
        found = json.loads(path.read_text(encoding="utf-8"))
        copy = trainyard.one_folder(f"models/live/evaluations/{version.name}/*-judge{k}/metrics.json", folder)
        if copy.read_bytes() != path.read_bytes():
            faults.append(f"{name}: the copy beside the version differs")
        if found["data"] != "dataset":
            faults.append(f"{name}: data is {found['data']}")
        these = judged_faults(program, found, f"judged{k}.csv", y, folder, version, classes, goal, random)
        faults += [f"{name}: {fault}" for fault in these]
    return faults, len(tables) + 1


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trainyard", required=True)
    arguments.add_argument("--problems", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", type=int, help="only this model, to look at a failure")
    arguments = arguments.parse_args()
    program, faults, judged = trainyard.Program(arguments.trainyard), [], 0
    models = math.ceil(arguments.problems / len(SHAPES))
    for number in range(models) if arguments.only is None else [arguments.only]:
        random = np.random.default_rng([arguments.seed, number])
        problem = problem_of(random, number)
        goal = GOALS[number % len(GOALS)]
        split = {"split": {"holdout": 0.3, "random": {"seed": number}}} if number % 4 > 1 else {}
        with tempfile.TemporaryDirectory() as folder:
            try:
                found, tables = check(program, problem, random, goal, split, pathlib.Path(folder))
            except trainyard.Refused as refusal:
                found, tables = [str(refusal)], 0
        judged += tables
        faults += [f"{problem.name}: {fault}" for fault in found]
    trainyard.fail_if(faults, f"{judged} tables judged by {models} models of seed {arguments.seed}")


if __name__ == "__main__":
    main()
