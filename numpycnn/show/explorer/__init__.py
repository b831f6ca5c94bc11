"""The explorer: one page that shows every number of a traced model, made by `Sequential.explore`.

`data.py` turns a trace into plain values, `tensors.py` packs the arrays, `examples.py` fills the room that is left with
other examples, `code.py` collects the library's own source lines, and `page.py` puts them into one file with what is in
`assets/`: the page itself, its style and its scripts. `serve/` gives the same page a running process.
"""
