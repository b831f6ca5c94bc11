"""The jobs that `python -m numpycnn` does, each in a file of its own with `add_arguments` and `run`."""
