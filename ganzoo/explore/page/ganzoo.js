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

// Images start … start + n - 1 of `seed`, in one batch: bytes in the order of `shape`, which is
// [n, height, width, channels]. `range` is that of a model whose images are floats.
export function sample(ort, session, { n = 16, seed = 0, start = 0, range = [-1, 1] } = {}) {
  return draw(ort, session, normal(n, session.inputMetadata[0].shape[1], seed, start), range);
}

// The same for latents of your own, one image's after the other's.
export async function draw(ort, session, z, range = [-1, 1]) {
  const dim = session.inputMetadata[0].shape[1], n = z.length / dim;
  const latent = new ort.Tensor("float32", z, [n, dim]);
  const { type, dims, data } = (await session.run({ latent })).image;
  if (type === "uint8") return { pixels: new Uint8ClampedArray(data), shape: dims };
  const [, channels, height, width] = dims, area = height * width, [low, high] = range;
  const pixels = new Uint8ClampedArray(data.length); // clamps, and rounds half to even as numpy does
  for (let i = 0; i < data.length; i++) {
    const plane = Math.floor(i / area), image = Math.floor(plane / channels);
    const at = (image * area + (i % area)) * channels + (plane % channels);
    pixels[at] = ((data[i] - low) * 255) / (high - low);
  }
  return { pixels, shape: [n, height, width, channels] };
}
