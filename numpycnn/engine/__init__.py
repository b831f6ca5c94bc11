"""The engine: a training step divided into micro-batches, the worker pool, and the fast path."""
