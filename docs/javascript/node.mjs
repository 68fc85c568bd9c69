// node node.mjs model.onnx -n 16 --seed 7 --range=-1,1 -o images.pnm
// node node.mjs model.onnx --class 7, or --classes 10 for images each of its own class
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-web";
import { sample } from "./ganzoo.js";

const { positionals: [model], values } = parseArgs({
  allowPositionals: true,
  options: {
    n: { type: "string", short: "n", default: "16" },
    seed: { type: "string", default: "0" },
    range: { type: "string", default: "-1,1" },
    class: { type: "string" },
    classes: { type: "string" },
    output: { type: "string", short: "o", default: "images.pnm" },
  },
});
const session = await ort.InferenceSession.create(model);
const { pixels, shape } = await sample(ort, session, {
  n: Number(values.n),
  seed: values.seed,
  range: values.range.split(",").map(Number),
  label: values.class,
  classes: values.classes?.includes(",") ? values.classes.split(",") : values.classes,
});
// A PGM or PPM file: a line of text, and the pixels as they are, one image below the other.
const [n, height, width, channels] = shape;
await writeFile(values.output, [`P${channels === 1 ? 5 : 6} ${width} ${n * height} 255\n`, pixels]);
console.log(values.output);
