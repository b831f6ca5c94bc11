"use strict";
// The tour: a way through the stage in eleven steps, from a pixel to the update. #tour=4 is a link to the fourth.

// Each: {title, text, story, k: where it begins, to: where it plays to, point: the picture that it is about, ask,
// forward: whether it is told before the way back is, and shows nothing of it}.
const TOUR = [
  {
    title: "A pixel",
    text: "An image is a grid of numbers, one for each pixel: here 0 is paper and 2 is ink. This one is a small seven.",
    story: "forward",
    k: 0,
    point: "stageSource",
  },
  {
    title: "A patch",
    text: "A window as large as the kernel lies on the image; what is under it is a patch. Each of the kernel's places, its {taps}, has a weight, which multiplies the pixel under it.",
    story: "forward",
    k: 4,
    point: "stageA",
  },
  {
    title: "A row of the matrix",
    text: "{im2col} writes each patch as one row of a matrix: watch the window move, and the rows come.",
    story: "matrix",
    k: 0,
    to: 8,
    point: "stageMatrix",
  },
  {
    title: "A product",
    text: "A patch times the kernel: multiply what stands at the same place, and add up. With the bias, here 1, that is the {pre-activation}; ReLU makes 0 of what is below 0.",
    story: "forward",
    k: 7,
    point: "stageProducts",
    ask: {
      text: "The window moves on to the last patch. What is the output there?",
      answer: (lesson) => lesson.runs[0].output.data.at(-1),
      right: "Yes: the products add up to 2, and the bias makes it 3.",
      wrong: "Not quite: the last patch is the lower right one. Add pixel × weight over its nine pixels, and 1.",
    },
  },
  {
    title: "A feature map",
    text: "All output cells together are the feature map. It is large where the image looks like the kernel; a layer has many kernels, and a map for each.",
    story: "forward",
    k: 0,
    to: 8,
    point: "stageTarget",
  },
  {
    title: "Pooling",
    text: "Max-pooling keeps the largest value of each window of 2 by 2: where in it does not matter, so a digit may move a little.",
    story: "pooling",
    k: 0,
    to: 3,
    point: "stageTarget",
    forward: true,
  },
  {
    title: "The loss",
    text: "What comes out, the 2 by 2 cells of before in a row, is compared with what should come out. The loss is one number for how wrong it is: here the mean of the squared differences.",
    story: "loss",
    k: 0,
    point: "stageProducts",
  },
  {
    title: "Back through pooling and ReLU",
    text: "Now backward: dL/d output is how the loss would change if an output grew a little, and stands as 2 by 2 again. Pooling hands it to the pixel that won, and where one won twice both are added. ReLU lets it through where its own input was above 0: here all that is not 0 passes, so {dz}, the gradient of the {pre-activation}, is the same array.",
    story: "pooling",
    k: 2,
    point: "stageDinput",
  },
  {
    title: "The kernel's gradient",
    text: STORIES.kernel.text,
    story: "kernel",
    k: 9,
    to: 17,
    point: "stageTarget",
  },
  {
    title: "col2im",
    text: "A pixel took part in every window over it; the one furthest up met it with its lowest weight, so {dz} stands turned round beside the kernel. {col2im} adds up what comes back from each.",
    story: "input",
    k: 0,
    to: 12,
    point: "stageTarget",
    ask: {
      text: "Which pixel's gradient has the most terms?",
      options: ["(0, 0)", "(0, 2)", "(2, 2)"],
      answer: mostRead,
      right: "Yes: all nine windows lie over the middle, and only one over a corner.",
      wrong: "No: count the windows of 3 by 3 that lie over that pixel.",
    },
  },
  {
    title: "The update",
    text: "The optimizer moves each weight, and the bias, against its gradient; with momentum it goes on a little as before, by the velocity that the step before left. One step alone may overshoot; over many of them the loss falls. Here the tour ends: the next image goes the same way, from its pixels to an update, with the new weights.",
    story: "update",
    k: 1,
    point: "stageUpdate1",
    ask: {
      text: "At tap (0, 1) g is −3. Which way does −learning_rate × g move the weight, before the velocity is added?",
      options: ["up", "down"],
      answer: (lesson) => (lesson.runs[0].parameter_gradients.kernel.data[1] < 0 ? "up" : "down"),
      right: "Yes: −0.5 × (−3) = 1.5. The velocity adds 0.5 × 2 = 1, so the weight grows by 2.5.",
      wrong: "No: −0.5 × (−3) is above zero.",
    },
  },
];

const tour = { at: null, last: 0, replies: [] }; // the step, or null; the last one that was seen; what was answered

// Whether the way back is still to be told.
const forwardOnly = () => tour.at !== null && Boolean(TOUR[tour.at].forward);

// Of the offered pixels the one that most windows lie over.
function mostRead(lesson) {
  const w = windowOf(lesson.layers[0]),
    windows = (text) => readersOf(w, ...JSON.parse(text.replace("(", "[").replace(")", "]"))).length;
  return ["(0, 0)", "(0, 2)", "(2, 2)"].reduce((best, text) => (windows(text) > windows(best) ? text : best));
}

// Begin where the link says, and follow it when it changes.
function startTour() {
  const follow = () => {
    const [, step] = location.hash.match(/^#tour=(\d+)$/) || [];
    if (step >= 1 && step <= TOUR.length) goToTour(step - 1);
  };
  addEventListener("hashchange", follow);
  follow();
}

function goToTour(n) {
  const { story, k, to, title, text } = TOUR[n];
  Object.assign(tour, { at: n, last: n });
  Object.assign(view, { subject: lessons[0].title, story });
  setLink(`#tour=${n + 1}`);
  openStage();
  document.getElementById("stage").scrollIntoView({ block: "start" });
  goTo(to !== undefined && stillness() ? to : k);
  if (to !== undefined && !stillness()) playTo(to);
  say(`Tour, ${n + 1} of ${TOUR.length}. ${title}. ${bare(text)}`);
}

function playTo(to) {
  const count = to - view.k;
  play(count, (step) => {
    goTo(Math.min(view.k + step, to));
    return view.k < to;
  });
}

function leaveTour() {
  if (tour.at === TOUR.length - 1) tour.last = 0;
  tour.at = null;
  stopPlaying();
  setLink("#stage");
  renderStage();
  document.getElementById("tourBegin").focus();
  say("Tour left");
}

// The address of what is shown, without a new entry in the history; a page in a frame may have none.
function setLink(link) {
  try {
    history.replaceState(null, "", link);
  } catch {
    return;
  }
}

// ------------------------------------------------------------ what stands above the pictures

function renderTour() {
  const begin = document.getElementById("tourBegin");
  begin.hidden = tour.at !== null;
  begin.textContent = tour.last ? `Go on with the tour: ${tour.last + 1} of ${TOUR.length}` : `Take the tour: ${TOUR.length} steps`;
  document.getElementById("stageChoices").hidden = tour.at !== null;
  const { title, text, point, ask } = tour.at === null ? { text: STORIES[view.story].text } : TOUR[tour.at];
  document.getElementById("tour").replaceChildren(
    ...(tour.at === null ? [] : [tourSteps()]),
    make("p", { className: "told" }, title ? make("b", {}, `${title}. `) : "", ...explained(text)),
    ask ? questionNode(ask, tour.at) : "",
  );
  if (point) document.getElementById(point).closest("figure").classList.add("pointed");
}

function tourSteps() {
  const at = tour.at,
    go = (n, id) => () => {
      goToTour(n);
      // At an end of the tour this button is disabled, and would lose the focus.
      const able = [id, "tourNext", "tourLeave"].map((one) => document.getElementById(one)).find((node) => !node.disabled);
      able.focus();
    };
  return make(
    "div",
    { className: "row" },
    button("◀ Tour", go(at - 1, "tourBack"), { id: "tourBack", disabled: at === 0 }),
    make("span", { id: "tourPlace" }, `${at + 1} of ${TOUR.length}`),
    button("Tour ▶", go(at + 1, "tourNext"), { id: "tourNext", disabled: at === TOUR.length - 1 }),
    button(at === TOUR.length - 1 ? "Finish" : "Leave", leaveTour, { id: "tourLeave" }),
  );
}

// A question with its answers as buttons, or a number to type; what was answered stays.
function questionNode(ask, at) {
  const reply = make("output", { id: "reply" }, tour.replies[at] || "");
  const check = (given) => {
    if (given === "") return say((reply.textContent = "Type a number first."));
    const right = String(given) === String(ask.answer(lessons[0]));
    tour.replies[at] = `${right ? "✓" : "✗"} ${right ? ask.right : ask.wrong}`;
    reply.textContent = tour.replies[at];
    say(`${right ? "Right" : "Wrong"}. ${right ? ask.right : ask.wrong}`);
  };
  const input = make("input", { type: "number", id: "answer1", "aria-label": "Your answer" });
  const typed = [input, button("Check", () => check(input.value), { id: "answer0" })];
  const answers = ask.options ? ask.options.map((text, n) => button(text, () => check(text), { id: `answer${n}` })) : typed;
  input.addEventListener("keydown", (event) => event.key === "Enter" && check(input.value));
  return make("div", { className: "row ask", role: "group", "aria-label": ask.text }, make("span", {}, ask.text), ...answers, reply);
}
