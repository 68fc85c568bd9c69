// Where images come from: a source turns latents z (n × dim), labels (n) and a truncation into
// pixels, bytes (n, H, W, C). A model without classes has no labels, and not every one takes a truncation.
import { draw } from "./ganzoo.js";

// Of `ganzoo explore`: onnxruntime or torch on the server.
export async function onTheServer() {
  return async ({ z, labels, truncation }) => {
    const query = new URLSearchParams({ ...(labels && { labels }), ...(truncation !== undefined && { truncation }) });
    const headers = { "Content-Type": "application/octet-stream" };
    const answer = await fetch(query.size ? `draw?${query}` : "draw", { method: "POST", headers, body: z }).catch(() => {
      throw new Error("the server does not answer: start `ganzoo explore` again");
    });
    if (!answer.ok) throw new Error(await answer.text());
    return new Uint8ClampedArray(await answer.arrayBuffer());
  };
}

// Of an exported page: onnxruntime-web, in one thread.
export async function inThePage({ range }) {
  const loading = [import("./ort.js"), unzipped("ort.wasm"), bytes("model.onnx")];
  const [ort, wasm, model] = await Promise.all(loading);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = wasm;
  const session = await ort.InferenceSession.create(new Uint8Array(model));
  return async ({ z, ...more }) => (await draw(ort, session, z, range, more)).pixels;
}

// A file beside the page or, where the page is a single file, in it.
async function bytes(name) {
  const inside = document.getElementById(name);
  const answer = await fetch(inside ? `data:;base64,${inside.textContent}` : name);
  if (!answer.ok) throw new Error(`${name} cannot be fetched: the server says ${answer.status}`);
  return answer.arrayBuffer();
}

// Some servers unzip on their own.
async function unzipped(name) {
  const content = await bytes(name);
  if (new Uint8Array(content)[0] !== 0x1f) return content;
  const stream = new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
