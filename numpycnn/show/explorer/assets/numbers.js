"use strict";
// Numbers as text.

// The shortest text that is that float32, or with `double` that double.
function exact(value, double) {
  if (double || !Number.isFinite(value)) return pythonText(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === Math.fround(value)) return pythonText(text);
  }
  return pythonText(Number(value.toPrecision(9)));
}

const pythonText = (value) =>
  Number.isFinite(value) ? String(value) : value > 0 ? "np.inf" : value < 0 ? "-np.inf" : "np.nan";

// For people: four significant digits, and a real minus sign.
function shown(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(4))) : value.toExponential(3);
  return text.replace("-", "−").replace("e-", "e−");
}

const percent = (value) => `${(100 * value).toFixed(value > 0.9995 || value < 0.0995 ? 2 : 1)} %`;
const whole = (value) => value.toLocaleString("en-US");
const count = (n, one, many = `${one}s`) => `${whole(n)} ${n === 1 ? one : many}`;
const sizes = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
