"""The MNIST application: what `python -m numpycnn` does."""
