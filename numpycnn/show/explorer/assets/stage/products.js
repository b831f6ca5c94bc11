"use strict";
// A sum of products, on the stage: a source, two small grids multiplied cell by cell, and the target that fills up.
// A convolution is one, and so are the gradient of its kernel and that of its input.

// spec: {source, also, rows, cols, slices, sliceName, a, b, aTitle, bTitle, bounds, target, marks, name, finish};
// a(n, slice, t) and b(n, slice, t) are the factors of target n's term t, undefined where there is none; at(n, t) is the
// source's cell that it has from there. also: a picture to be shown before all, or nothing.
function products(view, spec) {
  const size = spec.rows * spec.cols,
    count = spec.target.rows * spec.target.cols;
  const now = () => termNow(view, spec.slices, size);
  const factors = (t, { n, slice } = now()) => [spec.a(n, slice, t), spec.b(n, slice, t)];
  const times = (t, at) => {
    const [a, b] = factors(t, at);
    return a === undefined || b === undefined ? undefined : a * b;
  };
  const part = (id, sign, title, value, bound) => ({
    id,
    sign,
    title,
    rows: spec.rows,
    cols: spec.cols,
    bound,
    value: (r, c) => value(r * spec.cols + c),
    marks: () => (now().t === null ? [] : [{ row: Math.floor(now().t / spec.cols), col: now().t % spec.cols }]),
    pick: (r, c) => pickTerm(view, spec.slices, size, r * spec.cols + c),
    part: (r, c) => termPart(r * spec.cols + c),
    blank: (r, c) => (times(r * spec.cols + c) === undefined ? "nothing here" : "nothing yet"),
  });
  const reached = (t) => now().t === null || t <= now().t;
  const all = (n, last) => partialSums(spec.slices, size, (slice, t) => times(t, { n, slice }), last);
  const termPart = (t) => partText(factors(t), reached(t) ? all(now().n, now()).total : null);
  const grids = [
    ...(spec.also ? [{ ...spec.also, marks: () => spec.also.marks(now()) }] : []),
    {
      id: "stageSource",
      end: true,
      ...spec.source,
      title: () => spec.source.title(now().slice),
      value: (r, c) => spec.source.value(r, c, now().slice),
      marks: () => spec.marks(now()),
      part: (r, c) => termPart(termAt(spec, now().n, size, r, c)),
    },
    part("stageA", "", () => spec.aTitle(now().slice, now().n), (t) => factors(t)[0], spec.bounds[0]),
    part("stageB", "×", () => spec.bTitle(now().slice), (t) => factors(t)[1], spec.bounds[1]),
    part("stageProducts", "=", () => "products", (t) => (reached(t) ? times(t) : undefined)),
    targetGrid(view, spec, now, size),
  ];
  return {
    count: count * perTarget(view, spec.slices, size),
    perTarget: spec.slices * size,
    termwise: view.termwise,
    grids,
    heading: () => {
      const { n, finished } = now();
      return finished ? `${spec.name(n)} = ${spec.value(n)}` : `${spec.name(n)}: so far ${brief(all(n, now()).total)}`;
    },
    lines: () => sumLines(spec, now(), (t) => factors(t), all(now().n, now())),
  };
}

// The term of target n that has its factor from the source's cell (r, c); -1 where none has.
function termAt({ at }, n, size, r, c) {
  return Array.from({ length: size }, (_, t) => at(n, t)).findIndex((cell) => cell && cell.row === r && cell.col === c);
}

// What a term with these factors adds to a sum; to null, that it comes later.
function partText([a, b], total) {
  if (a === undefined || b === undefined) return "It has no part in this sum.";
  const product = `${termText([a, b])} = ${brief(a * b)}`;
  return total === null ? `Its part in the sum comes later: ${product}.` : `Its part in the sum: ${product} of ${brief(total)}.`;
}

// Positions for each target: one, or term by term one for each term.
const perTarget = (view, slices, size) => (view.termwise ? slices * size : 1);

// {n, slice, t, finished}: the target, the slice, and the newest term or null for all at once.
function termNow(view, slices, size) {
  const each = perTarget(view, slices, size),
    n = Math.floor(view.k / each);
  if (!view.termwise) return { n, slice: Math.min(view.slice, slices - 1), t: null, finished: true };
  const term = view.k % each;
  return { n, slice: Math.floor(term / size), t: term % size, finished: term === each - 1 };
}

function pickTerm(view, slices, size, t) {
  const { n, slice } = termNow(view, slices, size);
  view.termwise = true;
  goTo(n * slices * size + slice * size + t, true);
}

// The target fills up in row order.
function targetGrid(view, spec, now, size) {
  const { target } = spec;
  return {
    id: "stageTarget",
    end: true,
    sign: "→",
    ...target,
    value: (r, c) => {
      const { n, finished } = now(),
        own = r * target.cols + c;
      return own < n || (own === n && finished) ? target.value(own) : undefined;
    },
    marks: () => [{ row: Math.floor(now().n / target.cols), col: now().n % target.cols }],
    pick: (r, c) => goTo((r * target.cols + c + 1) * perTarget(view, spec.slices, size) - 1, true),
    part: (r, c) => (r * target.cols + c === now().n ? "Its sum is written out above." : clickHint()),
  };
}

// The sum of each slice as far as the newest term, and of all.
function partialSums(slices, size, times, { slice: last, t }) {
  const sums = [];
  for (let slice = 0; slice < slices; slice++) {
    if (t !== null && slice > last) break;
    sums[slice] = 0;
    for (let k = 0; k < size; k++) if (t === null || slice < last || k <= t) sums[slice] += times(slice, k) ?? 0;
  }
  return { sums, total: sums.reduce((a, b) => a + b, 0) };
}

const mostLetters = () => (phone() && !scene.subject.small ? 60 : 250); // of a sum written out; of a longer one the largest terms

function sumLines(spec, { n, slice, t, finished }, factors, { sums, total }) {
  const size = spec.rows * spec.cols,
    terms = Array.from({ length: t === null ? size : t + 1 }, (_, k) => factors(k)).filter(([a, b]) => a !== undefined && b !== undefined);
  const some = terms.filter(([a, b]) => a * b !== 0),
    zeros = terms.length - some.length;
  const where = spec.slices > 1 ? `${spec.sliceName} ${slice}: ` : "";
  const lines = [`${where}${sumText(some, sums[slice])}${zeros && some.length && !phone() ? ` (and ${count(zeros, "product is", "products are")} 0)` : ""}`];
  if (spec.slices > 1)
    lines.push(
      `All ${finished ? spec.slices : sums.length} ${spec.sliceName}s: ${spec.slices <= (phone() ? 3 : 8) ? `${sums.map(factor).join(" + ")} = ` : ""}${brief(total)}`,
    );
  if (finished) lines.push(spec.finish(n, total));
  return lines;
}

const termText = ([a, b]) => `${factor(a)} × ${factor(b)}`;

// Factors that are not 0, written out with their sum.
function sumText(terms, sum) {
  const shownOnes = writtenTerms(terms),
    parts = shownOnes.map(termText),
    rest = terms.length - shownOnes.length;
  if (rest) parts.push(`${rest} smaller, ${factor(sum - shownOnes.reduce((all, [a, b]) => all + a * b, 0))}`);
  return parts.length ? `${parts.join(" + ")} = ${brief(sum)}` : "0, as all products are 0";
}

// All terms, or of a sum that would be too long the largest.
function writtenTerms(terms) {
  const room = mostLetters();
  if (terms.map(termText).join(" + ").length <= room) return terms;
  const sorted = [...terms].sort((p, q) => Math.abs(q[0] * q[1]) - Math.abs(p[0] * p[1]));
  let length = 0;
  return sorted.filter((term) => (length += termText(term).length + 3) <= room);
}

// A number as briefly as it can be read: whole ones whole.
const brief = (value) =>
  value === 0 ? "0" : Number.isInteger(value) ? whole(value).replace("-", "−") : shown(Number(value.toPrecision(3)));
const factor = (value) => (value < 0 ? `(${brief(value)})` : brief(value));
