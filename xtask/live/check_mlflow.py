#!/usr/bin/env python3
"""Trains on random tables of numbers, categories and missing cells with the real program, and lets MLflow load the versions' folders.

    check_mlflow.py --trainyard PATH [--tables N] [--seed S]

With `save: [mlflow]`, and with joblib beside it: `Model.load` reads the folder; its signature has the types that MLflow finds in the
table itself, and `validate_schema` takes the table; `pyfunc.load_model`, `sklearn.load_model` and what MLflow's server does with JSON
predict what `trainyard predict` does; the input example is the first rows of training; nothing is warned of; every file is in
manifest.json, and training again makes the same bytes.
"""
import argparse
import io
import json
import logging
import os
import pathlib
import platform
import tempfile
import warnings as python_warnings

# Nobody is told that MLflow was used here.
os.environ.update({"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"})

import mlflow
import mlflow.onnx
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import Model, infer_signature, validate_schema
from mlflow.pyfunc import scoring_server

import check_preprocess
import trainyard

# Two float64 computations of one formula; a margin is as exact as its largest term.
CLOSE = 1e-9
# As the worker's SAMPLE_ROWS_MAX.
EXAMPLE_ROWS = 5
# As in pandas 3. Its texts are no arrays of numpy, which are all that MLflow gives to onnxruntime: requirements.txt asks for pandas 2 then.
HAS_OWN_TEXTS = int(pd.__version__.split(".")[0]) >= 3
# A missing text out of JSON is None, which onnxruntime reads as this word: where it is a category, MLflow's server cannot tell the two apart.
NONE = "None"
# This Python may be another one than that of python_env.yaml.
OTHER_PYTHON = "version of Python that the model was saved in"


class Warnings(logging.Handler):
    """What MLflow warns of."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.said = []
        # Its own handler writes them all to stderr.
        logging.getLogger("mlflow").handlers = [self]

    def emit(self, record):
        self.said.append(record.getMessage())

    def taken(self, *expected):
        """All but those with an expected text."""
        said, self.said = self.said, []
        return [message for message in said if not any(text in message for text in expected)]


class Table(check_preprocess.Table):
    """With columns of whole numbers, and texts that look like what Python makes of a missing cell."""

    def __init__(self, random):
        super().__init__(random)
        for name in self.features:
            values = self.frame[name]
            if values.dtype == object:
                if random.random() < 0.5:
                    self.frame[name] = values.replace("pro", NONE)
            elif (values.dropna() % 1 == 0).all():
                self.frame[name] = values.astype("Int64")
        self.texts = [name for name in self.features if self.frame[name].dtype == object]
        self.imputed = {name for step in self.steps if "impute" in step for name in step["columns"]}

    def read(self, path, text):
        """As a user of pandas reads it."""
        types = {name: text for name in self.texts}
        exact = {} if HAS_OWN_TEXTS else {"float_precision": "round_trip"}
        return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""], **exact)


def train(program, table, folder, save):
    """The folder of the version."""
    folder.mkdir()
    table.write(folder / "table.csv")
    stages = check_preprocess.stages(table, {"holdout": 0.2, "hash": {"column": "key"}})[:2]
    stages[1]["train"]["save"] = save
    return pathlib.Path(program.run(folder, stages)["model"]["path"])


def bytes_of(version):
    return {path.name: path.read_bytes() for path in version.iterdir() if path.name != "manifest.json"}


def signature_faults(model, table, frame):
    found, theirs = model.signature.inputs, infer_signature(frame[table.features]).inputs
    types = [(column.name, column.type) for column in found]
    faults = []
    if types != [(column.name, column.type) for column in theirs]:
        faults.append(f"the signature is {found}, MLflow finds {theirs} in the table")
    optional = {column.name for column in found if not column.required}
    if optional != table.imputed:
        faults.append(f"{optional} are not required; filled are {table.imputed}")
    validate_schema(frame, found)
    return faults


def labels_differ(found, wanted, probabilities):
    """Where two classes are equally likely either is right."""
    ordered = np.sort(probabilities, axis=1)
    apart = ordered[:, -1] - ordered[:, -2] > CLOSE
    return not np.array_equal(np.asarray(found)[apart], np.asarray(wanted)[apart])


def prediction_faults(how, found, answer, classes, allowed):
    """`found`: labels, or a table with probabilities as well."""
    columns = [f"probability_{label}" for label in classes]
    wanted, faults = answer[columns].to_numpy(dtype=float), []
    if isinstance(found, pd.DataFrame):
        if list(found.columns) != ["prediction", *columns]:
            return [f"{how} gives the columns {list(found.columns)}"]
        error = check_preprocess.apart(found[columns], wanted)
        if error > allowed:
            faults.append(f"{how} gives probabilities {error:.1e} off")
        found = found["prediction"]
    if labels_differ(found, answer["prediction"], wanted):
        faults.append(f"{how} predicts other classes")
    return faults


def served(function, text):
    """What MLflow's server answers to this JSON."""
    answer = scoring_server.invocations(text, "application/json", function, function.metadata.get_input_schema())
    if answer.status != 200:
        raise trainyard.Refused(f"MLflow's server answers {answer.status}: {answer.response[:300]}")
    return json.loads(answer.response)["predictions"]


def example_faults(version, function, table, frame, held_out, may_serve):
    first = frame.drop(index=held_out)[table.features].head(EXAMPLE_ROWS).reset_index(drop=True)
    example, faults = function.metadata.load_input_example(str(version)), []
    if list(example.columns) != table.features or not example.astype(object).where(example.notna(), None).equals(
        first.astype(object).where(first.notna(), None)
    ):
        faults.append(f"the input example is\n{example}\nand the first rows of training\n{first}")
    if not may_serve:
        return faults
    text = (version / "serving_input_example.json").read_text(encoding="utf-8")
    from_frame = function.predict(first)
    if isinstance(from_frame, pd.DataFrame):
        from_frame = from_frame.to_dict(orient="records")
    if served(function, text) != json.loads(json.dumps(list(from_frame), default=lambda number: number.item())):
        faults.append("the server answers something else to the example than the function")
    return faults


def held_out_rows(folder):
    """By the lines of holdout.json: a row of these tables is a line, and the header is line 1."""
    held = json.loads(trainyard.one_folder("runs/*/train/*/holdout.json", folder).read_text(encoding="utf-8"))
    runs = held["lineRuns"]
    ends = [run["row"] for run in runs[1:]] + [held["rows"]]
    return [run["line"] - 2 + at for run, end in zip(runs, ends) for at in range(end - run["row"])]


def check_version(version, table, frame, answer, held_out, warnings, with_pickle):
    document = json.loads((version / "model.json").read_text(encoding="utf-8"))
    classes = document["classes"]
    sizes = [np.abs(np.append(row, at)).max() for row, at in zip(document["coefficients"], document["intercepts"])]
    allowed = CLOSE * max(1.0, *sizes, 0)
    model = Model.load(str(version))
    wanted = {"onnx", "python_function"} | ({"sklearn"} if with_pickle else set())
    faults = [] if set(model.flavors) == wanted else [f"flavours {set(model.flavors)}"]
    faults += signature_faults(model, table, frame)
    warnings.taken()
    function = mlflow.pyfunc.load_model(str(version))
    needs_older_pandas = HAS_OWN_TEXTS and bool(table.texts) and not with_pickle
    has_none = any((frame[name] == NONE).any() for name in table.texts)
    may_serve = with_pickle or not (needs_older_pandas or has_none)
    said = warnings.taken(OTHER_PYTHON)
    if needs_older_pandas and not ("pandas (current" in "".join(said) and len(said) == 1):
        faults.append(f"MLflow does not warn of pandas 3: {said}")
    if said and not needs_older_pandas:
        faults.append(f"MLflow warns: {said}")
    faults += prediction_faults("python_function", function.predict(frame[table.features]), answer, classes, allowed)
    faults += example_faults(version, function, table, frame, held_out, may_serve)
    graph = mlflow.onnx.load_model(str(version))
    if [output.name for output in graph.graph.output] != ["label", "probabilities"]:
        faults.append("the flavour onnx is not model.onnx")
    if with_pickle:
        pipeline = mlflow.sklearn.load_model(str(version))
        found = pd.DataFrame(pipeline.predict_proba(frame[table.features]), columns=[f"probability_{c}" for c in classes])
        found.insert(0, "prediction", pipeline.predict(frame[table.features]))
        faults += prediction_faults("mlflow.sklearn", found, answer, classes, allowed)
        # The texts of pandas 3.
        faults += prediction_faults(
            "python_function, of str,", function.predict(table.read(version.parents[2] / "table.csv", "str")), answer, classes, allowed
        )
    elif [column.name for column in model.signature.outputs] != list(function.predict(frame[table.features]).columns):
        faults.append(f"the signature gives {model.signature.outputs}")
    if warned := warnings.taken("Found extra inputs"):
        faults.append(f"MLflow warns: {warned}")
    return faults


def check(program, table, folder, warnings):
    faults = []
    for save in (["mlflow"], ["mlflow", "joblib"]):
        place = folder / "-".join(save)
        version = train(program, table, place, save)
        frame = table.read(place / "table.csv", object)
        answer = pd.read_csv(
            io.BytesIO(program.call("predict", version, "table.csv", folder=place)), keep_default_na=False,
        )
        held = held_out_rows(place)
        found = check_version(version, table, frame, answer, held, warnings, "joblib" in save)
        files = bytes_of(version)
        if set(json.loads((version / "manifest.json").read_text(encoding="utf-8"))["files"]) != set(files):
            found.append("manifest.json names other files")
        if bytes_of(train(program, table, folder / ("again-" + "-".join(save)), save)) != files:
            found.append("training again makes other bytes")
        faults += [f"{save}: {fault}" for fault in found]
    return faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--trainyard", required=True)
    arguments.add_argument("--tables", type=int, default=24)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", type=int, help="only this table, to look at a failure")
    arguments = arguments.parse_args()
    # That whole numbers cannot be missing in pandas, of what MLflow makes of the table itself.
    python_warnings.filterwarnings("ignore", message="Hint: Inferred schema contains integer")
    program, warnings, faults = trainyard.Program(arguments.trainyard), Warnings(), []
    numbers = range(arguments.tables) if arguments.only is None else [arguments.only]
    kinds = set()
    for number in numbers:
        table = Table(np.random.default_rng([arguments.seed, number]))
        table.frame["row"] = np.arange(len(table.frame))
        kinds.add((bool(table.steps), bool(table.texts), bool(table.imputed), table.frame["target"].nunique()))
        with tempfile.TemporaryDirectory() as folder:
            # Some releases of MLflow make a folder of runs where they are.
            os.chdir(folder)
            try:
                found = check(program, table, pathlib.Path(folder), warnings)
            except Exception as error:  # whatever it is, it is a fault of this version
                found = [f"{type(error).__name__}: {error}"]
            os.chdir("/")
        faults += [f"table {number}: {fault}" for fault in found]
    print(f"  {len(kinds)} kinds of tables: preprocess or not, text or not, filled or not, classes")
    trainyard.fail_if(faults, f"{len(numbers)} tables of seed {arguments.seed} in MLflow {mlflow.__version__}, Python {platform.python_version()}")


if __name__ == "__main__":
    main()
