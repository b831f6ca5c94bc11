"""Two depths of the same tests: the quick default, and `--hypothesis-profile=deep`, which takes its time."""

import gc
import os
from collections.abc import Iterator

import pytest
from browser import Browser
from browser import chromium as launched
from depths import is_deep
from hypothesis import HealthCheck, Phase, settings
from networks import MnistData, mnist_images
from raises import Record

from numpycnn import backend
from numpycnn.datasets import mnist

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]

# The quick profile draws the same examples each time, so that a red run can be run again.
settings.register_profile(
    "quick", max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile("deep", max_examples=2000, deadline=None, print_blob=True, suppress_health_check=SLOW_IS_FINE)
# For run_faults.py: whether a test fails is all that counts, so failures are not made smaller.
settings.register_profile("faults", settings.get_profile("quick"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--raises", action="store_true", help="fail unless tests read every error message of the library")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--raises"):
        config.pluginmanager.register(Record())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if is_deep(config):
        return
    deep = [item for item in items if item.get_closest_marker("deep")]  # its keywords are the folders' names too
    config.hook.pytest_deselected(items=deep)
    items[:] = [item for item in items if not item.get_closest_marker("deep")]


def pytest_collection_finish() -> None:
    """What is there for the whole run, thousands of tests among it, is not searched for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where Python keeps no compiled files, the processes that tests start keep theirs for the time of this run.

    Each would compile the library anew otherwise, which takes longer than most of what they do.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        os.environ["PYTHONPYCACHEPREFIX"] = str(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture
def mnist_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mnist.load_data` gives the arrays that were read before."""
    monkeypatch.setattr(mnist, "load_data", mnist_images)


@pytest.fixture
def part_of_mnist(monkeypatch: pytest.MonkeyPatch) -> MnistData:
    """`mnist.load_data` gives the first 1,000 images to learn from and 200 to test with: a command ends in a second."""
    (x_train, y_train), (x_test, y_test) = mnist_images()
    part = (x_train[:1000], y_train[:1000]), (x_test[:200], y_test[:200])
    monkeypatch.setattr(mnist, "load_data", lambda: part)
    return part


@pytest.fixture(autouse=True)
def _settings_restored() -> Iterator[None]:
    """No test leaves its data format, dtype or epsilon to the next."""
    before = backend.image_data_format(), backend.floatx(), backend.epsilon(), backend.convolution_precision()
    yield
    backend.set_image_data_format(before[0])
    backend.set_floatx(before[1])
    backend.set_convolution_precision(before[3])
    backend.set_epsilon(before[2])
