"""The live explorer, served by a running process: `python -m numpycnn serve`.

`session.py` traces examples, `trainer.py` trains the model batch by batch, and `frames.py` records snapshots of it;
`settings.py` changes how it trains, `moment.py` takes it back to where it began, and `fair_lock.py` gives them the
model in turns. `protocol.py` validates requests, `routes.py` answers them, and `server.py` is the HTTP server, on the
loopback address only.
"""
