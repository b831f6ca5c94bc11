"use strict";
// The scale of an array's colours while it is trained: it only grows, so that what is seen at two steps can be compared.

let scales = {}; // by the array's name the value of the darkest shade

function heldBound(name, x) {
  scales[name] = Math.max(scales[name] || 0, largest(x));
  return scales[name];
}

const scaleText = (name) => `darkest ±${shown(scales[name])}, the largest so far: one scale for all steps`;

const forgetScales = () => (scales = {});
