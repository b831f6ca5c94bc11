"use strict";
// The running process: asking it, hearing how its training goes, and saying whether it is still there.

const live = {
  state: null,
  connected: true,
  trouble: "", // why there is no trace
  refused: "", // why what was told is not so
  watched: null, // the input that every frame is of
  wanted: null, // what was asked for last: {asked, label, number}
  due: false, // whether it waits until training is paused
  refreshed: null,
  asked: 0, // when, in milliseconds
};

const quiet = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
const sleep = (wait) => new Promise((done) => setTimeout(done, wait));

// What an address answers; `asked` is sent to it as JSON. Throws what a refusal says, or that nothing answers.
async function request(address, asked, read = (answer) => answer.json()) {
  const how = asked && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asked) };
  let answer;
  try {
    answer = await fetch(address, how);
  } catch {
    setConnected(false);
    throw new Error("Python does not answer");
  }
  setConnected(true);
  if (!answer.ok) throw new Error(await answer.text());
  return read(answer);
}

function setConnected(connected) {
  if (live.connected === connected) return;
  live.connected = connected;
  renderBadge();
  if (current.hear) current.hear();
  say(badgeText());
}

function startLive() {
  live.watched = { input: page.tensors.input, label: page.label };
  live.wanted = page.facts.wanted = { asked: { example: page.facts.example }, label: null, number: page.facts.example };
  placeLive();
  if (page.facts.live.training) page.selected = stages().length - 1;
  follow();
}

// What one does here comes first: the training and the network, then the stage.
function placeLive() {
  const [numbers, head, nav] = ["#numbers", "#numbers > header", "nav"].map((selector) => document.querySelector(selector));
  document.querySelector(".top").append(make("div", { id: "live", className: "row" }, make("span"), button("", lookAtNewest, { id: "refresh" })));
  nav.before(lookBackBar());
  nav.after(head);
  numbers.after(document.getElementById("stage"), document.getElementById("reading-help"));
}

// Training is heard of as it goes on; with reduced motion only now and then.
async function follow() {
  for (let after = 0; ; await sleep(quiet() ? 2000 : 150)) {
    try {
      const state = await request(`state?after=${after}`);
      after = state.revision;
      heard(state);
    } catch {
      after = 0;
      await sleep(1000);
    }
  }
}

function heard(state) {
  const before = live.state;
  live.state = state;
  renderBadge();
  if (before && before.state !== state.state) say(badgeText());
  if (before && before.resets !== state.resets) beginAnew();
  placeScrub();
  if (current.hear) current.hear();
  if (isTraining()) return void followTraining();
  if (!live.due && (watching.at !== null || [page.facts.version, live.refreshed].includes(state.version))) return;
  live.refreshed = state.version;
  refresh();
}

// After a reset.
function beginAnew() {
  Object.assign(watching, { at: null, step: null });
  forgetScales();
}

function badgeText() {
  if (!live.connected)
    return "✕ Connection lost: the Python process does not answer. What is shown stays, and nothing new comes.";
  const { step, state } = live.state || { step: page.facts.step };
  return `● Live from NumPy, step ${step}${state === "training" ? ", training" : ""}.`;
}

function renderBadge() {
  const badge = document.getElementById("live"),
    behind = live.state && live.state.version !== page.facts.version;
  badge.className = live.connected ? "row" : "row lost";
  badge.firstChild.textContent = [
    badgeText(),
    live.trouble,
    behind ? `The numbers below are of step ${page.facts.step}.` : "",
  ].join(" ");
  badge.lastChild.textContent = `Show step ${live.state ? live.state.step : ""}`;
  badge.lastChild.hidden = !behind || !live.connected;
}
