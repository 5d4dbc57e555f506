#!/usr/bin/env python3
"""The peer: a pipeline over a customer table as a user of pandas and scikit-learn has it, in one process.

    mixed_pipeline.py data.csv [--models DIR]

extract (pandas.read_csv) -> validate (columns there, target whole) -> split (train_test_split, stratified) -> train (a Pipeline of
ColumnTransformer: impute + scale, impute + one-hot; LogisticRegression, defaults) -> evaluate on the hold-out -> joblib.dump. Prints one
JSON document: seconds of each phase, rows, metrics, peak memory.
"""
import argparse
import json
import os
import resource
import time

START = time.perf_counter()

import joblib
import pandas as pd
import sklearn
from sklearn import metrics
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = [f"n{k}" for k in range(1, 11)]
CATEGORIES = [f"c{k}" for k in range(1, 6)]
TARGET = "churned"


def validate(df):
    missing = [c for c in [*NUMBERS, *CATEGORIES, TARGET] if c not in df.columns]
    if missing:
        raise ValueError(f"missing columns: {', '.join(missing)}")
    if df[TARGET].isnull().any():
        raise ValueError(f"{TARGET} has nulls")


def evaluate(model, x, y):
    labels, scores = model.predict(x), model.predict_proba(x)
    positive, actual = scores[:, 1], (y == model.classes_[1]).to_numpy()
    fpr, tpr, _ = metrics.roc_curve(actual, positive)
    metrics.precision_recall_curve(actual, positive)
    return {
        "accuracy": metrics.accuracy_score(y, labels), "balanced_accuracy": metrics.balanced_accuracy_score(y, labels),
        "precision": metrics.precision_score(y, labels, pos_label="yes"), "recall": metrics.recall_score(y, labels, pos_label="yes"),
        "f1": metrics.f1_score(y, labels, pos_label="yes"), "roc_auc": metrics.roc_auc_score(actual, positive),
        "average_precision": metrics.average_precision_score(actual, positive), "log_loss": metrics.log_loss(y, scores),
        "brier_score": metrics.brier_score_loss(actual, positive), "matthews_corrcoef": metrics.matthews_corrcoef(y, labels),
        "confusion_matrix": metrics.confusion_matrix(y, labels).tolist(), "roc_points": len(fpr),
    }


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("data")
    args.add_argument("--models", default="models")
    args = args.parse_args()
    seconds, last = {"imports": time.perf_counter() - START}, time.perf_counter()

    def done(phase):
        nonlocal last
        now = time.perf_counter()
        seconds[phase], last = now - last, now

    df = pd.read_csv(args.data, usecols=[*NUMBERS, *CATEGORIES, TARGET])
    done("extract")
    validate(df)
    done("validate")
    x_train, x_test, y_train, y_test = train_test_split(
        df[NUMBERS + CATEGORIES], df[TARGET], test_size=0.2, stratify=df[TARGET], random_state=0)
    rows = len(df)
    del df
    done("split")
    model = make_pipeline(
        ColumnTransformer([
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMBERS),
            ("categories", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), CATEGORIES),
        ]),
        LogisticRegression(),
    )
    model.fit(x_train, y_train)
    done("train")
    found = evaluate(model, x_test, y_test)
    done("evaluate")
    os.makedirs(args.models, exist_ok=True)
    joblib.dump(model, os.path.join(args.models, time.strftime("model_%Y%m%d_%H%M%S.pkl", time.gmtime())))
    done("save")
    print(json.dumps({
        "rows": rows, "seconds": seconds, "metrics": found, "iterations": int(model[-1].n_iter_[0]),
        "scikit-learn": sklearn.__version__, "pandas": pd.__version__,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))


if __name__ == "__main__":
    main()
