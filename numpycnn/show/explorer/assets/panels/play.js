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

let playing = null; // {timer, done()} of what plays

function stopPlaying() {
  if (!playing) return;
  clearInterval(playing.timer);
  const { done } = playing;
  playing = null;
  done();
}

const stillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Calls next(step) until it returns false: as often as the eye can follow, and for all of `count` within ten seconds.
function play(count, next, done = () => {}) {
  stopPlaying();
  const wait = Math.min(Math.max(PLAYED / count, FASTEST), SLOWEST),
    step = Math.max(1, Math.round((count * wait) / PLAYED));
  playing = { timer: setInterval(() => next(step) || stopPlaying(), wait), done };
}

// A button that plays and pauses.
function playButton(id, count, next) {
  if (stillness()) return make("span", { className: "note" }, "Play is off, for your system asks for reduced motion.");
  const node = button(
    "Play",
    () => {
      if (playing) return stopPlaying();
      play(count(), (step) => node.isConnected && next(step), () => (node.textContent = "Play"));
      node.textContent = "Pause";
    },
    { id },
  );
  return node;
}
