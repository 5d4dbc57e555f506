#!/usr/bin/env python3
"""Opens every model.pkl that check_models.py and check_preprocess.py left, in whatever scikit-learn this is; every warning is an error.

    check_pickles.py FOLDER

The model is a real LogisticRegression, or a Pipeline that ends in one: it predicts what model.json says, knows its features by name, can be
cloned, fitted again and dumped again.
"""
import json
import pathlib
import sys
import tempfile
import warnings

import joblib
import numpy as np
import pandas as pd
import sklearn
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

import trainyard

# Two float64 computations of one formula: BLAS may sum in another order.
TOLERANCE = 1e-9


def pipeline_faults(case, path):
    """A table with text and missing cells goes through ColumnTransformer and regression."""
    pipeline = joblib.load(path)
    if type(pipeline) is not Pipeline or type(pipeline[-1]) is not LogisticRegression:
        return [f"a {type(pipeline)}"]
    table = pd.read_csv(path.parent / "table.csv", dtype={name: object for name in case["texts"]}, keep_default_na=False,
                        na_values=[""])
    faults = [] if list(pipeline.feature_names_in_) == case["columns"] else [f"features {pipeline.feature_names_in_}"]
    wanted = np.array(case["probabilities"])
    error = np.abs(pipeline.predict_proba(table) - wanted).max()
    if not error <= TOLERANCE:
        faults.append(f"probabilities {error:.1e} off")
    # As the table comes out of JSON.
    none = table.assign(**{name: table[name].astype(object).where(table[name].notna(), None) for name in case["texts"]})
    if not np.array_equal(pipeline.predict_proba(none), pipeline.predict_proba(table)):
        faults.append("a text that is None is not one that is missing")
    if pipeline[:-1].get_feature_names_out().shape != (pipeline[-1].n_features_in_,):
        faults.append(f"columns {pipeline[:-1].get_feature_names_out()}")
    with tempfile.NamedTemporaryFile() as again:
        joblib.dump(pipeline, again.name)
        if not np.array_equal(joblib.load(again.name).predict_proba(table), pipeline.predict_proba(table)):
            faults.append("dumps another model")
    return faults + refit_faults(clone(pipeline), table, case)


def faults_of(case, path):
    if "texts" in case:
        return pipeline_faults(case, path)
    model = joblib.load(path)
    if type(model) is not LogisticRegression:
        return [f"a {type(model)}"]
    rows = pd.DataFrame(case["rows"], columns=case["columns"])
    faults = []
    if list(model.feature_names_in_) != case["columns"] or model.n_features_in_ != len(case["columns"]):
        faults.append(f"features {model.feature_names_in_}")
    if list(model.classes_) != case["classes"]:
        faults.append(f"classes {model.classes_!r}")
    if model.C != case["c"]:
        faults.append(f"C={model.C!r}")
    wanted = np.array(case["probabilities"])
    error = np.abs(model.predict_proba(rows) - wanted).max()
    if not error <= TOLERANCE:
        faults.append(f"probabilities {error:.1e} off")
    apart = np.abs(np.sort(wanted, axis=1)[:, -1] - np.sort(wanted, axis=1)[:, -2]) > TOLERANCE
    best = np.array(case["classes"])[wanted.argmax(axis=1)]
    if not np.array_equal(model.predict(rows)[apart], best[apart]):
        faults.append("predicts another class")
    with tempfile.NamedTemporaryFile() as again:
        joblib.dump(model, again.name)
        if not np.array_equal(joblib.load(again.name).coef_, model.coef_):
            faults.append("dumps another model")
    faults += refit_faults(clone(model), rows, case)
    return faults


def refit_faults(model, rows, case):
    """A clone takes the settings along and can be fitted; how well scikit-learn converges is not ours to judge."""
    labels = [case["classes"][i % len(case["classes"])] for i in range(len(rows))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows, labels)
    return [] if list(model.classes_) == case["classes"] else ["a clone cannot be fitted"]


def main():
    warnings.simplefilter("error")
    faults, cases = [], sorted(pathlib.Path(sys.argv[1]).iterdir())
    for folder in cases:
        case = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        try:
            found = faults_of(case, folder / "model.pkl")
        except Exception as error:  # whatever it is, it is a fault of this pickle
            found = [f"{type(error).__name__}: {error}"]
        faults += [f"{case['name']}: {fault}" for fault in found]
    if not cases:
        faults.append("no model.pkl to open")
    trainyard.fail_if(faults, f"{len(cases)} pickles in scikit-learn {sklearn.__version__}, numpy {np.__version__}")


if __name__ == "__main__":
    main()
