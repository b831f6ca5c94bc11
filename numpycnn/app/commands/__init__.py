"""The commands of `python -m numpycnn`: each a module with `add_arguments` and `run`."""
