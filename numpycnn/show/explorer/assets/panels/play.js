"use strict";
// Numbers to choose by, and playing through the cells of an output.

function numberInput(text, id, limit, value, change) {
  const input = make("input", { type: "number", id, min: 0, max: limit - 1, value });
  input.addEventListener("change", () => {
    input.value = Math.min(Math.max(Math.round(Number(input.value)) || 0, 0), limit - 1);
    change(Number(input.value));
  });
  return make("label", {}, `${text} (0 to ${limit - 1}) `, input);
}

let playing = null; // the timer of the panel that plays

function stopPlaying() {
  clearInterval(playing);
  playing = null;
}

function playControls(next) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    return [make("span", { className: "note" }, "Play is off, for your system asks for reduced motion.")];
  }
  let wait = 500;
  const start = () => {
    playing = setInterval(() => (node.isConnected ? next() : stopPlaying()), wait);
  };
  const toggle = () => {
    if (playing) stopPlaying();
    else start();
    node.textContent = playing ? "Pause" : "Play";
  };
  const node = button("Play", toggle, { id: "play" });
  const speed = choice(
    "Speed",
    [
      ["1500", "slow"],
      ["500", "medium"],
      ["60", "fast"],
    ],
    "500",
    (value) => {
      wait = Number(value);
      if (playing) {
        stopPlaying();
        start();
      }
    },
  );
  return [node, speed];
}
