"""numpycnn held to Keras and PyTorch: small random networks, and the tutorial's, computed by all three.

    draw.py         a network, its weights and its data, drawn from a seed and described in plain words and numbers
    figures.py      what is computed of it, by whom ever, and how far two may be apart
    ours.py         the figures by numpycnn
    keras_side.py   the figures by Keras 3, on JAX
    torch_side.py   the figures by PyTorch
    spatial.py      layers over images that are drawn for fresh networks alone, not for those on file
    others.py       the other layers that are drawn for fresh networks alone
    golden.py       figures of Keras and PyTorch on file, so that they can be compared where neither is installed
    replay.py       the comparison with them
    record.py       how they are made
    live.py         fresh networks, where one of them is
    tutorial.py     the network of the Keras MNIST tutorial, loss by loss
    accuracy.py     the same with dropout, by what it reaches

`python tests/run_parity.py --help`, in the root of the repository, lists what can be run. The tests are in
`tests/test_parity.py`.
"""
