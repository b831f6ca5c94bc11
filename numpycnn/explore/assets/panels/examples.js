"use strict";
// Examples to choose from, among them those that the model reads wrongly.

function examplesNode() {
  const { numbers: chosen, labels, read, of, wrong } = page.facts.examples;
  if (!page.tensors.examples) return missing("The other examples");
  const list = make("div", { className: "tiles", id: "examples" });
  const fill = (onlyWrong) =>
    list.replaceChildren(
      ...chosen
        .map((number, k) => [number, k])
        .filter(([, k]) => !onlyWrong || labels[k] !== read[k])
        .map(([number, k]) => exampleTile(number, k)),
    );
  const which = [["all", `the first, and others: ${chosen.length} of ${whole(of)}`]];
  if (labels)
    which.push([
      "wrong",
      `those the model gets wrong: ${whole(chosen.filter((_, k) => labels[k] !== read[k]).length)} of ${whole(wrong)}`,
    ]);
  fill(false);
  return make(
    "details",
    { open: true },
    make("summary", {}, "Examples"),
    make(
      "div",
      { className: "row" },
      choice("Show", which, "all", (value) => fill(value === "wrong")),
      button(
        "The traced example",
        () => {
          showTraced();
          render();
        },
        { id: "traced" },
      ),
    ),
    page.computable
      ? ""
      : make(
          "p",
          { className: "warning" },
          "This page cannot compute the network, so only the traced example has numbers.",
        ),
    list,
  );
}

function exampleTile(number, k) {
  const { labels, read } = page.facts.examples,
    x = exampleAt(k),
    look = imagesOf(x.shape, page.inputFirst);
  const canvas = make("canvas", { "aria-hidden": "true" }),
    cell = Math.max(1, Math.floor(56 / Math.max(look.rows, look.cols)));
  paint(canvas, look.rows, look.cols, (r, c) => x.data[look.index(r, c, 0)], largest(x), [cell, cell]);
  const text = labels ? `${labels[k]}${read[k] === labels[k] ? "" : ` read ${read[k]}`}` : `${number}`;
  return button("", () => chooseExample(number, k), {
    disabled: !page.computable && number !== page.facts.example,
    "data-number": String(number),
    "aria-label": `Example ${number}${labels ? `, a ${labels[k]}${read[k] === labels[k] ? "" : `, read as ${read[k]}`}` : ""}`,
  }).appendChild(make("span", {}, canvas, text)).parentNode;
}

function exampleAt(k) {
  const { examples } = page.tensors,
    size = product(examples.shape.slice(1));
  return tensor(examples.shape.slice(1), examples.data.slice(k * size, (k + 1) * size));
}

function chooseExample(number, k) {
  const { labels } = page.facts.examples;
  if (number === page.facts.example) {
    showTraced();
  } else {
    let target = page.target;
    if (labels) {
      target = zerosLike(page.runs.at(-1).output, page.runs.at(-1).output.shape);
      target.data[labels[k]] = 1;
    }
    show(exampleAt(k), target, `example ${number}${labels ? `, true class ${labels[k]}` : ""}`);
  }
  render();
  document.getElementById("panel").focus();
  say(document.getElementById("source").textContent);
}
