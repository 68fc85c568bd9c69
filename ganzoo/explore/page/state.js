// What the page shows: a few numbers, which the address holds, and what follows from them: latents and classes.
// The images are those of a seed or, where that is null, of latents of one's own: facts.own, { name, z, count }.
import { labels, normal } from "./ganzoo.js";

export const IMAGES = 16;
export const START = { seed: "0", image: 0, label: null, scale: 1, to: "1", t: 0, z: {}, d: {} };
const LIMITS = { scale: [0, 2], t: [0, 1], z: [-100, 100], d: [-100, 100] };

export const isSeed = (text) => /^-?\d{1,30}$/.test(text);

const startOf = ({ own }) => (own ? { ...START, seed: null } : START);

// The first of the images that are shown, and how many there are from there on.
export const first = ({ image }) => image - (image % IMAGES);
export const shown = (state, facts) => Math.min(IMAGES, countOf(state, facts) - first(state));
const countOf = ({ seed }, { own }) => (seed === null ? own.count : IMAGES);

// `seed=7&image=3&label=5&z26=-1.5&d1=2`: what differs from the start. Directions count from 1.
export function write(state, facts) {
  const begin = startOf(facts);
  const parts = Object.entries(state).flatMap(([name, value]) => {
    if (value && typeof value === "object") return Object.entries(value).map(([k, v]) => `${name}${k}=${v}`);
    return value === begin[name] ? [] : [`${name}=${value}`];
  });
  return parts.join("&");
}

// What `write` wrote. Addresses come from anywhere: what makes no sense in one is left out.
export function read(text, facts) {
  const { dim, directions, classes, own } = facts;
  const state = { ...startOf(facts), z: {}, d: {} }, ends = { z: [0, dim - 1], d: [1, directions.length] };
  const images = [0, Math.max(IMAGES, own?.count ?? 0) - 1];
  const limits = { ...LIMITS, image: images, label: [0, classes.length - 1] };
  const within = (number, [low, high]) => number >= low && number <= high;
  for (const [key, word] of new URLSearchParams(text)) {
    const [, name, index] = key.match(/^([a-z]+)(\d*)$/) ?? [], value = Number(word);
    if (["seed", "to"].includes(name) && isSeed(word)) state[name] = word;
    if (!Object.hasOwn(limits, name) || !word || !within(value, limits[name])) continue;
    if (name in ends && index && within(Number(index), ends[name])) state[name][Number(index)] = value;
    if (!(name in ends) && !index) state[name] = ["image", "label"].includes(name) ? Math.floor(value) : value;
  }
  if (state.image >= countOf(state, facts)) state.image = START.image;
  return state;
}

// z of the image that was chosen: on its way to the other seed, truncated, and then changed.
export function latent(state, facts, t = state.t) {
  const z = untouched(state, facts, t);
  for (const [index, value] of Object.entries(state.z)) z[index] = value;
  for (const [number, sigmas] of Object.entries(state.d))
    facts.directions[number - 1].vector.forEach((part, k) => (z[k] += sigmas * part));
  return z;
}

// The same before any change.
export function untouched(state, facts, t = state.t) {
  const { to, image } = state, from = latents(1, image, state, facts);
  const way = t ? slerp(from, normal(1, facts.dim, to, image), t) : from;
  return scaled(way, state, facts);
}

// Of the first `count` images that are shown, one after the other.
export function several(count, state, facts) {
  return scaled(latents(count, first(state), state, facts), state, facts);
}

function latents(count, start, { seed }, { dim, own }) {
  return seed === null ? own.z.slice(start * dim, (start + count) * dim) : normal(count, dim, seed, start);
}

// Classes of the same images, int64: the chosen one, or each its own. Null without classes. Latents of
// one's own have those of seed 0, as in `ganzoo sample --z`.
export function classesOf(count, state, { classes }, start = first(state)) {
  const { seed, label } = state;
  if (!classes.length) return null;
  return label === null ? labels(count, classes.length, seed ?? 0, start) : new BigInt64Array(count).fill(BigInt(label));
}

// That of the image that was chosen.
export function classOf(state, facts) {
  return classesOf(1, state, facts, state.image);
}

// A model that takes a truncation itself is given it with z; for others z is multiplied by it.
function scaled(z, { scale }, { truncation }) {
  return truncation ? z : z.map((number) => number * scale);
}

// A point of the way on the sphere, as ganzoo/latents.py has it.
function slerp(a, b, t) {
  const dot = (x, y) => x.reduce((sum, number, k) => sum + number * y[k], 0);
  const lengths = Math.sqrt(dot(a, a) * dot(b, b)), cosine = lengths ? dot(a, b) / lengths : 1;
  const angle = Math.acos(cosine), straight = Math.abs(cosine) > 1 - 1e-9;
  const share = (part) => (straight ? part : Math.sin(part * angle) / Math.sin(angle));
  return a.map((number, k) => share(1 - t) * number + share(t) * b[k]);
}
