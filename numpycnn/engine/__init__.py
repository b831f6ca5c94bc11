"""What runs: a training step cut into micro-batches, the workers that share them, and the fast path."""
