//! Trainyard's Kubernetes API: the kinds, their rules, and the way from a raw object to the engine's validated types.
