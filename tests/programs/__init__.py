"""Networks of the courses and of the papers, written as users write them: `python -m programs.resnet20` trains one.

Each file has `network()`, which is compiled, and `data(count)`, the first examples of MNIST as that network takes them.
"""
