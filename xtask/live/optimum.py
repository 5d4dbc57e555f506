"""The truth about a logistic regression, without our solver: 50-digit arithmetic, and scikit-learn where it can be trusted.

The objective is scikit-learn's, `C * sum_i s_i loss_i + 1/2 ||W||^2`, intercepts free, in the units of the file.
`correction` is one Newton step in mpmath from a given model: the distance to the optimum, to about its own square.
"""
import warnings

import mpmath
import numpy as np
from sklearn.linear_model import LogisticRegression

mpmath.mp.dps = 50


def row_weights(problem):
    """s_i: the class weight of each row's label."""
    labels, weight = problem.labels, problem.class_weight
    if weight == "balanced":
        each = {k: mpmath.mpf(len(labels)) / (len(problem.classes) * labels.count(k)) for k in problem.classes}
    else:
        each = {k: mpmath.mpf((weight or {}).get(k, 1.0)) for k in problem.classes}
    return [each[label] for label in labels]


def exact(array):
    return [[mpmath.mpf(float(v)) for v in row] for row in array]


def probabilities(margins):
    """Softmax of one row, or the logistic pair where there is one margin; none of it by 1 - p."""
    if len(margins) == 1:
        return [1 / (1 + mpmath.exp(margins[0])), 1 / (1 + mpmath.exp(-margins[0]))]
    top = max(margins)
    powers = [mpmath.exp(m - top) for m in margins]
    total = mpmath.fsum(powers)
    return [p / total for p in powers]


def margins(rows, coefficients, intercepts):
    return [[b + mpmath.fdot(w, row) for w, b in zip(coefficients, intercepts)] for row in rows]


def objective(problem, coefficients, intercepts):
    """The objective in 50 digits."""
    w, b = exact(coefficients), [mpmath.mpf(float(v)) for v in intercepts]
    loss = []
    for row, label, s in zip(margins(exact(problem.features), w, b), problem.labels, row_weights(problem)):
        loss.append(-s * mpmath.log(probabilities(row)[problem.classes.index(label)]))
    return mpmath.mpf(problem.c) * mpmath.fsum(loss) + mpmath.fsum(v * v for row in w for v in row) / 2


def correction(problem, coefficients, intercepts):
    """What is missing from the model to the optimum: (for coefficients, for intercepts), by one Newton step.

    Columns are centred, so that the intercept's step is not lost in the coefficients'; with more than two classes the
    intercepts' common direction, which the objective does not see, is held fixed.
    """
    x, s, c = exact(problem.features), row_weights(problem), mpmath.mpf(problem.c)
    features, vectors, classes = len(x[0]), len(coefficients), problem.classes
    means = [mpmath.fsum(row[j] for row in x) / len(x) for j in range(features)]
    centred = [[v - m for v, m in zip(row, means)] + [mpmath.mpf(1)] for row in x]
    w, b = exact(coefficients), [mpmath.mpf(float(v)) for v in intercepts]
    width = features + 1
    gradient = mpmath.matrix(vectors * width, 1)
    hessian = mpmath.matrix(vectors * width, vectors * width)
    shown = range(1, 2) if vectors == 1 else range(vectors)  # which class each vector speaks for
    for row, one, label, weight in zip(margins(x, w, b), centred, problem.labels, s):
        p = probabilities(row)
        for k, of_k in enumerate(shown):
            rest = mpmath.fsum(v for i, v in enumerate(p) if i != of_k)
            residual = c * weight * (-rest if classes[of_k] == label else p[of_k])
            for j in range(width):
                gradient[k * width + j] += residual * one[j]
            for l, of_l in enumerate(shown):
                curve = c * weight * (p[of_k] * rest if k == l else -p[of_k] * p[of_l])
                for j in range(width):
                    part = curve * one[j]
                    for i in range(j + 1):
                        hessian[k * width + j, l * width + i] += part * one[i]
    for k in range(vectors):
        for j in range(features):
            gradient[k * width + j] += w[k][j]
            hessian[k * width + j, k * width + j] += 1
    for k in range(vectors):
        for l in range(vectors):
            if vectors > 1:
                hessian[k * width + features, l * width + features] += c
            for j in range(width):
                for i in range(j):
                    hessian[k * width + i, l * width + j] = hessian[k * width + j, l * width + i]
    step = mpmath.cholesky_solve(hessian, -gradient)
    for_w = [[step[k * width + j] for j in range(features)] for k in range(vectors)]
    for_b = [step[k * width + features] - mpmath.fdot(for_w[k], means) for k in range(vectors)]
    return for_w, for_b


def of_scikit_learn(problem):
    """scikit-learn's coefficients and intercepts in our form, or None where it warned that they are not the optimum.

    newton-cholesky on columns minus their mean: on raw columns it silently falls back to lbfgs and ends far off.
    """
    means = problem.features.mean(axis=0)
    model = LogisticRegression(
        C=problem.c, class_weight=problem.class_weight, solver="newton-cholesky", tol=1e-10, max_iter=1_000
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            model.fit(problem.features - means, np.array(problem.labels))
        except (Warning, np.linalg.LinAlgError):
            return None
    coefficients = model.coef_
    intercepts = model.intercept_
    if len(coefficients) > 1:
        coefficients = coefficients - coefficients.mean(axis=0)
        intercepts = intercepts - intercepts.mean()
    return coefficients, intercepts - coefficients @ means
