//! From a raw `MLPipeline` to the engine's validated pipeline.
