"use strict";
// What is said about the thing that is pointed at or pinned.

// A panel's selection and the box that explains it. read(selection) gives {title, lines, terms, check, code, snippet};
// mark(selection) draws it into the figures. check is one gradient to check, or a list.
function readingBox(panel) {
  const box = make("section", { className: "reading", id: "reading", "aria-label": "What is pointed at" });
  let pinned = null;

  function display(selection) {
    const found = panel.read(selection);
    panel.view.selection = selection;
    panel.mark(selection);
    const lines = found.lines.map((line) => make("p", {}, line));
    const terms =
      found.terms &&
      make(
        "div",
        { className: "terms", tabIndex: 0, role: "region", "aria-label": "The terms" },
        table(found.terms.heads, found.terms.rows),
      );
    box.replaceChildren(
      make(
        "h3",
        {},
        found.title,
        pinned ? make("span", { className: "pinned" }, " (pinned) ") : "",
        pinned ? button("Let go", release) : "",
      ),
      ...lines,
      terms || "",
      ...[found.check].flat().map((what) => what && checkButton(what)).filter((node) => node),
    );
    if (found.code || found.snippet) showCode(found.code || [], found.snippet);
    return found;
  }

  function release() {
    if (pinned === null) return;
    pinned = null;
    display(panel.view.selection);
    say("Let go");
  }

  return {
    node: box,
    point(selection, spoken) {
      if (pinned !== null) return;
      const found = display(selection);
      if (spoken) say([found.title, ...found.lines].join(". "));
    },
    pin(selection) {
      const again = JSON.stringify(pinned) === JSON.stringify(selection);
      pinned = again ? null : selection;
      const found = display(selection);
      say(again ? "Let go" : `Pinned. ${[found.title, ...found.lines].join(". ")}`);
    },
    again: () => display(panel.view.selection),
    release,
    get pinned() {
      return pinned;
    },
  };
}

// What a gradient belongs to, by the parameter's name, or null for the input.
const checkedName = (key) => ({ null: "input", kernel: "weight" })[key] || key;

// What a check button needs, for a parameter's gradient, or with the key null the input's; null where there is none.
function gradientCheck(layer, key, index) {
  const run = page.runs[layer],
    gradient = key === null ? run.input_gradient : (run.parameter_gradients || {})[key];
  return gradient ? { layer, key, index, analytic: gradient.data[index] } : null;
}

// A button that compares a gradient with central differences. what: {layer, key, index, analytic}.
function checkButton(what) {
  const result = make("output", { className: "check" }),
    able = page.computable && page.target && lossOf(page.loss);
  const run = () => {
    result.textContent = checkText(what, ownGradient(what), numericGradient(what));
    // The box may scroll.
    result.scrollIntoView({ block: "nearest" });
    say(result.textContent);
  };
  return make(
    "div",
    { className: "row" },
    button(`Check dL/d ${checkedName(what.key)} numerically`, run, { disabled: !able, id: `check-${checkedName(what.key)}` }),
    result,
    make(
      "span",
      { className: "note" },
      able ? "(L(+h) − L(−h))/2h, with h a ten-thousandth of the value, and at least 1e-4, in double precision" : "",
    ),
  );
}

function checkText({ analytic }, own, numeric) {
  const error = Math.abs(own - numeric),
    relative = error / Math.max(Math.abs(own), Math.abs(numeric), 1e-12);
  const rounded = page.layers.filter(isRounded).map((layer) => layer.name);
  const how = rounded.length ? ` Both were computed here, with ${rounded.join(" and ")}'s kernel in 7 bits.` : "";
  const traced = page.traced ? ` numpycnn's own, with every kernel exact, is ${shown(analytic)}.` : "";
  return `analytic ${shown(own)}, numeric ${shown(numeric)}, error ${shown(error)} (relative ${shown(relative)}).${how}${traced}`;
}
