// Latents as NumPy's files (.npy), written and read.
const MAGIC = [0x93, ...new TextEncoder().encode("NUMPY")];
const KINDS = { "<f4": Float32Array, "<f8": Float64Array };

// z (dim) as float32 (1, dim): what `ganzoo sample --z` reads.
export function toNpy(z) {
  const about = `{'descr': '<f4', 'fortran_order': False, 'shape': (1, ${z.length}), }`;
  const header = `${about.padEnd(Math.ceil((about.length + 11) / 64) * 64 - 11)}\n`;
  const start = new Uint8Array([...MAGIC, 1, 0, header.length & 255, header.length >> 8]);
  return new Blob([start, header, z]);
}

// The latents (n × dim) in a file of (n, dim) or (dim), float32 or float64. An Error says what does not fit.
export function fromNpy(buffer, dim) {
  const bytes = new Uint8Array(buffer), long = bytes[6] > 1, start = long ? 12 : 10;
  if (bytes.length < start || MAGIC.some((byte, k) => bytes[k] !== byte)) throw new Error("this is no .npy file: np.save writes one");
  const end = start + new DataView(buffer)[long ? "getUint32" : "getUint16"](8, true);
  if (bytes.length < end) throw new Error("it ends too early");
  const about = new TextDecoder().decode(bytes.subarray(start, end));
  const [, kind] = about.match(/'descr': '(.*?)'/) ?? [], Kind = KINDS[kind];
  if (!Kind) throw new Error("its numbers must be float32 or float64: np.save(name, z.astype(np.float32)) writes them");
  const [, sides] = about.match(/'shape': \(([\d, ]*)\)/) ?? [], shape = (sides?.match(/\d+/g) ?? []).map(Number);
  const [rows, wide] = shape.length === 1 ? [1, ...shape] : shape;
  if (!(rows > 0) || wide !== dim || shape.length > 2) throw new Error(`it has the shape (${shape.join(", ")}), and this model takes (n, ${dim})`);
  const length = rows * dim * Kind.BYTES_PER_ELEMENT, content = buffer.slice(end, end + length);
  if (content.byteLength < length) throw new Error("it ends too early");
  const found = Float32Array.from(new Kind(content));
  if (!found.every(Number.isFinite)) throw new Error("its numbers must be finite, as float32");
  if (!about.includes("'fortran_order': True")) return found;
  return found.map((_, k) => found[(k % dim) * rows + Math.floor(k / dim)]); // column by column
}
