"use strict";
// What training looked like after some step: frames, fetched one at a time.

// at: the step to look back at, or null for the newest; step: that of the pictures.
const watching = { at: null, step: null, tensors: null, table: {}, layer: null, filter: 0, channel: 0 };

let fetching = false,
  next = null; // the step that is wanted when the one under way has come

async function lookAt(step, then) {
  next = step;
  if (fetching) return;
  fetching = true;
  while (next !== null) {
    const wanted = next;
    next = null;
    try {
      const { tensors: table } = await request(`frame?step=${wanted}`);
      Object.assign(watching, { step: wanted, table, tensors: await readTensors(table) });
      then();
    } catch {
      // it was dropped meanwhile, or the connection is lost: the state that comes next says so
    }
  }
  fetching = false;
}

// The filters of a convolution that read one of its input's channels, as images (KH, KW, filters).
function filtersOf(kernel, channel) {
  const [rows, cols, channels, filters] = kernel.shape;
  const found = zerosLike(kernel, [rows, cols, filters]);
  for (let k = 0; k < found.data.length; k++) {
    const tap = Math.floor(k / filters);
    found.data[k] = kernel.data[(tap * channels + channel) * filters + (k % filters)];
  }
  return found;
}
