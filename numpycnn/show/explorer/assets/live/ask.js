"use strict";
// An example goes to NumPy and comes back traced.

const PAUSE = 200, // milliseconds after a stroke: it may go on
  FOLLOW = 1000; // milliseconds between traces while training goes on

let tracing = false,
  asking = 0, // the number of the newest request: answers to older ones are not shown
  waiting = null;

// What is shown now, unless it was traced, or has masks that were drawn here. While training changes all parameters with
// every batch, the page computes with those that it has: all of them would come with every stroke.
function askForShown() {
  asking++;
  clearTimeout(waiting);
  Object.assign(live, { due: false, asked: performance.now() });
  if (page.traced) live.wanted = page.facts.wanted;
  if (page.traced || (page.kept && page.drawnKept)) return;
  const values = (x) => x && Array.from(x.data);
  live.wanted = { asked: { x: values(page.x), target: values(page.target) }, label: page.label, number: page.number };
  live.due = page.computable && isTraining();
  if (!live.due) ask(live.wanted, PAUSE);
}

const isTraining = () => live.state !== null && live.state.state === "training";

const askForExample = (number) => ask({ asked: { example: number }, label: null, number }, 0);

// The same again, with the parameters of the step that is looked at.
const refresh = () => ask(live.wanted, 0);

// While training goes on: the panel with the newest step, but not amid a stroke, nor over masks that were drawn here.
function followTraining() {
  if (quiet() || tracing || page.drawnKept || watching.at !== null) return;
  if (performance.now() - live.asked < FOLLOW) return;
  refresh();
}

function ask(wanted, pause) {
  const turn = ++asking;
  Object.assign(live, { wanted, due: false, asked: performance.now() });
  clearTimeout(waiting);
  waiting = setTimeout(() => trace(turn, wanted), pause);
}

async function trace(turn, wanted) {
  const training = Boolean(page.kept) && !page.drawnKept;
  tracing = true;
  try {
    const answer = await request("trace", { ...wanted.asked, training, version: page.facts.version, step: stepToTrace() });
    const tensors = await readTensors(answer.tensors);
    if (turn !== asking) return;
    live.trouble = "";
    adopt(answer, tensors, wanted);
  } catch (error) {
    live.trouble = `${error.message}.`;
  } finally {
    tracing = false; // also where a newer question has come
  }
  renderBadge();
}

// Parameters and examples that did not come again are those that are here.
function adopt(answer, tensors, wanted) {
  const offered = answer.examples ? [] : ["examples", "examples/palette"];
  const stays = ([name]) => name.includes("/parameters/") || offered.includes(name);
  const before = (all) => Object.fromEntries(Object.entries(all).filter(stays));
  const facts = { ...page.facts, ...answer, wanted, label: wanted.label || exampleLabel(answer) };
  facts.tensors = { ...before(page.facts.tensors), ...answer.tensors };
  setUp(facts, { ...before(page.tensors), ...tensors });
  showAgain(Boolean(answer.examples));
  if (!isTraining()) say(document.getElementById("source").textContent);
}

const exampleLabel = ({ example, label }) => `example ${example}${label === null ? "" : `, true class ${label}`}`;

// The panel with other numbers: what was pinned there, or has the focus, stays so.
function showAgain(others) {
  const focused = document.activeElement.id,
    pinned = current.box && current.box.pinned;
  if (current.renew) {
    current.renew(others);
    renderHead();
  } else {
    render();
    if (pinned) current.box.pin(pinned);
  }
  const node = focused && document.getElementById(focused);
  if (node && node !== document.activeElement) node.focus({ preventScroll: true });
}
