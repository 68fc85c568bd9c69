// What ganzoo draws, in JavaScript: the same latents, bit for bit, and the same pixels within 1.

function mix(state) { // SplitMix64
  let z = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

// gz-normal-v1, the latents of images start … start + count - 1 of `seed`: count × dim numbers.
export function normal(count, dim, seed = 0, start = 0) {
  const z = new Float32Array(count * dim);
  let state = mix(BigInt(seed)) + BigInt(start) * BigInt(Math.ceil(dim / 2));
  for (let row = 0; row < z.length; row += dim) {
    for (let k = 0; k < dim; k += 2) {
      const word = mix(state++);
      const u1 = (Number(word >> 32n) + 0.5) / 2 ** 32;
      const u2 = (Number(word & 0xffffffffn) + 0.5) / 2 ** 32;
      const radius = Math.sqrt(-2 * Math.log(u1)), angle = 2 * Math.PI * u2;
      z[row + k] = radius * Math.cos(angle);
      if (k + 1 < dim) z[row + k + 1] = radius * Math.sin(angle);
    }
  }
  return z;
}

// gz-label-v1, the classes of the same images: numbers from 0 to classes - 1, as int64.
export function labels(count, classes, seed = 0, start = 0) {
  const first = mix(mix(BigInt(seed)) ^ 0x6c6162656cn) + BigInt(start), most = BigInt(classes);
  return BigInt64Array.from({ length: count }, (_, i) => ((mix(first + BigInt(i)) >> 32n) * most) >> 32n);
}

// Images start … start + n - 1 of `seed`: bytes in the order of `shape`, which is
// [n, height, width, channels]. `range` is that of a model whose images are floats. A model with
// classes draws the class `label`, a number or a name; without one each image is of its own class.
// `classes` are their names, or how many there are. `truncation` is for models that take one.
export function sample(ort, session, { n = 16, seed = 0, start = 0, range = [-1, 1], ...more } = {}) {
  const z = normal(n, session.inputMetadata[0].shape[1], seed, start);
  return draw(ort, session, z, range, { seed, start, ...more });
}

// The same for latents of your own, one image's after the other's; `labels` are their classes.
export async function draw(ort, session, z, range = [-1, 1], { truncation, ...more } = {}) {
  const dim = session.inputMetadata[0].shape[1], n = z.length / dim;
  const given = { label: more.label ?? more.labels, truncation }, takes = (name) => session.inputNames.includes(name);
  for (const name of Object.keys(given))
    if (given[name] != null && !takes(name)) throw new Error(`this model takes no ${name}`);
  if (truncation != null && !(truncation >= 0 && truncation <= 2)) throw new Error(`truncation is from 0 to 2, not ${truncation}`);
  const classes = takes("label") && chosen(n, more), one = takes("truncation") && new ort.Tensor("float32", [truncation ?? 1], []);
  const fixed = session.inputMetadata[0].shape[0], size = fixed > 0 ? fixed : n; // images of each call
  const all = Float32Array.from(z), made = [];
  for (let first = 0; first < n; first += size) {
    const inputs = { latent: new ort.Tensor("float32", part(all, first, size, dim), [size, dim]) };
    if (classes) inputs.label = new ort.Tensor("int64", part(classes, first, size, 1), [size]);
    if (one) inputs.truncation = one;
    const { image } = await session.run(inputs);
    made.push(image.type === "uint8" ? image : interleaved(image, range));
  }
  const shape = [n, ...made[0].dims.slice(1)];
  return { pixels: joined(made, shape), shape };
}

// Rows first … first + size - 1 of `all`, each `wide` numbers; behind the last there are zeros.
function part(all, first, size, wide) {
  if (size * wide === all.length) return all;
  const rows = new all.constructor(size * wide);
  rows.set(all.subarray(first * wide, (first + size) * wide));
  return rows;
}

// The pixels (n, height, width, channels) of floats (n, channels, height, width) in `range`.
function interleaved({ data, dims: [n, channels, height, width] }, [low, high]) {
  const area = height * width, pixels = new Uint8ClampedArray(data.length); // clamps, and rounds half to even as numpy does
  for (let i = 0; i < data.length; i++) {
    const plane = Math.floor(i / area), image = Math.floor(plane / channels);
    const at = (image * area + (i % area)) * channels + (plane % channels);
    pixels[at] = ((data[i] - low) * 255) / (high - low);
  }
  return { data: pixels, dims: [n, height, width, channels] };
}

// The pixels of several calls one after the other, as many as `shape` says.
function joined(calls, shape) {
  const pixels = new Uint8ClampedArray(shape.reduce((a, b) => a * b));
  let at = 0;
  for (const { data } of calls) {
    const kept = data.subarray(0, pixels.length - at);
    pixels.set(kept, at);
    at += kept.length;
  }
  return pixels;
}

// The classes of n images, int64: `labels`, or all `label`, or each its own.
function chosen(n, { labels: given, label, classes, seed, start }) {
  const names = Array.isArray(classes) ? classes : [], most = Number(names.length || classes);
  if (given == null && label == null && !(most > 0))
    throw new Error("this model has classes: give a label, or say which classes there are");
  const all = given ?? (label == null ? labels(n, most, seed, start) : Array(n).fill(numberOf(label, names)));
  if (all.length !== n) throw new Error(`${all.length} labels for ${n} images`);
  const wrong = Array.from(all).find((one) => !(one >= 0 && !(one >= most)));
  if (wrong !== undefined) throw new Error(`there is no class ${wrong}${most > 0 ? `: they are 0 to ${most - 1}` : ""}`);
  return BigInt64Array.from(all, BigInt);
}

// A name may be written in any case; a text that is a name and a number is the name.
function numberOf(label, names) {
  const word = String(label), same = (name) => name.toLowerCase() === word.toLowerCase();
  const exact = names.includes(word);
  if (!exact && names.filter(same).length > 1) throw new Error(`several classes are called ${word}: they differ by case`);
  const found = exact ? names.indexOf(word) : names.findIndex(same);
  if (found < 0 && !/^\d+$/.test(word)) throw new Error(`there is no class ${word}`);
  return found < 0 ? Number(word) : found;
}
