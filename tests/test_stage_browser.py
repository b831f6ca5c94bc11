"""The explorer's stage and tour in a real browser: all on one screen, and every number the library's."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import SIZES, Browser, needs_browser
from learner_tasks import TASKS, Task
from test_explore import data_for
from test_explore_browser import MINUS, number
from test_lessons import CONVOLUTIONS, FACTS, SMALL, named
from test_tasks_browser import solved

from numpycnn import Sequential
from numpycnn.app.tutorial import tutorial_network
from numpycnn.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D

pytestmark = needs_browser


def network() -> Sequential:
    model = Sequential(
        [
            Conv2D(4, 3, padding="same", activation="relu", input_shape=(9, 8, 3)),
            MaxPooling2D(2),
            Conv2D(3, (2, 3), strides=2, dilation_rate=(1, 1), activation="tanh"),
            Dropout(0.5),
            Flatten(),
            Dense(3, activation="softmax"),
        ],
        seed=1,
    )
    model.compile("rmsprop", "categorical_crossentropy")
    return model


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = network()
    found = tmp_path_factory.mktemp("stage") / "page.html"
    model.explore(found, *data_for(model))
    return found


@pytest.fixture
def stage(chromium: Browser, path: Path, size: str) -> Iterator[Browser]:
    """The page at its stage; afterwards there must have been no error."""
    chromium.errors.clear()
    chromium.resize(SIZES[size][0], SIZES[size][1], phone=SIZES[size][2])
    chromium.open(path)
    yield chromium
    assert chromium.errors == []


def fits(browser: Browser, size: str) -> None:
    """The whole stage is on the screen, and nothing of it reaches out of it."""
    width, height, _ = SIZES[size]
    parts = browser.value(
        "[...document.querySelectorAll('#stage, #stage *')].filter((node) => node.checkVisibility()).map((node) =>"
        " [node.id || node.className || node.tagName, node.getBoundingClientRect()]).map(([id, box]) =>"
        " [id, box.left, box.top, box.right, box.bottom])"
    )
    hidden, shown = browser.value("[stageSum.scrollHeight, stageSum.clientHeight]")
    assert hidden <= shown + 1, browser.text("#stageSum")
    outside = [part for part in parts if min(part[1:3]) < 0 or part[3] > width + 1 or part[4] > height]
    assert outside == []


@pytest.mark.parametrize("size", ["desktop"])
def test_the_page_begins_with_a_convolution_to_be_added_up(stage: Browser, size: str) -> None:
    fits(stage, size)
    output, z = named(SMALL, "conv2d/output")[:, :, 0], named(SMALL, "conv2d/pre_activation")[:, :, 0]
    for n, (i, j) in enumerate(np.ndindex(3, 3)):
        if n:
            stage.click("#stageStep")
        assert stage.text("#stageResult") == f"Output cell ({i}, {j}) = {output[i, j]:g}"
        text = stage.text("#stageSum").replace(MINUS, "-")
        assert f"= pre-activation {z[i, j]:g}; relu makes it {output[i, j]:g}." in text
        terms = re.findall(r"\(?(-?\d+)\)? x \(?(-?\d+)\)?", text.replace("\N{MULTIPLICATION SIGN}", "x"))
        assert sum(int(a) * int(b) for a, b in terms) + 1 == z[i, j]
        assert stage.value("scene.figures.length") == 5
        shown = stage.value(
            "Array.from({ length: 9 }, (_, k) => scene.grids.at(-1).value(Math.floor(k / 3), k % 3) ?? null)"
        )
        assert shown == [*output.ravel()[: n + 1], *[None] * (8 - n)]


STORIES = {
    "conv2d/output": "forward",
    "conv2d/parameter_gradients/kernel": "kernel",
    "conv2d/input_gradient": "input",
    "conv2d/update/kernel": "update",
}


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
def test_the_tutorials_stage_is_on_one_screen(chromium: Browser, tmp_path: Path, size: str) -> None:
    model = tutorial_network(seed=0)
    rng = np.random.default_rng(0)
    model.explore(tmp_path / "page.html", rng.uniform(size=(2, 28, 28, 1)), np.eye(10)[[3, 4]])
    chromium.resize(SIZES[size][0], SIZES[size][1], phone=SIZES[size][2])
    chromium.open(tmp_path / "page.html")
    check_every_story(chromium, size)


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
def test_every_story_of_every_example_is_on_one_screen_at_each_step(stage: Browser, size: str) -> None:
    assert check_every_story(stage, size) >= {"forward", "matrix", "pooling", "loss", "kernel", "input", "update"}


def check_every_story(stage: Browser, size: str) -> set[str]:
    """Open all of them, at three places each. Returns their names."""
    seen = set()
    for subject in stage.value("subjects().map((one) => one.title)"):
        stage.value(f"view.subject = {subject!r}; openStage()")
        for story in stage.value("storiesOf(chosenSubject())"):
            stage.value(f"view.story = '{story}'; openStage()")
            seen.add(story)
            count = stage.value("scene.count")
            for k in {0, count // 3, count - 1}:
                stage.value(f"goTo({k})")
                fits(stage, size)
    return seen


@pytest.mark.deep
@pytest.mark.parametrize("size", ["desktop"])
@pytest.mark.parametrize("title", CONVOLUTIONS)
def test_what_the_stage_says_of_a_lesson_is_what_was_traced(stage: Browser, title: str) -> None:
    """Every output cell, weight and pixel of the first filter and channel, at once and term by term."""
    for name, story in STORIES.items():
        value = named(FACTS[title], name)
        value = value[..., 0, 0] if value.ndim == 4 else value[..., 0]
        stage.value(f"Object.assign(view, {{ subject: {title!r}, story: '{story}' }}); openStage()")
        if stage.value("view.termwise"):
            stage.click("#stageTerms")
        assert stage.value("scene.count") == value.size
        for n, true in enumerate(value.ravel()):
            stage.value(f"goTo({n})")
            said = stage.text("#stageResult").replace(MINUS, "-")
            assert float(re.findall(r"(?:=|→) (-?[\d.]+)$", said)[0]) == true, (story, n)
        if story != "update":
            stage.click("#stageTerms")
            assert stage.value("scene.count") > value.size
            assert number(stage.text("#stageResult")) == value.ravel()[-1]


TOLD = {
    "Average pooling": ("pooling", "average_pooling2d/output"),
    "Depthwise convolution": ("depthwise", "depthwise_conv2d/output"),
    "Transposed convolution": ("transposed", "conv2d_transpose/output"),
    "Residual block": ("residual", "before/output_gradient"),
    "Batch normalization": ("batch", "output"),
}
"""Of the lessons of other layers a story, and what its heading ends with at each place."""


@pytest.mark.deep
@pytest.mark.parametrize("size", ["desktop"])
def test_the_stories_of_other_layers_tell_what_was_traced(stage: Browser, size: str) -> None:
    for title, (story, name) in TOLD.items():
        value = named(FACTS[title], name)
        value = value if story == "batch" else value[..., 0]
        stage.value(f"Object.assign(view, {{ subject: {title!r}, story: '{story}' }}); openStage()")
        for n, true in enumerate(value.ravel()):
            stage.value(f"goTo({n})")
            assert number(stage.text("#stageResult")) == true, (story, n)
            sums = stage.text("#stageSum").replace(MINUS, "-")
            assert f" {true:g}" in sums or f"({true:g})" in sums, (story, n, sums)
    stage.value("view.story = 'batchBack'; openStage(); goTo(1)")
    assert stage.text("#stageResult") == "Example 0, channel 1: dL/dx = 2.75"
    stage.value("view.story = 'inference'; openStage(); goTo(5)")
    assert stage.text("#stageResult") == "Example 2, channel 1: y = 5"


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
def test_play_goes_through_all_within_some_ten_seconds(stage: Browser, size: str) -> None:
    for story, subject in [("forward", 0), ("forward", 1), ("input", 1)]:
        stage.value(
            f"Object.assign(view, {{ subject: subjects()[{subject}].title, story: '{story}' }}); openStage(); goTo(0)"
        )
        start = stage.value("performance.now()")
        stage.click("#stagePlay")
        assert stage.text("#stagePlay") == "Pause"
        stage.wait("!playing")
        assert stage.value("view.k === scene.count - 1")
        assert 3000 < stage.value("performance.now()") - start < 16_000
        assert stage.text("#stagePlay") == "Play"


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
def test_the_stage_is_used_by_keyboard_and_spoken(stage: Browser, size: str) -> None:
    stage.page.focus("#stageStep")
    stage.press("Enter")
    assert stage.text("#spoken").startswith("Output cell (0, 1) = 3. ")
    stage.page.focus("#stageTarget")
    stage.value("scene.figures.at(-1).place.row = scene.figures.at(-1).place.col = 0")
    stage.press("ArrowDown")
    assert stage.text("#spoken").startswith("output, row 1, column 0: nothing yet. ")
    stage.press("Enter")
    assert stage.text("#stageResult") == "Output cell (1, 0) = 5"
    stage.page.focus("#tour .term")
    stage.press("Enter")
    assert "upper left weight" in stage.text(".meaning")
    stage.press("Escape")
    assert stage.value("document.querySelector('.meaning')") is None
    stage.page.focus("#stageB")
    assert stage.text("#spoken").startswith("kernel, row 0, column 0: 1. ")
    stage.press("ArrowRight", "Enter")  # term by term, which draws the pictures anew
    assert stage.value("document.activeElement.id") == "stageB"
    assert stage.text("#stageReading").startswith("kernel, row 0, column 1: ")


# ------------------------------------------------------------ what is read of a cell

TARGETS = {  # by story: a lesson's arrays whose products are added up, and the sums
    "forward": ("conv2d/input", "conv2d/parameters/kernel", "conv2d/pre_activation"),
    "kernel": ("conv2d/input", "conv2d/pre_activation_gradient", "conv2d/parameter_gradients/kernel"),
    "input": ("conv2d/pre_activation_gradient", "conv2d/parameters/kernel", "conv2d/input_gradient"),
}


SIDES = {"forward": (5, 3, 3), "kernel": (5, 3, 3), "input": (3, 3, 5)}


def parts_of(story: str, n: int) -> dict[tuple[int, int], tuple[float, float]]:
    """By the cell of the story's first picture: the factors that it gives to sum n, of 5x5 pixels and a 3x3 kernel."""
    arrays = zip(TARGETS[story], SIDES[story], strict=True)
    source, factor, _ = (named(SMALL, name).reshape(side, side) for name, side in arrays)
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for i, j, u, v in np.ndindex(3, 3, 3, 3):  # output cell (i, j) has pixel (i + u, j + v) under tap (u, v)
        cell, tap, pixel = (i, j), (u, v), (i + u, j + v)
        at, by, to = {"forward": (pixel, tap, cell), "kernel": (pixel, cell, tap), "input": (cell, tap, pixel)}[story]
        if to == divmod(n, SIDES[story][2]):
            found[at] = float(source[at]), float(factor[by])
    return found


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("story", TARGETS)
def test_a_cell_that_is_pointed_at_says_what_it_is_and_its_part_in_the_sum(
    stage: Browser, story: str, size: str
) -> None:
    stage.value(f"view.story = '{story}'; openStage()")
    if stage.value("view.termwise"):
        stage.click("#stageTerms")
    side, _, sums = SIDES[story]
    source = named(SMALL, TARGETS[story][0]).reshape(side, side)
    for n in (0, sums + 1):
        stage.value(f"goTo({n})")
        parts = parts_of(story, n)
        for r, c in np.ndindex(side, side):
            stage.point("#stageSource", r, c, side, side)
            said = stage.text("#stageReading").replace(MINUS, "-").replace("(", "").replace(")", "")
            assert f"row {r}, column {c}: {source[r, c]:g}. " in said, (story, n, said)
            if (r, c) in parts:
                a, b = parts[r, c]
                total = sum(p * q for p, q in parts.values())
                assert said.endswith(f"sum: {a:g} \N{MULTIPLICATION SIGN} {b:g} = {a * b + 0:g} of {total + 0:g}."), (
                    said
                )
            else:
                assert said.endswith("It has no part in this sum."), said
    fits(stage, size)
    stage.page.mouse.move(1, 1)
    assert stage.text("#stageReading").startswith("Tap a cell" if size == "phone" else "Point at a cell")


@pytest.mark.deep
@pytest.mark.parametrize("size", ["desktop"])
def test_every_cell_of_every_story_is_read(stage: Browser, size: str) -> None:
    """Its row, its column and its value as the picture has it; padding and what is still to come by words."""
    for subject in stage.value("subjects().map((one) => one.title)"):
        stage.value(f"view.subject = {subject!r}; openStage()")
        for story in stage.value("storiesOf(chosenSubject())"):
            stage.value(f"view.story = '{story}'; openStage(); goTo(1)")
            said = stage.value(
                "scene.grids.flatMap((grid, n) => [0, 1].map((k) => [(grid.rows - 1) * k, (grid.cols - 1) * k]).map(([r, c]) =>"
                " [grid.value(r, c) === undefined ? '' : shown(grid.value(r, c)), bare(grid.title()),"
                " (pointAt({ n, r, c }), stageReading.innerText), !grid.place && `row ${r}, column ${c}`]))"
            )
            for value, title, text, place in said:
                assert text.startswith(title), (subject, story, text)
                assert not place or place in text
                expected = rf": {re.escape(value)}\." if value else r": (nothing (here|yet)|padding, .*0)\."
                assert re.search(expected, text), (subject, story, text)


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("story", TARGETS)
def test_a_click_on_a_factor_leads_to_its_term_of_the_same_sum(stage: Browser, story: str, size: str) -> None:
    side = SIDES[story][1]
    for n, picture in [(4, "#stageA"), (4, "#stageB"), (8, "#stageProducts")]:
        stage.value(f"view.story = '{story}'; openStage()")
        if stage.value("view.termwise"):
            stage.click("#stageTerms")
        stage.value(f"goTo({n})")
        name = re.split(" =|: so far", stage.text("#stageResult"))[0]
        tap(stage, size, picture, 0, 0, side, side)
        assert stage.value("[view.termwise, view.k]") == [True, n * side * side]
        assert stage.text("#stageResult").startswith(f"{name}: so far ")
        assert stage.value("Number(stageScrub.value)") == n * side * side


def tap(browser: Browser, size: str, selector: str, *cell: int) -> None:
    """Touch a cell on a phone, and click it with the mouse elsewhere."""
    if size != "phone":
        browser.click(selector, *cell)
        return
    at, (x, y) = browser.position(selector, *cell), browser.centre(selector)
    middle = browser.position(selector)
    browser.touch("touchStart", (x - middle["x"] + at["x"], y - middle["y"] + at["y"]))
    browser.touch("touchEnd")
    browser.page.wait_for_timeout(50)  # milliseconds, in which the browser makes a click of it


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
def test_what_is_tapped_or_clicked_stays_read(stage: Browser, size: str) -> None:
    """In every picture of every story of the first example, also where the pictures are drawn anew."""
    for story in stage.value("storiesOf(chosenSubject())"):
        stage.value(f"view.story = '{story}'; openStage()")
        for n in range(stage.value("scene.grids.length")):
            stage.value("openStage()")
            picture, rows, cols = stage.value(f"[scene.grids[{n}].id, scene.grids[{n}].rows, scene.grids[{n}].cols]")
            tap(stage, size, f"#{picture}", rows - 1, 0, rows, cols)
            title = stage.value(f"bare(scene.grids[{n}].title())")
            assert stage.text("#stageReading").startswith(f"{title}, row {rows - 1}, column 0: "), story
            fits(stage, size)


COVERED = """[...document.querySelectorAll('button, select, input, canvas[tabindex], summary, .term')].filter((node) => {
  if (!node.checkVisibility() || node.disabled) return false;
  const box = (node.closest('.scroll') || node).getBoundingClientRect(), [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
  if (x < 0 || y < 0 || x > innerWidth || y > innerHeight) return false;
  const meaning = document.querySelector('.meaning').getBoundingClientRect();
  return meaning.left < box.right && meaning.right > box.left && meaning.top < box.bottom && meaning.bottom > box.top;
}).map((node) => node.outerHTML)"""


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
def test_what_a_term_means_covers_no_control(stage: Browser, size: str) -> None:
    """On the stage, in the tour and in a layer's panel; Escape closes it, and a click elsewhere."""
    stage.value("window.terms = () => [...document.querySelectorAll('.term')].filter((node) => node.checkVisibility())")
    opened = 0
    for scene in [f"goToTour({n}); stopPlaying()" for n in range(11)] + ["leaveTour()", "choose(3)", "choose(6)"]:
        stage.value(f"void ({scene.replace('; ', ', ')})")
        for n in range(stage.value("terms().length")):
            for close in ("Escape", "click"):
                term = stage.page.locator(".term:visible").nth(n)
                term.scroll_into_view_if_needed()
                term.click()
                assert stage.value("document.querySelectorAll('.meaning').length") == 1
                assert stage.value(COVERED) == []
                if close == "Escape":
                    stage.press(close)
                else:
                    stage.page.mouse.click(2, 300)
                assert stage.value("document.querySelector('.meaning')") is None
                assert stage.value("document.querySelector('.term[aria-expanded=true]')") is None
                opened += 1
    assert opened > 20


@pytest.mark.parametrize("size", ["desktop"])
@pytest.mark.parametrize("task", TASKS[:3], ids=lambda task: task.question)
def test_a_learner_finds_the_first_answers(stage: Browser, task: Task, size: str) -> None:
    """All twenty, on a page of a network in whole numbers, are in `test_tasks_browser`."""
    assert solved(stage, task) == task.answer


# ------------------------------------------------------------ the tour

TOUR = ["A pixel", "A patch", "A row of the matrix", "A product", "A feature map", "Pooling", "The loss"]
TOUR += ["Back through pooling and ReLU", "The kernel's gradient", "col2im", "The update"]


@pytest.mark.parametrize("size", ["desktop"])
def test_a_link_leads_into_the_tour_which_can_be_left_and_resumed(stage: Browser, path: Path, size: str) -> None:
    stage.page.goto(f"{path.as_uri()}#tour=4")
    stage.wait("tour.at === 3")
    assert stage.text("#tour .told").startswith("A product. ")
    stage.click("#answer0")
    assert stage.text("#reply") == "Type a number first."
    for answer, mark in (("7", "\N{BALLOT X}"), ("3", "\N{CHECK MARK}")):
        stage.page.fill("#answer1", answer)
        stage.click("#answer0")
        assert stage.text("#reply").startswith(mark)
    stage.click("#tourNext")
    assert stage.value("location.hash") == "#tour=5"
    stage.click("#tourLeave")
    assert stage.text("#tourBegin") == "Go on with the tour: 5 of 11"
    stage.click("#tourBegin")
    assert stage.text("#tourPlace") == "5 of 11"


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
def test_every_step_of_the_tour_is_on_one_screen_and_goes_by_itself(stage: Browser, size: str) -> None:
    stage.value("scrollTo(0, 3000)")
    stage.value("goToTour(0)")
    assert stage.value("Math.abs(document.getElementById('stage').getBoundingClientRect().top) < 1")
    for n, title in enumerate(TOUR):
        assert stage.text("#tour b").strip() == f"{title}."
        assert 2 <= len(re.findall(r"[.?!](?: |$)", stage.text("#tour .told"))) <= 4  # with the title's
        assert stage.value("document.querySelectorAll('.pointed').length") == 1
        assert stage.value(f"view.story === TOUR[{n}].story")
        if stage.value(f"TOUR[{n}].to !== undefined"):
            assert stage.text("#stagePlay") == "Pause"
            stage.wait("!playing")
            assert stage.text("#stagePlay") == "Play"
            assert stage.value(f"view.k === TOUR[{n}].to")
        if stage.value(f"Boolean(TOUR[{n}].ask)"):
            for answer in (0, 1):
                if stage.value("document.getElementById('answer1').tagName") == "INPUT":
                    stage.page.fill("#answer1", "3" if answer else "4")
                    stage.press("Enter")
                else:
                    stage.click(f"#answer{answer if n == 10 else 2 * answer}")
                said = stage.text("#reply")
                assert said[0] == ("\N{CHECK MARK}" if (answer == 0) == (n == 10) else "\N{BALLOT X}"), said
                stage.value("document.getElementById('stage').scrollIntoView()")
                fits(stage, size)
        fits(stage, size)
        if n < 10:
            stage.click("#tourNext")
    assert stage.value("TOUR.filter((step) => step.ask).length") == 3


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
def test_the_tour_keeps_the_focus_and_begins_anew_after_its_end(stage: Browser, size: str) -> None:
    stage.value("goToTour(9)")
    stage.click("#tourNext")
    assert stage.value("document.activeElement.id") == "tourLeave"
    assert (stage.text("#tourLeave"), stage.value("tourNext.disabled")) == ("Finish", True)
    stage.press("Enter")
    assert stage.value("document.activeElement.id") == "tourBegin"
    assert stage.text("#tourBegin") == "Take the tour: 11 steps"
    stage.value("goToTour(1)")
    stage.click("#tourBack")
    assert stage.value("document.activeElement.id") == "tourNext"


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
def test_the_tour_shows_nothing_of_the_way_back_before_the_loss(stage: Browser, size: str) -> None:
    for n, shown in ((5, False), (7, True)):
        stage.value(f"goToTour({n})")
        assert stage.value("scene.grids.some(({ id }) => id === 'stageDinput')") == shown
        assert ("On the way back" in stage.text("#stageSum")) == shown
    stage.value("goToTour(5), leaveTour()")
    assert "On the way back" in stage.text("#stageSum")


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("story", ["forward", "pooling"])
def test_play_moves_nothing_and_the_last_step_says_that_it_begins_anew(stage: Browser, story: str, size: str) -> None:
    places = "[...document.querySelectorAll('#stageSteps > *, #stage canvas')].map((node) => node.getBoundingClientRect().top)"
    stage.value(f"view.story = '{story}'; openStage()")
    assert (stage.text("#stageBack"), stage.text("#stageStep")) == ("\u25c0 End", "Step \u25b6")
    before = stage.value(places)
    stage.click("#stagePlay")
    assert (stage.text("#stagePlay"), stage.value(places)) == ("Pause", before)
    stage.click("#stagePlay")
    stage.value("goTo(scene.count - 1)")
    assert (stage.text("#stageBack"), stage.text("#stageStep")) == ("\u25c0 Step", "Start \u25b6")
    assert stage.value(places) == before
    stage.click("#stageStep")
    assert stage.value("view.k") == 0


@pytest.mark.deep
@pytest.mark.parametrize("size", SIZES)
def test_with_reduced_motion_the_tour_stands_at_the_end_of_what_it_would_play(stage: Browser, size: str) -> None:
    stage.page.emulate_media(reduced_motion="reduce")
    try:
        stage.value("goToTour(4)")
        assert stage.value("[view.k, playing]") == [8, None]
    finally:
        stage.page.emulate_media(reduced_motion="null")
