"use strict";
// What the field's terms mean, at the place where they stand: {tap} in a text becomes a word that explains itself.

const GLOSSARY = {
  tap: "A tap is one place of the kernel: tap (0, 0) is its upper left weight, which meets the upper left pixel of every patch.",
  taps: "A tap is one place of the kernel: tap (0, 0) is its upper left weight, which meets the upper left pixel of every patch.",
  im2col: "im2col, “image to columns”, copies the patch under each window into a row of a matrix. A pixel is copied once for each window over it; in return the convolution becomes one matrix product, which is fast.",
  col2im: "col2im, “columns to image”, is im2col turned round: it adds each cell of the matrix to the pixel that it was copied from. Where windows overlap, several are added.",
  "pre-activation": "The pre-activation z is the sum of the products and the bias, before the activation, such as ReLU, is applied to it.",
  dz: "dz is short for dL/dz, the gradient of the loss with respect to the pre-activation z: what comes back to the output, times the activation's slope. ReLU's slope is 1 above 0, and 0 elsewhere.",
  logits: "Logits are the last layer's numbers before softmax turns them into probabilities, which are between 0 and 1 and add up to 1.",
};

// A text with its {terms} as nodes.
function explained(text) {
  return text.split(/(\{[^}]+\})/).map((part) => (part[0] === "{" && GLOSSARY[part.slice(1, -1)] ? termNode(part.slice(1, -1)) : part));
}

const bare = (text) => text.replace(/[{}]/g, "");

function termNode(name) {
  const node = make("span", { className: "term", role: "button", tabIndex: 0, "aria-expanded": "false" }, name);
  const toggle = () => {
    const open = node.getAttribute("aria-expanded") === "true";
    closeTerms();
    if (!open) openTerm(node);
  };
  node.addEventListener("click", (event) => {
    event.stopPropagation();
    toggle();
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    toggle();
  });
  return node;
}

const meaningOf = (term) => make("span", { className: "meaning" }, GLOSSARY[term.textContent]);

// On the stage where its cells are read, which has room for it; elsewhere below the text. So it lies over nothing.
function openTerm(node) {
  node.setAttribute("aria-expanded", "true");
  if (node.closest("#stage")) showReading();
  else node.parentNode.append(meaningOf(node));
  say(GLOSSARY[node.textContent]);
}

function closeTerms() {
  const open = document.querySelectorAll(".term[aria-expanded=true]");
  open.forEach((node) => node.setAttribute("aria-expanded", "false"));
  document.querySelectorAll(".meaning").forEach((node) => node.remove());
  if (open.length) showReading();
}
