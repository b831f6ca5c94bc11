"""The explorer: an HTML page that shows all values of a traced model, written by `Sequential.explore`.

`data.py` converts a trace to JSON values, `tensors.py` encodes the arrays, `examples.py` adds other examples as space
permits, `code.py` collects source lines of the library, and `page.py` combines them with `assets/`, the HTML, CSS and
scripts, into one file. `serve/` serves the same page live.
"""
