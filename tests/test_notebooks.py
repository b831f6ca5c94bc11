"""The notebooks run from the first cell to the last, and show what they say; the progress bar neither floods nor freezes."""

from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parent / "notebooks").glob("*.ipynb"))

pytestmark = [pytest.mark.deep, pytest.mark.filterwarnings("ignore")]


def run(path: Path) -> Any:
    """The notebook, run by a kernel of this Python, in the folder of the library."""
    nbformat = pytest.importorskip("nbformat", reason="needs nbclient, the extra dev")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient, the extra dev")
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=1800, kernel_name="python3", resources={"metadata": {"path": str(path.parent.parent.parent)}}
    ).execute()
    return notebook


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_runs(path: Path) -> None:
    notebook = run(path)
    found = outputs(notebook)
    shown = "".join("".join(one.data.get("text/html", "")) for one in found if "data" in one)
    assert "<table>" in shown
    assert not [one for one in found if one.output_type == "error"]
    assert not [one for one in found if one.get("name") == "stderr"]
    if "convolution" in path.name:
        assert "<iframe srcdoc=" in shown
        assert "written over instead of added" in shown
    if "mnist" in path.name:
        assert shown.count("<svg") > 2


def test_the_progress_bar_redraws_at_most_ten_times_a_second() -> None:
    nbformat = pytest.importorskip("nbformat", reason="needs nbclient, the extra dev")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient, the extra dev")
    source = (
        "import time, sys\n"
        "from numpycnn.show.progress import Progress\n"
        "writes = []\n"
        "write = sys.stdout.write\n"
        "sys.stdout.write = lambda text: (writes.append(text), write(text))[1]\n"
        "progress = Progress(300, verbose=1)\n"
        "start = time.perf_counter()\n"
        "for step in range(1, 301):\n"
        "    time.sleep(0.005)\n"
        "    progress.update(step, {'loss': 1.0})\n"
        "progress.finish({'loss': 1.0})\n"
        "seconds = time.perf_counter() - start\n"
        "sys.stdout.write = write\n"
        "redrawn = sum(text.startswith('\\r') for text in writes)\n"
        "assert 3 <= redrawn <= 10 * seconds + 3, (redrawn, seconds)\n"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    folder = str(Path(__file__).parent.parent)
    nbclient.NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    text = "".join(one.text for one in outputs(notebook))
    assert "300/300 [====" in text
