"use strict";
// Numbers to choose by, and playing through positions in some ten seconds.

const PLAYED = 10_000, // milliseconds that it takes to play all
  SLOWEST = 900,
  FASTEST = 40; // between two pictures

function numberInput(text, id, limit, value, change) {
  const input = make("input", { type: "number", id, min: 0, max: limit - 1, value });
  input.addEventListener("change", () => {
    input.value = Math.min(Math.max(Math.round(Number(input.value)) || 0, 0), limit - 1);
    change(Number(input.value));
  });
  return make("label", {}, `${text} (0 to ${limit - 1}) `, input);
}

let playing = null; // the timer of what plays

function stopPlaying() {
  clearInterval(playing);
  setPlaying(null);
}

// Whatever plays, each of the buttons stops it, and says so.
function setPlaying(timer) {
  playing = timer;
  document.querySelectorAll(".play").forEach((node) => (node.textContent = playText()));
}

const playText = () => (playing ? "Pause" : "Play");

const stillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Calls next(step) until it returns false: as often as the eye can follow, and for all of `count` within ten seconds.
function play(count, next) {
  stopPlaying();
  const wait = Math.min(Math.max(PLAYED / count, FASTEST), SLOWEST),
    step = Math.max(1, Math.round((count * wait) / PLAYED));
  setPlaying(setInterval(() => next(step) || stopPlaying(), wait));
}

// A button that plays and pauses.
function playButton(id, count, next) {
  if (stillness()) return make("span", { className: "note" }, "Play is off, for your system asks for reduced motion.");
  const toggle = () => (playing ? stopPlaying() : play(count(), (step) => node.isConnected && next(step)));
  const node = button(playText(), toggle, { id, className: "play" });
  return node;
}
