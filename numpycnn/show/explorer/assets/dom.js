"use strict";
// Small helpers to make elements. Text is always set as text, so no name can become markup.

function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && !key.includes("-")) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const button = (text, onclick, properties = {}) => make("button", { type: "button", onclick, ...properties }, text);

// A choice: options are [value, text]. The node has .value.
function choice(text, options, value, change) {
  const select = make(
    "select",
    { onchange: () => change(select.value) },
    ...options.map(([key, label]) => make("option", { value: key, selected: String(key) === String(value) }, label)),
  );
  return make("label", {}, `${text} `, select);
}

function table(heads, rows) {
  return make(
    "table",
    {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))))),
  );
}

// Spoken by screen readers: what is pointed at by key, or pinned.
function say(text) {
  document.getElementById("spoken").textContent = text;
}
