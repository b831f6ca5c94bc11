"""Twenty tasks of a learner, each solved in a real browser by what the page shows alone, at both widths."""

import re
from pathlib import Path

import numpy as np
import pytest
from browser import SIZES, Browser, needs_browser
from learner_tasks import IMAGE, TASKS, Task, network
from test_explore_browser import MINUS

pytestmark = [pytest.mark.deep, needs_browser]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("tasks") / "page.html"
    network().explore(found, IMAGE, np.eye(3)[[0]])
    return found


def act(browser: Browser, kind: str, selector: str, *more: str | int) -> None:
    """What a person does: select, click, point at a cell and click, type, or press a key."""
    if kind == "select":
        browser.page.select_option(selector, label=str(more[0]))
    elif kind == "fill":
        browser.page.fill(selector, str(more[0]))
        browser.press("Enter")
    elif kind == "press":
        browser.page.focus(selector)
        browser.press(str(more[0]))
    else:
        browser.click(selector, *map(int, more))


def solved(browser: Browser, task: Task) -> str:
    """Do what the task says; then what the page shows where the answer is to be read."""
    for kind, selector, *more in task.how:
        act(browser, str(kind), str(selector), *more)
    selector, pattern = task.read
    text = browser.text(selector).replace(MINUS, "-").replace("\N{MULTIPLICATION SIGN}", "x")
    match = re.search(pattern, text, re.MULTILINE)
    assert match is not None, text
    return next(group for group in match.groups() if group)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.question)
def test_a_learner_finds_the_answer(chromium: Browser, path: Path, task: Task, size: str) -> None:
    chromium.errors.clear()
    chromium.resize(SIZES[size][0], SIZES[size][1], phone=SIZES[size][2])
    chromium.open(path)
    assert solved(chromium, task) == task.answer
    assert chromium.errors == []


def test_there_are_twenty() -> None:
    assert len({task.question for task in TASKS}) == len(TASKS) == 20
