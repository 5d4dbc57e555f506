//! Logistic regression: the optimum of scikit-learn's problem, in the original units.
