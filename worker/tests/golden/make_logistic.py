"""Makes logistic.json: problems of logistic regression with their optimum to 17 digits.

Newton's method in 120-digit arithmetic (mpmath) on exactly the doubles in the file, until the step is below 1e-40: the
Trainyard solver has no part in it, nor has scikit-learn. Run it as `python make_logistic.py > logistic.json`, with mpmath
and numpy installed; the seeds make it repeat itself.

The problem: the minimum of `C * sum_i s_i loss_i + 1/2 ||W||^2`, intercepts free; two classes are one logistic vector,
more are a softmax whose coefficients and intercepts sum to 0 over the classes.
"""

import json
import sys

import numpy
from mpmath import cholesky_solve, exp, log, matrix, mp, mpf

mp.dps = 120


def optimum(rows, classes, c, weights, count):
    """Coefficients and intercepts, a list a class (or one for two classes), and the objective."""
    features = len(rows[0])
    vectors = count - 1
    # Scaled to mean 0 and spread 1, in 120 digits: a change of variables, undone below.
    columns = [[mpf(float(row[j])) for row in rows] for j in range(features)]
    centre = [sum(column) / len(column) for column in columns]
    scale = [max(abs(x - m) for x in column) or mpf(1) for column, m in zip(columns, centre)]
    z = [[(columns[j][i] - centre[j]) / scale[j] for j in range(features)] + [mpf(1)] for i in range(len(rows))]
    penalty = [1 / (mpf(c) * s * s) for s in scale] + [mpf(0)]
    weights = [mpf(w) for w in weights]
    width = features + 1
    coupling = mpf(0) if vectors == 1 else mpf(1) / count
    theta = [[mpf(0)] * width for _ in range(vectors)]

    def penalised(theta, k, j):
        return theta[k][j] - coupling * sum(vector[j] for vector in theta)

    def evaluate(theta):
        value = mpf(0)
        for j in range(features):
            value += penalty[j] * sum(theta[k][j] * penalised(theta, k, j) for k in range(vectors)) / 2
        gradient = [[penalty[j] * penalised(theta, k, j) for j in range(width)] for k in range(vectors)]
        size = vectors * width
        hessian = matrix(size, size)
        for k in range(vectors):
            for l in range(vectors):
                for j in range(width):
                    hessian[k * width + j, l * width + j] = penalty[j] * ((k == l) - coupling)
        for row, y in zip(z, classes):
            # The last class is the reference in this arithmetic; for two classes it is class 0 that is.
            margins = [sum(v * x for v, x in zip(vector, row)) for vector in theta]
            own = (y - 1 if y else None) if vectors == 1 else (y if y < vectors else None)
            top = max(margins + [mpf(0)])
            powers = [exp(m - top) for m in margins]
            total = sum(powers) + exp(-top)
            value += weights[y] * (log(total) + top - (margins[own] if own is not None else 0))
            p = [power / total for power in powers]
            for k in range(vectors):
                residual = weights[y] * (p[k] - (k == own))
                for j in range(width):
                    gradient[k][j] += residual * row[j]
                for l in range(k + 1):
                    h = weights[y] * p[k] * ((k == l) - p[l])
                    for i in range(width):
                        hx = h * row[i]
                        for j in range(width):
                            hessian[k * width + i, l * width + j] += hx * row[j]
        for a in range(size):
            for b in range(a):
                hessian[b, a] = hessian[a, b]
        return value, gradient, hessian

    value, gradient, hessian = evaluate(theta)
    for _ in range(500):
        flat = matrix([g for vector in gradient for g in vector])
        step = cholesky_solve(hessian, -flat)
        decrement = -sum(flat[i] * step[i] for i in range(len(flat)))
        length = mpf(1)
        while True:
            trial = [[theta[k][j] + length * step[k * width + j] for j in range(width)] for k in range(vectors)]
            trial_value, trial_gradient, trial_hessian = evaluate(trial)
            if trial_value <= value - length * decrement / 10000 or decrement < mpf(10) ** -40 * value:
                break
            length /= 2
        theta, value, gradient, hessian = trial, trial_value, trial_gradient, trial_hessian
        largest = max(abs(v) for vector in theta for v in vector)
        if max(abs(s) for s in step) * length < mpf(10) ** -40 * max(largest, mpf(10) ** -40):
            break
    else:
        raise RuntimeError("no convergence in 500 steps")

    if vectors > 1:
        full = theta + [[mpf(0)] * width]
        mean = [sum(vector[j] for vector in full) / count for j in range(width)]
        theta = [[vector[j] - mean[j] for j in range(width)] for vector in full]
    # What is zero but for the rounding of 120 digits is 0: a gradient of that rounding over the least curvature.
    theta = [[v if abs(v) * (1 + p) > mpf(10) ** -90 else mpf(0) for v, p in zip(vector, penalty)] for vector in theta]
    coefficients = [[vector[j] / scale[j] for j in range(features)] for vector in theta]
    intercepts = [v[features] - sum(w * m for w, m in zip(ws, centre)) for v, ws in zip(theta, coefficients)]
    return coefficients, intercepts, mpf(c) * value


def probabilities(rows, coefficients, intercepts):
    """Of the first ten rows."""
    out = []
    for row in rows[:10]:
        margins = [b + sum(w * mpf(float(x)) for w, x in zip(ws, row)) for ws, b in zip(coefficients, intercepts)]
        if len(margins) == 1:
            out.append([1 / (1 + exp(margins[0])), 1 / (1 + exp(-margins[0]))])
        else:
            top = max(margins)
            total = sum(exp(m - top) for m in margins)
            out.append([exp(m - top) / total for m in margins])
    return out


def problem(name, rows, classes, c=1.0, weights=None):
    rows = [[float(x) for x in row] for row in rows]
    classes = [int(y) for y in classes]
    count = max(classes) + 1
    if weights == "balanced":
        weights = [len(classes) / (count * classes.count(k)) for k in range(count)]
    weights = weights or [1.0] * count
    coefficients, intercepts, objective = optimum(rows, classes, c, weights, count)
    print(name, file=sys.stderr, flush=True)
    return {
        "name": name,
        "c": c,
        "classWeights": weights,
        "rows": rows,
        "classes": classes,
        "coefficients": [[float(w) for w in ws] for ws in coefficients],
        "intercepts": [float(b) for b in intercepts],
        "objective": float(objective),
        "probabilities": [[float(p) for p in ps] for ps in probabilities(rows, coefficients, intercepts)],
    }


def noisy(rng, x, count=2, noise=1.0):
    """Classes that follow the rows loosely, each of them there."""
    w = rng.normal(size=(x.shape[1], count))
    spread = x.std(axis=0)
    z = (x - x.mean(axis=0)) / numpy.where(spread > 0, spread, 1)
    y = (z @ w + noise * rng.gumbel(size=(len(x), count))).argmax(axis=1)
    y[:count] = range(count)
    return y


def problems():
    seed = [[25, 50000], [30, 60000], [45, 80000], [22, 40000]]
    yield problem("the seed's four rows", seed, [0, 1, 1, 0])
    yield problem("the seed's four rows, C = 1e4", seed, [0, 1, 1, 0], c=1e4)
    yield problem("the seed's four rows, C = 1e-4", seed, [0, 1, 1, 0], c=1e-4)

    rng = numpy.random.default_rng(1)
    x = rng.normal(size=(40, 3))
    y = noisy(rng, x)
    for c in [1e-4, 1e-2, 1.0, 1e2, 1e4]:
        yield problem(f"noisy, C = {c:g}", x, y, c=c)
    yield problem("class weights", x, y, weights=[0.25, 7.5])
    yield problem("class weights far apart", x, y, weights=[1e-3, 1e5], c=0.1)
    y_rare = (numpy.arange(40) < 4).astype(int)
    yield problem("balanced", x, y_rare, weights="balanced")

    separable = (x[:, 0] + 0.5 * x[:, 1] > 0.1).astype(int)
    for c in [1.0, 1e4]:
        yield problem(f"separable, C = {c:g}", x, separable, c=c)
    yield problem("one feature", x[:, :1], y)
    yield problem("one feature, one row a class", [[1.0], [2.0]], [0, 1], c=1e3)

    same = numpy.column_stack([x[:, 0], x[:, 0], x[:, 1]])
    for c in [1.0, 1e4]:
        yield problem(f"a column twice, C = {c:g}", same, y, c=c)
    total = numpy.column_stack([x, x.sum(axis=1)])
    yield problem("a column the sum of others", total, y, c=1e4)
    big = numpy.column_stack([x[:, 0] * 1e6, x[:, 0] * 1e6, x[:, 1]])
    yield problem("a large column twice, C = 1e4", big, y, c=1e4)
    almost = numpy.column_stack([x[:, 0], x[:, 0] + 1e-7 * x[:, 1], x[:, 2]])
    yield problem("a column almost twice", almost, y, c=1e4)

    constant = numpy.column_stack([x[:, 0], numpy.full(40, 3.1), x[:, 1], numpy.zeros(40)])
    yield problem("constant columns", constant, y)
    yield problem("only constant columns", numpy.full((9, 2), 0.1), [0, 1, 1, 0, 1, 1, 0, 1, 1])

    scales = x * numpy.array([1e-3, 1.0, 1e3])
    for c in [1e-4, 1.0, 1e4]:
        yield problem(f"scales 1e6 apart, C = {c:g}", scales, y, c=c)
    scales = x * numpy.array([1e-6, 1.0, 1e6])
    yield problem("scales 1e12 apart", scales, y)
    far = x.copy()
    far[:, 0] = 1e6 + 0.01 * far[:, 0]
    far[:, 1] = 1e6 + 10.0 * far[:, 1]
    for c in [1.0, 1e4]:
        yield problem(f"means of 1e6, C = {c:g}", far, y, c=c)
        yield problem(f"means of 1e6, separable, C = {c:g}", far, separable, c=c)
    quasi = separable.copy()
    quasi[7] = 1 - quasi[7]
    yield problem("one row from separable, C = 1e4", x * [1e3, 1.0, 1.0], quasi, c=1e4)
    yield problem("tiny values", x * 1e-120, y)
    yield problem("huge values", x * 1e120, y)
    yield problem("tiny and huge values", x * [1e-100, 1.0, 1e100], y)
    outlier = x.copy()
    outlier[3, 0] = 1e8
    yield problem("an outlier of 1e8", outlier, y)
    rare = numpy.column_stack([x[:, 0], numpy.eye(40)[:, 5]])
    yield problem("an indicator of one row", rare, y, c=10.0)

    wide = rng.normal(size=(12, 30))
    yield problem("fewer rows than features", wide, noisy(rng, wide), c=1.0)
    yield problem("fewer rows than features, C = 1e4", wide, noisy(rng, wide), c=1e4)
    wide = rng.normal(size=(12, 30)) * 10.0 ** rng.uniform(-3, 3, size=30)
    yield problem("fewer rows than features, mixed scales", wide, noisy(rng, wide), c=1.0)

    x = rng.normal(size=(60, 3))
    for count in [3, 5]:
        y = noisy(rng, x, count)
        for c in [1e-4, 1.0, 1e4]:
            yield problem(f"{count} classes, C = {c:g}", x, y, c=c)
        yield problem(f"{count} classes, balanced", x, y, weights="balanced")
        separable = noisy(rng, x, count, noise=0.0)
        yield problem(f"{count} classes, separable, C = 1e4", x, separable, c=1e4)
        far = 1e6 + x * [0.1, 10.0, 1e3]
        yield problem(f"{count} classes, means of 1e6", far, y, c=1.0)
    same = numpy.column_stack([x[:, 0], x[:, 0], x.sum(axis=1), x])
    yield problem("3 classes, collinear, C = 1e4", same, noisy(rng, x, 3), c=1e4)
    yield problem("3 classes, class weights", x, noisy(rng, x, 3), weights=[0.5, 20.0, 3.0])
    wide = rng.normal(size=(9, 12))
    yield problem("3 classes, fewer rows than features", wide, [0, 1, 2] * 3, c=100.0)
    yield problem("3 classes, one row each", [[0.0], [1.0], [5.0]], [0, 1, 2])

    # Rows of both classes at one place leave a floor in the objective; what the others gain lies below its rounding.
    for scale in [1e6, 1e8, 1e12]:
        yield problem(f"a floor and one row apart at {scale:g}", [[scale], [scale], [1.0]], [0, 1, 1])
    yield problem("a floor and one row apart, C = 1e4", [[1e6], [1e6], [1.0]], [0, 1, 1], c=1e4)
    steps = [[s * 1e8] for s in range(1, 7)]
    for c in [1.0, 1e4]:
        yield problem(f"3 classes, a floor and one apart, C = {c:g}", steps, [0, 1, 0, 1, 2, 2], c=c)
    balance = numpy.concatenate([numpy.zeros(20), 1e8 + 1e7 * rng.normal(size=20)]).round()
    yield problem("a balance with many zeros", balance[:, None], [0, 1] * 10 + [0] * 20)
    stamps = 1.7e12 + 1e9 * numpy.arange(30.0)
    yield problem("3 classes by timestamps", stamps[:, None], [0, 1] * 10 + [2] * 10)
    yield problem("3 classes, equal but for one's mirror", [[1.0], [2.0], [2.0]], [0, 1, 2])
    yield problem("3 classes, nothing to tell them apart", [[5.0], [5.0], [5.0]], [0, 1, 2])
    yield problem("nothing to learn", [[1.0], [2.0], [2.0], [1.0]], [0, 1, 0, 1])


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(p) for p in problems())
    print(f"[\n{lines}\n]")
