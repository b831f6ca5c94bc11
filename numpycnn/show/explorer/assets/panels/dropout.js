"use strict";
// Dropout: the mask, the scaling, training and inference.

function dropoutPanel(layer, index) {
  const panel = elementPanel(layer, index, dropoutText(layer));
  panel.node.querySelector("h2").after(
    make(
      "div",
      { className: "row" },
      "The switch above the network's picture turns it on for every dropout.",
      button("Draw again", () => setMode("drawn"), { id: "draw-again", disabled: !page.computable }),
    ),
  );
  return panel;
}

function dropoutText(layer) {
  const { rate } = layer.config,
    scale = rate < 1 ? 1 / (1 - rate) : 1;
  if (!page.kept)
    return `In inference everything goes on as it is: y = x. In training each value is dropped with probability ${rate}.`;
  const kept = page.kept[layer.name].data,
    on = kept.reduce((a, b) => a + b, 0);
  return (
    `In training each value is dropped with probability ${rate}; those kept are scaled by 1/(1 − ${rate}) = ${shown(scale)}. ` +
    `Here ${whole(on)} of ${whole(kept.length)} are kept.`
  );
}

// Inference, or training with the library's mask or one drawn here.
function modeChoice() {
  const mode = page.kept ? (page.drawnKept ? "drawn" : "library") : "inference";
  const options = [
    ["inference", "inference (dropout off)"],
    ["library", "training, numpycnn's next mask"],
    ["drawn", "training, a mask drawn here"],
  ];
  if (!page.computable) options.pop();
  const node = choice("Dropout:", options, mode, setMode);
  node.querySelector("select").disabled = (!page.computable && !page.live) || !page.layers.some((layer) => NOISES[layer.kind]);
  node.querySelector("select").id = "mode";
  return node;
}

function setMode(mode) {
  page.kept = mode === "inference" ? null : mode === "library" ? libraryMasks() : drawnMasks();
  page.drawnKept = mode === "drawn";
  recompute();
  render();
  say(`${mode === "inference" ? "Inference" : "Training"}: ${document.getElementById("source").textContent}`);
}
