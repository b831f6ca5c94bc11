"""Methods of `Sequential` that are not about training, in groups."""
