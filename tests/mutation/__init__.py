"""Mutation testing: small faults are put into the library, one at a time, and the tests have to notice.

`python tests/mutate.py` does it and writes REPORT.md. Why a mutator of our own, with what was tried:

- mutmut 3.8 puts a method of its own into a class for each mutant, which the tests that list public names and those
  that read a function's source notice before it begins; it leaves alone what is decorated (every property) and what
  stands outside of functions (tables, defaults of classes), deletes no statement and swaps no rows for columns. Of its
  mutants of losses.py that lived, most were texts of messages.
- cosmic-ray starts the tests anew for each mutant, and all of them: two days for what takes an hour here.
"""

SCOPE = (
    "functional.py",
    "window.py",
    "layers/convolutional.py",
    "layers/core.py",
    "layers/kernel.py",
    "layers/data_format.py",
    "layers/base.py",
    "losses.py",
    "optimizers.py",
    "training.py",
    "activations.py",
    "metrics.py",
    "initializers.py",
    "data.py",
    "randomness.py",
    "network.py",
    "models.py",
    "fast/im2col.py",
    "fast/pooling.py",
    "fast/scratch.py",
    "fast/block.py",
    "fast/winograd.py",
)
"""The files of the package that are mutated."""

UNSEEN = (
    "test_atomic.py",
    "test_benchmarks.py",
    "test_command_line.py",
    "test_concurrency.py",
    "test_damaged_files.py",
    "test_datasets.py",
    "test_digits.py",
    "test_plot.py",
    "test_readme.py",
    "test_resume.py",
    "test_tutorial.py",
)
"""Test files that are not used: they start processes, where it is not seen what they run, or take long for what they
see. A mutant that only they would notice counts as a survivor."""
