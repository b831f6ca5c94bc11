"""The explorer fed by a running process: `python -m numpycnn serve`.

`session.py` traces a model's examples, `trainer.py` trains it batch by batch and `frames.py` keeps what it looked like
on the way; `turns.py` lets one of them at the model at a time. `protocol.py` says what a request has to be, `routes.py`
what it gets, and `server.py` is the server, on this machine's loopback address alone.
"""
