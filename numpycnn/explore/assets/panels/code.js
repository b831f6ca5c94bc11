"use strict";
// The library's own lines for what is highlighted, and a snippet that prints the pinned number.

let shownCode = "";

function showCode(names, snippet) {
  const known = names.filter((name) => page.facts.sources[name]), key = JSON.stringify([known, snippet]);
  if (key === shownCode) return;
  shownCode = key;
  const old = document.querySelectorAll("#code details"), open = old.length ? Array.from(old, (one) => one.open) : [true];
  document.getElementById("code").replaceChildren(make("h2", {}, "The code"),
    ...(snippet ? [snippetNode(snippet)] : []),
    ...known.map((name, k) => sourceNode(page.facts.sources[name], open[k] ?? false)));
}

function snippetNode(lines) {
  const text = lines.join("\n"), note = page.traced || text.startsWith("import") ? "" : " Traced numbers only: this one was computed in the page.";
  return make("div", {}, make("div", { className: "row" }, make("h3", {}, "This number again, in Python"),
    button("Copy", () => copy(text), { id: "copy" })), note ? make("p", { className: "note" }, note) : "",
    make("pre", { id: "snippet", tabIndex: 0, "aria-label": "Snippet of Python" }, text));
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied");
  } catch {
    getSelection().selectAllChildren(document.getElementById("snippet"));
    say("Selected; copy it with your keys");
  }
}

function sourceNode({ title, first, text, marked }, open) {
  const lines = text.replace(/\n$/, "").split("\n").map((line, k) => {
    const numbered = `${String(first + k).padStart(4)}  ${line}`;
    return k === marked ? make("mark", {}, numbered) : `${numbered}\n`;
  });
  return make("details", { open }, make("summary", {}, `numpycnn.${title}, line ${first + marked} marked`),
    make("pre", { tabIndex: 0, "aria-label": `Source of ${title}` }, ...lines));
}
