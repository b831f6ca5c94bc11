"use strict";
// The bar by which every panel is moved to an earlier step of training.

const lookBack = { scrub: null, node: null };

function lookBackBar() {
  const scrub = make("input", { type: "range", id: "frame", min: 0, max: 0, "aria-label": "Step of training to look at" });
  const go = (place) => lookBackTo(Math.min(Math.max(place, 0), live.state.frames.length - 1));
  scrub.addEventListener("input", () => go(Number(scrub.value)));
  lookBack.scrub = scrub;
  lookBack.node = make(
    "div",
    { className: "row", id: "look-back", hidden: true },
    button("◀ Earlier step", () => go(Number(scrub.value) - 1), { id: "earlier-step" }),
    button("Later step ▶", () => go(Number(scrub.value) + 1), { id: "later-step" }),
    button("Newest", lookAtNewest, { id: "newest" }),
    playButton("play-training", () => live.state.frames.length, (step) => {
      go(watching.at === null ? 0 : Number(scrub.value) + step);
      return true;
    }),
    scrub,
  );
  return lookBack.node;
}

// Looks at the frame in that place, and asks for the numbers of its step.
function lookBackTo(place) {
  const { frames } = live.state;
  watching.at = place === frames.length - 1 ? null : frames[place][0];
  placeScrub();
  if (current.hear) current.hear();
  ask(live.wanted, PAUSE);
}

const lookAtNewest = () => lookBackTo(live.state.frames.length - 1);

function placeScrub() {
  const { frames } = live.state,
    place = framePlace(frames);
  Object.assign(lookBack.scrub, { max: frames.length - 1, value: place });
  lookBack.scrub.setAttribute("aria-valuetext", `step ${frames[place][0]}`);
  lookBack.node.hidden = !page.facts.live.training;
  lookBack.node.classList.toggle("nothing", frames.length < 2); // but in its place, so that no button moves
}

// The place of the frame to look at.
const framePlace = (frames) => (watching.at === null ? frames.length - 1 : nearest(frames.map(([step]) => step), watching.at));

// The step whose network is to be traced; undefined for the newest.
const stepToTrace = () => {
  const { kept } = live.state || { kept: [] };
  return watching.at === null || !kept.length ? undefined : kept[nearest(kept, watching.at)];
};

// The place of the number that is nearest to a step.
function nearest(steps, step) {
  let best = 0;
  steps.forEach((other, k) => {
    if (Math.abs(other - step) < Math.abs(steps[best] - step)) best = k;
  });
  return best;
}
