"""Random classification problems of the shapes on which solvers go wrong. Pure: a seed and a number give one problem.

Not here: what the right answer is (optimum.py); how the program is asked (trainyard.py).
"""
import dataclasses

import numpy as np


@dataclasses.dataclass
class Problem:
    name: str
    features: np.ndarray  # rows x features, float64; what stands in the CSV reads back to exactly these
    labels: list  # one a row: int or str
    c: float = 1.0
    class_weight: object = None  # None, "balanced" or {label: weight}

    @property
    def classes(self):
        return sorted(set(self.labels))

    @property
    def columns(self):
        return [f"x{j}" for j in range(self.features.shape[1])]


def labels_from(random, scores, words):
    """A label a row, drawn by the softmax of the row's scores; every label at least once."""
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    drawn = (random.random((len(scores), 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(0, len(words) - 1)
    drawn[: len(words)] = np.arange(len(words))
    return [words[k] for k in drawn]


def table(random, rows, features):
    return np.round(random.normal(size=(rows, features)), 3)


def plain(random):
    x = table(random, random.integers(20, 150), random.integers(1, 7))
    return x, labels_from(random, x @ random.normal(size=(x.shape[1], 2)), [0, 1])


def separable(random):
    x = table(random, random.integers(10, 80), random.integers(1, 5))
    side = x @ random.normal(size=x.shape[1])
    x = x[np.argsort(side)]
    return x, [int(i >= len(x) // 2) for i in range(len(x))]


def quasi_separable(random):
    x, y = separable(random)
    middle = len(x) // 2
    y[middle - 1], y[middle] = y[middle], y[middle - 1]
    return x, y


def duplicate_column(random):
    x, y = plain(random)
    return np.column_stack([x, x[:, 0]]), y


def nearly_collinear(random):
    x, y = plain(random)
    return np.column_stack([x, np.round(x.sum(axis=1) + 1e-4 * random.normal(size=len(x)), 6)]), y


def constant_column(random):
    x, y = plain(random)
    return np.column_stack([np.full(len(x), random.choice([0.0, 1.0, -7.25, 1e6])), x]), y


def scales_apart(random):
    x = table(random, random.integers(30, 150), 4)
    y = labels_from(random, x @ random.normal(size=(4, 2)), [0, 1])
    return x * np.array([1e-3, 1.0, 1e2, 1e3]), y


def far_from_zero(random):
    x, y = plain(random)
    x[:, 0] += 1e6
    return np.round(x, 3), y


def whole_numbers(random):
    x = random.integers(0, 5, size=(random.integers(20, 200), 3)).astype(float)
    return x, labels_from(random, x @ random.normal(size=(3, 2)), [0, 1])


def fewer_rows_than_features(random):
    rows = random.integers(4, 15)
    x = table(random, rows, rows + random.integers(1, 12))
    return x, labels_from(random, random.normal(size=(rows, 2)), [0, 1])


def rare_class(random):
    x = table(random, 150, 3)
    y = [0] * 150
    for row in random.choice(150, size=3, replace=False):
        y[row] = 1
    return x, y


def several_classes(random):
    kinds = random.integers(3, 6)
    x = table(random, random.integers(30, 110), random.integers(1, 4))
    return x, labels_from(random, 2 * x @ random.normal(size=(x.shape[1], kinds)), list(range(kinds)))


def several_separable_classes(random):
    x = table(random, 40, 2)
    return x, [int(k) for k in np.argsort(np.argsort(x[:, 0])) * 3 // len(x)]


def several_collinear_classes(random):
    x, y = several_classes(random)
    return np.column_stack([x, x[:, 0], np.full(len(x), 3.0)]), y


def text_labels(random):
    words = ["no", "yes", "Zürich", "a b", "Z"][: random.integers(2, 6)]
    x = table(random, random.integers(30, 90), 2)
    return x, labels_from(random, x @ random.normal(size=(2, len(words))), words)


def odd_numbers_as_labels(random):
    x = table(random, random.integers(30, 90), 2)
    return x, labels_from(random, x @ random.normal(size=(2, 3)), [-3, 10, 2])


def floor_and_rows_apart(random):
    """Rows of all but one class at the same places, the last class far away: its gain is lost beside the others' loss."""
    places = np.round(random.normal(size=10), 3)
    kinds = int(random.integers(2, 4))
    x = np.concatenate([places] * kinds + [10 + places])
    y = [k for k in range(kinds) for _ in places] + [kinds if random.random() < 0.5 else kinds - 1] * 10
    return np.column_stack([x * 10.0 ** random.integers(4, 10), np.tile(places, kinds + 1)]), y


SHAPES = [
    plain, separable, quasi_separable, duplicate_column, nearly_collinear, constant_column, scales_apart, far_from_zero,
    whole_numbers, fewer_rows_than_features, rare_class, several_classes, several_separable_classes,
    several_collinear_classes, text_labels, odd_numbers_as_labels,
    floor_and_rows_apart,
]


def seed_rows():
    """The four rows of the first pipeline, on which scikit-learn's default solver stops early without a word."""
    return Problem("seed rows", np.array([[25, 5e4], [30, 6e4], [45, 8e4], [22, 4e4]]), [0, 1, 1, 0])


def problem(seed, number):
    """The `number`-th problem of `seed`: the shapes in turn, each with a random C and, every third time, class weights."""
    if number == 0:
        return seed_rows()
    shape = SHAPES[number % len(SHAPES)]
    random = np.random.default_rng([seed, number])
    x, y = shape(random)
    c = float(np.round(10.0 ** random.uniform(-4, 4), 6))
    weight = None
    if number % 3 == 1:
        weight = "balanced"
    elif number % 3 == 2:
        weight = {label: float(np.round(random.uniform(0.1, 5), 2)) for label in sorted(set(y))[:2]}
    return Problem(f"{number} {shape.__name__.replace('_', ' ')}, C={c}, weights={weight}", x, y, c, weight)
