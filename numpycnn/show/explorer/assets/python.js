"use strict";
// Snippets of NumPy, of at most 15 lines, that print the pinned number again.

const MOST_LITERALS = 300;
const inDoublePrecision = () => page.facts.model.dtype === "float64";
const literal = (value) => exact(value, inDoublePrecision());
const numbers = (values) => `np.array([${Array.from(values, literal).join(", ")}], np.${page.facts.model.dtype})`;

const ACTIVATION_LINES = {
  linear: "y = z",
  relu: "y = np.maximum(z, 0)",
  sigmoid: "y = 1 / (1 + np.exp(-z))",
  tanh: "y = np.tanh(z)",
};

// The sum of products of two lists, what is added to it, and the activation after it.
function sumOfProducts({ a, b, aText, bText, bias, activation, result }) {
  const pairs = Array.from(a, (value, k) => [value, b[k]]).filter(([x, y]) => x * y !== 0);
  if (pairs.length > MOST_LITERALS || (activation && !ACTIVATION_LINES[activation])) return null;
  return [
    "import numpy as np",
    `a = ${numbers(pairs.map(([x]) => x))}  # ${aText}`,
    `b = ${numbers(pairs.map(([, y]) => y))}  # ${bText}`,
    bias === undefined ? "z = a @ b" : `z = a @ b + np.${page.facts.model.dtype}(${literal(bias)})  # and the bias`,
    activation ? ACTIVATION_LINES[activation] : "y = z",
    `print(y)  # the page shows ${literal(result)}`,
  ];
}

// The same number out of a new trace, of a layer or of the network (null); for the example that this page was made of.
function fromTrace(layer, path, index, result) {
  const of = layer ? `trace[${JSON.stringify(layer.name)}]` : "trace";
  if (page.live) {
    return [
      `# model is the one that is served, after step ${page.facts.step}; x and y are what it was traced for, as a batch of one`,
      `trace = model.trace(x${page.tensors.targets ? ", y" : ""}${page.facts.training ? ", training=True" : ""})`,
      `print(${of}.${path}[${index}])  # the page shows ${literal(result)}`,
    ];
  }
  return [
    "# model, x and y are what this page was made of: model.explore(path, x, y)",
    `one = slice(${page.facts.example}, ${page.facts.example + 1})`,
    `trace = model.trace(x[one]${page.tensors.targets ? ", y[one]" : ""})`,
    `print(${of}.${path}[${index}])  # the page shows ${literal(result)}`,
  ];
}
