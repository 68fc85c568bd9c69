// What the page shows: a few numbers, which the address holds, and the latents that follow from them.
import { normal } from "./ganzoo.js";

export const IMAGES = 16;
export const START = { seed: "0", image: 0, scale: 1, to: "1", t: 0, z: {}, d: {} };
const LIMITS = { image: [0, IMAGES - 1], scale: [0, 2], t: [0, 1], z: [-100, 100], d: [-100, 100] };

export const isSeed = (text) => /^-?\d{1,30}$/.test(text);

// `seed=7&image=3&z26=-1.5&d1=2`: what differs from the start. Directions count from 1.
export function write(state) {
  const parts = Object.entries(state).flatMap(([name, value]) => {
    if (typeof value === "object") return Object.entries(value).map(([k, v]) => `${name}${k}=${v}`);
    return value === START[name] ? [] : [`${name}=${value}`];
  });
  return parts.join("&");
}

// What `write` wrote. Addresses come from anywhere: what makes no sense in one is left out.
export function read(text, { dim, directions }) {
  const state = { ...START, z: {}, d: {} }, ends = { z: [0, dim - 1], d: [1, directions.length] };
  const within = (number, [low, high]) => number >= low && number <= high;
  for (const [key, word] of new URLSearchParams(text)) {
    const [, name, index] = key.match(/^([a-z]+)(\d*)$/) ?? [], value = Number(word);
    if (["seed", "to"].includes(name) && isSeed(word)) state[name] = word;
    if (!Object.hasOwn(LIMITS, name) || !word || !within(value, LIMITS[name])) continue;
    if (name in ends && index && within(Number(index), ends[name])) state[name][Number(index)] = value;
    if (!(name in ends) && !index) state[name] = name === "image" ? Math.floor(value) : value;
  }
  return state;
}

// z of the image that was chosen: on its way to the other seed, truncated, and then changed.
export function latent(state, { dim, directions }, t = state.t) {
  const z = untouched(state, dim, t);
  for (const [index, value] of Object.entries(state.z)) z[index] = value;
  for (const [number, sigmas] of Object.entries(state.d))
    directions[number - 1].vector.forEach((part, k) => (z[k] += sigmas * part));
  return z;
}

// The same before any change.
export function untouched({ seed, to, image, scale }, dim, t) {
  const from = normal(1, dim, seed, image);
  const way = t ? slerp(from, normal(1, dim, to, image), t) : from;
  return way.map((number) => number * scale);
}

// Of the first images of the seed, one after the other.
export function several(count, { seed, scale }, dim) {
  return normal(count, dim, seed).map((number) => number * scale);
}

// A point of the way on the sphere, as ganzoo/latents.py has it.
function slerp(a, b, t) {
  const dot = (x, y) => x.reduce((sum, number, k) => sum + number * y[k], 0);
  const lengths = Math.sqrt(dot(a, a) * dot(b, b)), cosine = lengths ? dot(a, b) / lengths : 1;
  const angle = Math.acos(cosine), straight = Math.abs(cosine) > 1 - 1e-9;
  const share = (part) => (straight ? part : Math.sin(part * angle) / Math.sin(angle));
  return a.map((number, k) => share(1 - t) * number + share(t) * b[k]);
}
