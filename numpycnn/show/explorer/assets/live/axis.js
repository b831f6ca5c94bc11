"use strict";
// The axis of a curve's values: linear, or logarithmic where one large value would press all others flat.

const SPIKE = 20, // times the median: a value that is so large makes the axis logarithmic
  LINEAR = "linear",
  ROOM = 5; // ticks at most

// {text, part(value), ticks}: what the axis is, where a value lies from 0, at the bottom, to 1, and the values that are written
// beside it. A logarithmic axis has what is 0 at its bottom.
function valueAxis(values, logarithmic) {
  const above = values.filter((value) => value > 0).sort((a, b) => a - b),
    spike = above.at(-1) > SPIKE * above[Math.floor(above.length / 2)];
  if (!above.length || values.some((value) => value < 0) || !(logarithmic || spike)) return linearAxis(values);
  return logAxis(above, above.length < values.length);
}

function linearAxis(values) {
  const low = Math.min(0, ...values),
    high = Math.max(...values, low + 1e-9);
  return { text: LINEAR, part: (value) => (value - low) / (high - low), ticks: values.length ? [low, high] : [] };
}

function logAxis(above, zeros) {
  const low = above[0],
    high = Math.max(above.at(-1), low * 1.01),
    part = (value) => Math.log(Math.max(value, low) / low) / Math.log(high / low);
  return { text: zeros ? "log scale, 0 below" : "log scale", part, ticks: logTicks(low, high, part) };
}

// Both ends, and of the powers of ten between them those that have room.
function logTicks(low, high, part) {
  const found = [low, high],
    [from, to] = [low, high].map((value) => Math.log10(value));
  const every = Math.ceil((to - from) / ROOM);
  for (let power = Math.ceil(from); power <= to; power += every) {
    const value = Number(`1e${power}`);
    if (found.every((other) => Math.abs(part(other) - part(value)) > 0.15)) found.push(value);
  }
  return found;
}
