#!/usr/bin/env python3
"""Trains on random tables of numbers, categories and missing cells with the real program, and asks scikit-learn the same.

    check_preprocess.py --trainyard PATH --pickles FOLDER [--problems N] [--seed S]

The training rows are those that `holdout.arrow` does not have. What `preprocess` found in them, as the columns that scikit-learn's
ColumnTransformer makes of them (1e-12); coefficients against scikit-learn on these columns (1e-6); `predict`, model.onnx and model.pkl: the
probabilities of all rows, and of 100,000 in some; the scores of `search` against GridSearchCV; and the same model bytes when the
held-out rows are others.
Leaves in FOLDER what check_pickles.py needs to ask other versions of scikit-learn the same.
"""
import argparse
import io
import json
import pathlib
import shutil
import tempfile
import warnings

import joblib
import numpy as np
import onnxruntime
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler

import trainyard

# What the project promises for preprocess, and for coefficients and ONNX.
EXACT = 1e-12
CLOSE = 1e-6
# Rows of a large table, and every how many-th table is one.
MANY_ROWS, MANY_EVERY = 100_000, 20
WORDS = ["basic", "pro", "team", "é", "a,b", 'qu"ote', "10", "Z", "z", "long category with spaces"]


def column_of_numbers(random, rows):
    kind = random.integers(6)
    values = [
        lambda: random.normal(size=rows),
        lambda: random.normal(1e6, 1.0, rows),
        lambda: np.exp(random.normal(0, 3, rows)),
        lambda: random.integers(-5, 50, rows).astype(float),
        lambda: np.round(random.normal(20, 5, rows), 1),
        lambda: np.full(rows, 7.25),
    ][kind]()
    return values


def column_of_categories(random, rows):
    if random.random() < 0.4:
        known = random.choice(np.array([0, 1, 2, 5, 10, -3, 2.5, 1e6]), random.integers(2, 7), replace=False)
        return random.choice(known, rows, p=random.dirichlet(np.ones(len(known)) * 2))
    known = random.choice(np.array(WORDS), random.integers(2, len(WORDS)), replace=False)
    return random.choice(known, rows, p=random.dirichlet(np.ones(len(known)) * 2)).astype(object)


class Table:
    """A random table, the steps of its preprocess, and the same in scikit-learn."""

    def __init__(self, random):
        self.random = random
        rows = int(random.integers(60, 400))
        self.steps, self.transformers, self.frame, self.features = [], [], pd.DataFrame({"key": np.arange(rows) // 2}), []
        score = np.zeros(rows)
        for at in range(random.integers(1, 7)):
            name = f"feature {at}" if random.random() < 0.2 else f"f{at}"
            is_category = random.random() < 0.45
            values = column_of_categories(random, rows) if is_category else column_of_numbers(random, rows)
            score += self.effect(values, is_category)
            self.add(name, values, is_category)
        classes = int(random.integers(2, 4))
        score += random.normal(size=rows)
        edges = np.quantile(score, np.arange(1, classes) / classes)
        labels = np.array(["no", "yes", "perhaps"] if random.random() < 0.5 else [0, 1, 7])
        self.frame["target"] = labels[np.digitize(score, edges)]
        order = random.permutation(len(self.features))
        self.features = [self.features[at] for at in order]
        self.transformers = [self.transformers[at] for at in order]
        random.shuffle(self.steps)
        # Filling comes first for each column, whatever the order of the columns.
        self.steps.sort(key=lambda step: "impute" not in step)

    def effect(self, values, is_category):
        if is_category:
            return pd.factorize(pd.Series(values))[0] % 3 - 1.0
        spread = np.std(values)
        return (values - np.mean(values)) / spread if spread > 0 else np.zeros(len(values))

    def add(self, name, values, is_category):
        random, parts = self.random, []
        values = pd.Series(values, dtype=object if values.dtype == object else float)
        is_text = values.dtype == object
        missing = random.random() < 0.5
        if missing:
            values[random.random(len(values)) < random.choice([0.02, 0.3])] = np.nan
        if missing or random.random() < 0.2:
            strategies = ["MostFrequent", "Constant"] if is_text else ["Mean", "Median", "MostFrequent", "Constant"]
            strategy = random.choice(strategies)
            impute, their = {"strategy": str(strategy)}, {"Mean": "mean", "Median": "median", "MostFrequent": "most_frequent",
                                                          "Constant": "constant"}[strategy]
            fill = None
            if strategy == "Constant":
                fill = str(random.choice(["missing", "basic"])) if is_text else float(random.choice([0, -1, 0.5]))
                impute["value"] = fill if is_text else (f"{fill}" if fill % 1 else int(fill))
            self.steps.append({"columns": [name], "impute": impute})
            parts.append(("impute", SimpleImputer(strategy=their, **({"fill_value": fill} if fill is not None else {}))))
        if is_category:
            most = int(random.integers(2, 5)) if random.random() < 0.4 else None
            unknown = str(random.choice(["Ignore", "Infrequent"]))
            self.steps.append({"columns": [name], "oneHot": {"unknown": unknown, **({"maxCategories": most} if most else {})}})
            parts.append(("one_hot", OneHotEncoder(
                handle_unknown={"Ignore": "ignore", "Infrequent": "infrequent_if_exist"}[unknown], max_categories=most,
                sparse_output=False,
            )))
        elif random.random() < 0.6:
            method = str(random.choice(["Standard", "MinMax"]))
            self.steps.append({"columns": [name], "scale": {"method": method}})
            parts.append(("scale", StandardScaler() if method == "Standard" else MinMaxScaler()))
        self.frame[name] = values
        self.features.append(name)
        self.transformers.append((name.replace(" ", "_"), Pipeline(parts) if parts else FunctionTransformer(), [name]))

    def transformer(self):
        return ColumnTransformer(self.transformers)

    def split(self):
        kind = self.random.integers(3)
        share = float(self.random.choice([0.1, 0.2, 0.35]))
        if kind == 0:
            return {"holdout": share, "hash": {"column": "key"}}
        if kind == 1:
            return {"holdout": share, "time": {"column": "key"}}
        return {"holdout": share, "random": {"seed": int(self.random.integers(1000)), "stratified": bool(self.random.integers(2))}}

    def write(self, path):
        self.frame.to_csv(path, index=False, lineterminator="\n")


def stages(table, split, search=None):
    train = {
        "features": table.features, "target": "target", "split": split, "logisticRegression": {}, "save": ["onnx", "joblib"],
    }
    if table.steps:
        train["preprocess"] = table.steps
    if search:
        train["search"] = search
    return [
        {"name": "extract", "extract": {"csv": {"path": "table.csv", "nullValues": []}}},
        {"name": "train", "dependsOn": ["extract"], "train": train},
        {"name": "predict", "dependsOn": ["train"], "predict": {}},
    ]


def apart(found, wanted):
    """The largest difference, relative to numbers above 1."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    if found.shape != wanted.shape:
        return np.inf
    return float(np.max(np.abs(found - wanted) / np.maximum(1.0, np.abs(wanted)), initial=0.0))


def probabilities(model, encoded):
    z = encoded @ np.array(model["coefficients"]).T + np.array(model["intercepts"])
    if z.shape[1] == 1:
        with np.errstate(over="ignore"):
            return np.column_stack([1 / (1 + np.exp(z[:, 0])), 1 / (1 + np.exp(-z[:, 0]))])
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def expected_sizes(table, split, held_out):
    """What is wrong with which rows were held out."""
    rows, keys, faults = len(table.frame), table.frame["key"], []
    inside = table.frame.index.isin(held_out)
    if "hash" in split:
        if set(keys[inside]) & set(keys[~inside]):
            faults.append("a key is on both sides")
        return faults
    wanted = int(np.ceil(split["holdout"] * rows))
    if len(held_out) != wanted:
        faults.append(f"{len(held_out)} rows are held out, not {wanted}")
    if "time" in split and sorted(held_out) != list(range(rows - wanted, rows)):
        faults.append("the held-out rows are not the newest")
    if split.get("random", {}).get("stratified"):
        for label, of_class in table.frame["target"].groupby(table.frame["target"]):
            share = split["holdout"] * len(of_class)
            got = int(np.sum(inside & (table.frame["target"] == label)))
            if abs(got - share) >= 1:
                faults.append(f"class {label} has {got} held-out rows, its share is {share}")
    return faults


def onnx_probabilities(path, table, frame):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    inputs = session.get_inputs()
    if [i.name for i in inputs] == ["features"]:
        feed = {"features": frame[table.features].to_numpy(dtype=float)}
    else:
        if [i.name for i in inputs] != table.features:
            raise trainyard.Refused(f"ONNX has the inputs {[i.name for i in inputs]}")
        feed = {}
        for i in inputs:
            if i.type == "tensor(string)":
                feed[i.name] = frame[[i.name]].fillna("").astype(str).to_numpy(dtype=object)
            else:
                feed[i.name] = frame[[i.name]].to_numpy(dtype=float)
    return session.run(None, feed)[1]


def many_rows(program, table, folder, version, worst):
    """The table's cells in other combinations: model.onnx against `predict` and model.pkl."""
    frame = pd.DataFrame({
        name: table.frame[name].sample(MANY_ROWS, replace=True, random_state=at).to_numpy() for at, name in enumerate(table.features)
    })
    frame.to_csv(folder / "many.csv", index=False, lineterminator="\n")
    answer = pd.read_csv(io.BytesIO(program.call("predict", version, "many.csv", folder=folder)), keep_default_na=False)
    wanted = answer[[name for name in answer.columns if name.startswith("probability_")]].to_numpy(dtype=float)
    found = {
        "ONNX": onnx_probabilities(version / "model.onnx", table, frame),
        "pickle": joblib.load(version / "model.pkl").predict_proba(frame),
    }
    faults = []
    for how, answer in found.items():
        error = apart(answer, wanted)
        name = f"{how}, {MANY_ROWS:,} rows"
        worst[name] = max(worst.get(name, 0), error)
        if error > CLOSE:
            faults.append(f"{name}: a probability is {error:.2e} off")
    return faults


def hold_out_does_not_reach(program, table, split, folder, model_bytes, held_out):
    """Other features and labels in the held-out rows, same model."""
    other = table.frame.copy()
    for name in table.features:
        other.loc[held_out, name] = table.random.permutation(other.loc[held_out, name].to_numpy())
    if "random" not in split or not split["random"]["stratified"]:
        other.loc[held_out, "target"] = table.random.permutation(other.loc[held_out, "target"].to_numpy())
    (folder / "other").mkdir()
    other.to_csv(folder / "other" / "table.csv", index=False, lineterminator="\n")
    document = program.run(folder / "other", stages(table, split))
    found = (pathlib.Path(document["model"]["path"]) / "model.json").read_bytes()
    return [] if found == model_bytes else ["other held-out rows make another model"]


def check_search(program, table, split, folder, training):
    grid, metric = [0.01, 0.3, 5.0], str(table.random.choice(["log_loss", "accuracy", "f1"]))
    folds = int(table.random.integers(2, 5))
    (folder / "search").mkdir()
    table.write(folder / "search" / "table.csv")
    document = program.run(folder / "search", stages(table, split, {"over": {"c": grid}, "folds": folds, "metric": metric}))
    report = json.loads((pathlib.Path(document["model"]["path"]) / "search.json").read_text(encoding="utf-8"))
    binary = training["target"].nunique() == 2
    positive = sorted(training["target"].unique())[-1]
    target = (training["target"] == positive).astype(int) if binary else training["target"]
    scoring = {"log_loss": "neg_log_loss", "accuracy": "accuracy", "f1": "f1" if binary else "f1_macro"}[metric]
    pipeline = Pipeline([("columns", table.transformer()), ("model", LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000))])
    theirs = GridSearchCV(pipeline, {"model__C": grid}, scoring=scoring, cv=StratifiedKFold(folds), refit=False, error_score="raise")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            theirs.fit(training[table.features], target)
        except Warning:
            return []
    sign = -1 if metric == "log_loss" else 1
    faults = []
    for at, candidate in enumerate(report["candidates"]):
        wanted = [sign * theirs.cv_results_[f"split{fold}_test_score"][at] for fold in range(folds)]
        if apart(candidate["scores"], wanted) > CLOSE:
            faults.append(f"search by {metric}: C={candidate['c']} scores {candidate['scores']}, scikit-learn's {wanted}")
    best = grid[int(np.argmax(theirs.cv_results_["mean_test_score"]))]
    means = np.sort(theirs.cv_results_["mean_test_score"])
    if report["c"] != best and means[-1] - means[-2] > CLOSE:
        faults.append(f"search takes C={report['c']}, scikit-learn {best}")
    return faults


def check(program, table, pickles, worst, folder, number):
    split = table.split()
    table.write(folder / "table.csv")
    document = program.run(folder, stages(table, split))
    version = pathlib.Path(document["model"]["path"])
    model = json.loads((version / "model.json").read_text(encoding="utf-8"))
    held_out_table = pd.read_feather(trainyard.one_folder("runs/*/train/*/holdout.arrow", folder))
    held = held_out_table["row"].tolist()
    faults = expected_sizes(table, split, held)
    training = table.frame.drop(index=held)
    transformer = table.transformer()
    transformer.fit(training[table.features])
    encoded = np.asarray(transformer.transform(training[table.features]), dtype=float)
    everything = np.asarray(transformer.transform(table.frame[table.features]), dtype=float)
    if model["rows"] != len(training) or len(model["coefficients"][0]) != encoded.shape[1]:
        return faults + [f"{model['rows']} rows, {len(model['coefficients'][0])} columns; scikit-learn {encoded.shape}"]

    wanted = probabilities(model, everything)
    # A margin is as exact as its largest term, and a scaled number as the mean that was taken from it: of numbers near 1e6 fewer digits
    # of the probability are left.
    centres = {c["column"]: abs(c["scale"]["centre"] / c["scale"]["scale"]) for c in model.get("preprocess", []) if "scale" in c}
    sizes = np.abs(everything) + np.array([centres.get(name, 0.0) for name in model.get("encodedFeatures", model["features"])])
    allowed = EXACT * max(1.0, np.max(sizes @ np.abs(np.array(model["coefficients"])).T + np.abs(model["intercepts"])) / 10)
    answers = {
        "the stage": pd.read_feather(trainyard.one_folder("runs/*/predict/*/data.arrow", folder)),
        "the command": pd.read_csv(io.BytesIO(program.call("predict", version, "table.csv", folder=folder)), keep_default_na=False),
    }
    for how, answer in answers.items():
        found = answer[[f"probability_{c}" for c in model["classes"]]].to_numpy(dtype=float)
        error = apart(found, wanted)
        worst[f"predict, {how}"] = max(worst.get(f"predict, {how}", 0), error)
        if error > allowed:
            faults.append(f"{how} predicts {error:.2e} from ColumnTransformer's columns and the coefficients")

    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        theirs = LogisticRegression(solver="newton-cg", tol=1e-13, max_iter=10_000)
        try:
            theirs.fit(encoded, training["target"])
            scale = np.maximum(encoded.std(axis=0), 1e-300)
            effect = max(1.0, np.abs(theirs.coef_ * scale).max())
            error = np.max(np.abs((np.array(model["coefficients"]) - theirs.coef_) * scale)) / effect
            if error > CLOSE and not log_loss_lower(theirs, model, encoded, training["target"]):
                worst["scikit-learn stopped early"] = worst.get("scikit-learn stopped early", 0) + 1
            else:
                worst["coefficients against scikit-learn"] = max(worst.get("coefficients against scikit-learn", 0), error)
                if error > CLOSE:
                    faults.append(f"a coefficient is {error:.2e} from scikit-learn's")
        except (ConvergenceWarning, Warning):
            worst["scikit-learn warned"] = worst.get("scikit-learn warned", 0) + 1

    error = apart(onnx_probabilities(version / "model.onnx", table, table.frame), wanted)
    worst["ONNX"] = max(worst.get("ONNX", 0), error)
    if error > CLOSE:
        faults.append(f"an ONNX probability is {error:.2e} off")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipeline = joblib.load(version / "model.pkl")
        error = apart(pipeline.predict_proba(table.frame[table.features]), wanted)
    worst["pickle"] = max(worst.get("pickle", 0), error)
    if error > allowed:
        faults.append(f"the pickle's probability is {error:.2e} off")
    if number % MANY_EVERY == 0:
        faults += many_rows(program, table, folder, version, worst)
    faults += hold_out_does_not_reach(program, table, split, folder, (version / "model.json").read_bytes(), held)
    if training["target"].value_counts().min() >= 10 and number % 4 == 0:
        faults += check_search(program, table, split, folder, training)
    if not table.steps:
        return faults
    case = pickles / f"preprocess-{number:04}"
    case.mkdir()
    shutil.copy(version / "model.pkl", case / "model.pkl")
    table.frame[table.features].to_csv(case / "table.csv", index=False)
    (case / "case.json").write_text(json.dumps({
        "name": f"table {number}", "columns": table.features, "classes": model["classes"], "probabilities": wanted.tolist(),
        "texts": [name for name in table.features if table.frame[name].dtype == object],
    }), encoding="utf-8")
    return faults


def log_loss_lower(theirs, model, encoded, target):
    """Whether scikit-learn's own objective is lower than that of our coefficients."""
    def objective(coefficients, intercepts):
        p = probabilities({"coefficients": coefficients, "intercepts": intercepts}, encoded)
        rows = np.searchsorted(theirs.classes_, target)
        loss = -np.log(np.maximum(p[np.arange(len(rows)), rows], 1e-300)).sum()
        return loss + 0.5 * np.sum(np.asarray(coefficients) ** 2)
    return objective(theirs.coef_, theirs.intercept_) < objective(np.array(model["coefficients"]), np.array(model["intercepts"]))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trainyard", required=True)
    arguments.add_argument("--pickles", required=True, type=pathlib.Path)
    arguments.add_argument("--problems", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", type=int, help="only this table, to look at a failure")
    arguments = arguments.parse_args()
    program, worst, faults = trainyard.Program(arguments.trainyard), {}, []
    numbers = range(arguments.problems) if arguments.only is None else [arguments.only]
    for number in numbers:
        table = Table(np.random.default_rng([arguments.seed, number]))
        table.frame["row"] = np.arange(len(table.frame))
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = check(program, table, arguments.pickles, worst, pathlib.Path(folder), number)
            except trainyard.Refused as refusal:
                found = [str(refusal)]
        faults += [f"table {number}: {fault}" for fault in found]
    for kind, error in worst.items():
        print(f"  {kind}: {error:.1e}")
    trainyard.fail_if(faults, f"{len(numbers)} tables of seed {arguments.seed}")


if __name__ == "__main__":
    main()
