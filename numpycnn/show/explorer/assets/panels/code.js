"use strict";
// The library's own lines for what is highlighted, and a snippet that prints the pinned number.

let shownCode = "",
  shownSnippet = ""; // what stands there, so that nothing is made again while one points around

function showCode(names, snippet) {
  const known = names.filter((name) => page.facts.sources[name]),
    text = (snippet || []).join("\n");
  if (text !== shownSnippet) document.getElementById("python").replaceChildren(...(text ? snippetNode(text) : []));
  if (known.join() !== shownCode) {
    const open = Array.from(document.querySelectorAll("#sources details"), (one) => one.open);
    document
      .getElementById("sources")
      .replaceChildren(...known.map((name, k) => sourceNode(page.facts.sources[name], open[k] ?? k === 0)));
  }
  [shownSnippet, shownCode] = [text, known.join()];
}

function hideCode() {
  for (const id of ["python", "sources"]) document.getElementById(id).replaceChildren();
  [shownSnippet, shownCode] = ["", ""];
}

function snippetNode(text) {
  const note =
    page.traced || text.startsWith("import")
      ? ""
      : "This prints the traced number; the one above was computed in the page.";
  return [
    make(
      "div",
      { className: "row" },
      make("h3", {}, "This number again, in Python"),
      button("Copy", () => copy(text), { id: "copy" }),
    ),
    note ? make("p", { className: "note" }, note) : "",
    make("pre", { id: "snippet", tabIndex: 0, "aria-label": "Snippet of Python" }, text),
  ];
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
  const lines = text
    .replace(/\n$/, "")
    .split("\n")
    .map((line, k) => {
      const numbered = `${String(first + k).padStart(4)}  ${line}`;
      return k === marked ? make("mark", {}, numbered) : `${numbered}\n`;
    });
  return make(
    "details",
    { open },
    make("summary", {}, `numpycnn.${title}, line ${first + marked} marked`),
    make("pre", { tabIndex: 0, "aria-label": `Source of ${title}` }, ...lines),
  );
}
