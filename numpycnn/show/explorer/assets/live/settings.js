"use strict";
// What can be changed about training, while it runs too: the learning rate, the batch size, the optimizer.

// Tell the process something; what it refuses is said beside the settings, until something is taken.
async function tell(address, asked) {
  try {
    const state = await request(address, asked);
    live.refused = "";
    heard(state);
  } catch (error) {
    live.refused = `Not changed: ${error.message.trim()}.`;
    say(live.refused);
    if (live.state && current.hear) current.hear(); // back to what holds
  }
}

// The network as it is now, as a file that numpycnn.load_model reads.
const keepButton = () => button("Keep the newest network", keep, { id: "keep", title: "Download it, whichever step is looked at, as a file for numpycnn.load_model" });

async function keep() {
  try {
    const href = URL.createObjectURL(await request("network", undefined, (answer) => answer.blob()));
    make("a", { href, download: `${page.facts.model.name}.safetensors` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60000);
    live.trouble = "";
  } catch (error) {
    live.trouble = `${error.message.trim()}.`;
  }
  renderBadge();
}

// {inputs, said, hear(off)}: the inputs, which show what holds, but for the one that is being written in, and what is
// said of them.
function trainingSettings() {
  const set = (name, value) => tell("settings", { [name]: value });
  const number = (name, id, step) => {
    const input = make("input", { type: "number", id, min: step === "any" ? 0 : 1, step, disabled: true });
    input.addEventListener("change", () => set(name, input.value === "" ? null : Number(input.value)));
    return input;
  };
  const rate = number("learning_rate", "learning-rate", "any"),
    size = number("batch_size", "batch-size", 1),
    optimizer = make("select", { id: "optimizer", disabled: true }),
    note = make("p", { id: "schedule", className: "note" }),
    refused = make("p", { id: "refused", className: "warning", hidden: true });
  optimizer.addEventListener("change", () => set("optimizer", optimizer.value));
  const inputs = make("span", { className: "row" }, make("label", {}, "Learning rate ", rate), make("label", {}, "Batch size ", size), make("label", {}, "Optimizer ", optimizer));
  return { inputs, said: [refused, note], hear: (off) => fillSettings({ rate, size, optimizer, note, refused }, off) };
}

function fillSettings({ rate, size, optimizer, note, refused }, off) {
  const { state } = live,
    names = [...new Set([state.optimizer, ...state.optimizers])].filter(Boolean).sort();
  if (optimizer.options.length !== names.length) optimizer.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  const values = [[rate, state.learning_rate ?? ""], [size, state.batch_size], [optimizer, state.optimizer ?? ""]];
  for (const [node, value] of values) {
    if (node !== document.activeElement || live.refused) node.value = value;
    node.disabled = off;
  }
  rate.disabled ||= state.learning_rate === null;
  note.textContent = rateText(state);
  Object.assign(refused, { textContent: live.refused, hidden: !live.refused });
}

function rateText({ schedule, learning_rate: rate }) {
  if (schedule && rate === null)
    return `The schedule ${schedule} computes the learning rate from the number of steps: the curve shows what it gave. To set it yourself, choose an optimizer.`;
  return "A new learning rate holds from the next batch on. A new batch size, or an optimizer, which starts at its default rate, also begins a new epoch.";
}
