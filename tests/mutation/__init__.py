"""Mutation testing: small faults are put into the library, one at a time, and the tests have to notice.

`python tests/mutate.py` does it and writes REPORT.md. Why a mutator of our own, with what was tried:

- mutmut 3.8 puts a method of its own into a class for each mutant, which the tests that list public names and those
  that read a function's source notice before it begins; it leaves alone what is decorated (every property) and what
  stands outside of functions (tables, defaults of classes), deletes no statement and swaps no rows for columns. Of its
  mutants of losses.py that lived, most were texts of messages.
- cosmic-ray, by its documentation, writes each mutant into the files and starts one test command anew for each, without a
  choice among the tests: here some seconds at least, and a minute for a survivor. It was not run.
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
    "network.py",
    "models.py",
    "activations.py",
    "metrics.py",
    "initializers.py",
    "data.py",
    "randomness.py",
    "saving/container.py",
    "saving/state.py",
    "saving/atomic.py",
    "configuration.py",
    "callbacks.py",
    "threads.py",
)
"""The files that the report is about. Others of the package can be named to mutate.py."""

TEST_FILES = (
    "test_atomic.py",
    "test_bad_input.py",
    "test_damaged_files.py",
    "test_explore.py",
    "test_fast.py",
    "test_gradients.py",
    "test_initializers.py",
    "test_kernels.py",
    "test_layers.py",
    "test_losses.py",
    "test_optimizers.py",
    "test_parallel.py",
    "test_profile.py",
    "test_progress.py",
    "test_resume.py",
    "test_saving.py",
    "test_sequential.py",
    "test_threads.py",
    "test_tracing.py",
)
"""The tests that have to notice: those that are about these files, and quick. What only others would notice counts as a
survivor. Those of test_atomic.py that start processes are chosen for no mutant, as the lines they run are not seen."""
