"""Compares the files of a model version with its model.json: check_model.py MODEL_DIR DATA.csv [--onnx] [--joblib]

DATA.csv holds the features as finite numbers. The probabilities that model.json gives are computed here, in float64.
--onnx needs onnx and onnxruntime, --joblib needs joblib and scikit-learn (1.3 to 1.9); both need numpy.
Prints the largest difference of each kind. Ends with 1, and says which, where one is above 1e-6 or a promise is broken.
"""

import argparse
import csv
import io
import json
import pathlib
import pickle
import sys
import warnings

import numpy

TOLERANCE = 1e-6


def read_features(path, names):
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    return numpy.array([[float(row[name]) for name in names] for row in rows]).reshape(len(rows), len(names))


def probabilities(model, features):
    """What model.json says, with the same care for the small ones: sigmoid(-z), never 1 - sigmoid(z)."""
    scores = features @ numpy.array(model["coefficients"]).T + numpy.array(model["intercepts"])
    if len(model["classes"]) == 2:
        both = numpy.hstack([-scores, scores])
        small = numpy.exp(-numpy.abs(both))
        return numpy.where(both >= 0, 1 / (1 + small), small / (1 + small))
    powers = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def labels(model, wanted):
    return numpy.array(model["classes"], dtype=object)[wanted.argmax(axis=1)]


def same_labels(model, wanted, found):
    """Where the two largest probabilities are equal but for rounding, either label will do."""
    largest = numpy.sort(wanted, axis=1)[:, -2:]
    clear = largest[:, 1] - largest[:, 0] > TOLERANCE
    return (labels(model, wanted)[clear] == numpy.array(found, dtype=object)[clear]).all()


def expect(holds, what):
    if not holds:
        sys.exit(f"error: {what}")


def compare(name, wanted, found):
    expect(found.shape == wanted.shape, f"{name}: probabilities have the shape {found.shape}, not {wanted.shape}")
    difference = float(numpy.abs(found - wanted).max()) if wanted.size else 0.0
    print(f"{name}: probabilities differ by {difference:.3g} at most")
    expect(difference <= TOLERANCE, f"{name}: probabilities differ by {difference:.3g}")


def check_onnx(folder, model, features, wanted):
    import onnx
    import onnxruntime

    path = str(folder / "model.onnx")
    onnx.checker.check_model(onnx.load(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs, outputs = session.get_inputs(), session.get_outputs()
    expect([i.name for i in inputs] == ["features"], "model.onnx: its one input must be `features`")
    expect([o.name for o in outputs] == ["label", "probabilities"], "model.onnx: label and probabilities must come out")
    expect(inputs[0].shape[1] == features.shape[1], "model.onnx: the input has another number of columns")
    for name, rows in [("onnx, all rows", slice(None)), ("onnx, one row", slice(0, 1)), ("onnx, no row", slice(0, 0))]:
        label, found = session.run(["label", "probabilities"], {"features": features[rows]})
        compare(name, wanted[rows], found)
        expect(label.shape == (len(found),), f"{name}: label has the shape {label.shape}")
        expect(same_labels(model, wanted[rows], label.tolist()), f"{name}: labels differ")


def check_estimator(name, model, estimator, features, wanted):
    compare(name, wanted, estimator.predict_proba(features))
    expect(same_labels(model, wanted, estimator.predict(features).tolist()), f"{name}: labels differ")


def check_joblib(folder, model, features, wanted):
    import joblib
    import sklearn
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression

    warnings.simplefilter("error")
    name = f"scikit-learn {sklearn.__version__}, numpy {numpy.__version__}"
    estimator = joblib.load(folder / "model.pkl")
    expect(type(estimator) is LogisticRegression, f"{name}: model.pkl is a {type(estimator)}")
    expect(estimator.C == model["c"], f"{name}: C is {estimator.C}")
    expect(list(estimator.feature_names_in_) == model["features"], f"{name}: feature_names_in_ differ")
    expect(estimator.feature_names_in_.dtype == object, f"{name}: feature_names_in_ are no objects")
    expect(estimator.n_features_in_ == features.shape[1], f"{name}: n_features_in_ is {estimator.n_features_in_}")
    expect(estimator.classes_.tolist() == model["classes"], f"{name}: classes_ differ")
    expect(estimator.n_iter_.tolist() == [model["iterations"]], f"{name}: n_iter_ is {estimator.n_iter_}")
    expect(numpy.array_equal(estimator.coef_, model["coefficients"]), f"{name}: coef_ differ")
    expect(numpy.array_equal(estimator.intercept_, model["intercepts"]), f"{name}: intercept_ differ")
    del estimator.feature_names_in_  # the rows below are arrays without names, of which scikit-learn would warn
    check_estimator(name, model, estimator, features, wanted)
    for again, read in [("pickled again", pickle.loads(pickle.dumps(estimator))), ("dumped again", dump(joblib, estimator))]:
        check_estimator(f"{name}, {again}", model, read, features, wanted)
    refit(name, clone(estimator), features, labels(model, wanted).tolist())


def dump(joblib, estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


def refit(name, fresh, features, target):
    from sklearn.exceptions import ConvergenceWarning

    if len(set(target)) < 2:
        return
    weights = fresh.class_weight
    if isinstance(weights, dict) and not set(weights) <= set(target):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DeprecationWarning)  # an old scikit-learn and a new scipy
        scaled = (features - features.mean(axis=0)) / numpy.maximum(features.std(axis=0), 1e-300)
        fresh.fit(scaled, target)
    expect(set(fresh.classes_.tolist()) == set(target), f"{name}: a clone does not fit")


def check_joblib_with_names(folder, model, path):
    """The way users of the seed call it: with a frame. Only where pandas is installed."""
    try:
        import pandas
    except ImportError:
        return
    import joblib

    frame = pandas.read_csv(path)[model["features"]].astype(float)
    wanted = probabilities(model, frame.to_numpy())
    check_estimator("a frame with names", model, joblib.load(folder / "model.pkl"), frame, wanted)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=pathlib.Path, metavar="MODEL_DIR")
    arguments.add_argument("data", type=pathlib.Path, metavar="DATA.csv")
    arguments.add_argument("--onnx", action="store_true")
    arguments.add_argument("--joblib", action="store_true")
    options = arguments.parse_args()
    model = json.loads((options.folder / "model.json").read_text())
    features = read_features(options.data, model["features"])
    wanted = probabilities(model, features)
    if options.onnx:
        check_onnx(options.folder, model, features, wanted)
    if options.joblib:
        check_joblib(options.folder, model, features, wanted)
        check_joblib_with_names(options.folder, model, options.data)
    print("the same")


if __name__ == "__main__":
    main()
