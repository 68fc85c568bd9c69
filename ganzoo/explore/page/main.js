// The page: what can be changed on it, and what a change does to everything else.
import { AS_IT_IS, VALUES, gridArea, minus, pictureArea, stripArea, sweepArea } from "./areas.js";
import { save, savePng, sheet } from "./canvas.js";
import { showClasses, wordsOf } from "./classes.js";
import { toNpy } from "./npy.js";
import { given, listenForFiles, say, showOwn } from "./own.js";
import { Painter } from "./painter.js";
import { row } from "./rows.js";
import { inThePage, onTheServer } from "./sources.js";
import { IMAGES, START, classOf, classesOf, first, isSeed, latent, read, shown, untouched, write } from "./state.js";

const MOST = 8, SHOWN = 200;
const $ = (id) => document.getElementById(id);
const facts = JSON.parse($("facts").textContent);
const { name, dim, ranking, directions } = facts;
const fresh = { z: {}, d: {} }; // changes belong to one image of one seed
let state = read(location.hash.slice(1), facts);
let start = untouched(state, facts); // where the notches of the coordinates are
let painter, remembering;

const now = () => state;
const grid = gridArea(facts, now, (tile) => change({ image: first(state) + tile, ...fresh }));
const [picture, strip, sweep] = [pictureArea, stripArea, sweepArea].map((area) => area(facts, now));
const followClasses = showClasses(facts, grid.choices, sweep.headings, (label) => change({ label }));

function change(part) {
  const before = state;
  state = { ...state, ...part };
  follow();
  say("");
  clearTimeout(remembering); // browsers refuse an address that changes too often
  remembering = setTimeout(remember, 200);
  const changed = (...keys) => keys.some((key) => state[key] !== before[key]);
  painter?.want(picture);
  if (changed("seed", "scale", "label") || first(state) !== first(before)) painter?.want(grid, sweep);
  if (changed("seed", "scale", "label", "image", "to", "z", "d")) painter?.want(strip);
}

function remember() {
  const hash = write(state, facts);
  if (hash !== location.hash.slice(1)) history.replaceState(null, "", hash ? `#${hash}` : " ");
}

// Everything on the page that is no picture, as the state has it.
function follow() {
  start = untouched(state, facts);
  for (const key of ["seed", "to"]) if (document.activeElement !== $(key)) $(key).value = state[key] ?? "";
  grid.follow();
  sweep.follow();
  grid.choices[state.image - first(state)].checked = true;
  for (const { update } of Object.values(rows).flat()) update();
  const changed = Object.keys({ ...state.z, ...state.d }).length > 0;
  $("undo").disabled = !changed;
  $("same").textContent = state.image;
  $("picture-title").textContent = `Image ${state.image}`;
  $("canvas").ariaLabel = `Image ${state.image} of ${state.seed === null ? facts.own.name : `seed ${state.seed}`}${changed ? ", changed" : ""}`;
  showOwn(state, facts);
  followClasses(state);
}

// Sliders.

const levels = Object.fromEntries(ranking.map(({ index, levels }) => [index, levels])); // not of all
const rows = {
  scale: [number("scale", "Truncation", 2)],
  most: ranking.slice(0, MOST).map(({ index }) => coordinate(index)),
  directions: directions.map(({ share }, index) => direction(index + 1, share)),
  part: [number("t", "Part of the way", 1)],
  all: [],
};

function number(key, title, max) {
  const set = (value) => change({ [key]: Math.min(max, Math.max(0, value)) });
  const undo = () => change({ [key]: START[key] });
  return row({ name: title, min: 0, max, get: () => state[key], base: () => START[key], set, undo });
}

function coordinate(index) {
  const note = levels[index]?.toFixed(levels[index] < 10 ? 1 : 0), base = () => start[index];
  return row({ name: `z[${index}]`, note, min: -3, max: 3, base, ...oneOf("z", index, base) });
}

function direction(number, share) {
  const note = `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`, base = () => 0;
  const title = `direction ${number}`;
  return row({ name: `${number}`, title, note, min: -3, max: 3, base, ...oneOf("d", number, base) });
}

function oneOf(key, index, base) {
  return {
    get: () => state[key][index] ?? base(),
    set: (value) => change({ [key]: { ...state[key], [index]: value } }),
    undo: () => {
      const { [index]: gone, ...others } = state[key];
      change({ [key]: others });
    },
  };
}

// Rows are made when they are looked for: a model may have thousands of coordinates.
function find() {
  const wanted = $("filter").value.trim(), all = Array.from({ length: dim }, (_, index) => index);
  const found = all.filter((index) => String(index).startsWith(wanted));
  rows.all = found.slice(0, SHOWN).map(coordinate);
  $("all").replaceChildren(...rows.all.map(({ element }) => element));
  $("found").textContent = found.length > SHOWN ? `the first ${SHOWN} of ${found.length}` : `${found.length}`;
  for (const { update } of rows.all) update();
}

// Seeds, buttons and keys.

const reseed = (key, seed) => change({ [key]: String(seed), ...(key === "seed" && { image: state.image % IMAGES, ...fresh }) });
const random = () => Math.floor(Math.random() * 1e6);
const ofClass = (labels) => (labels ? `-class${labels[0]}` : ""); // z alone does not say what it draws
const madeOf = () => (state.seed === null ? facts.own.name.replace(/\.npy$/, "") : `seed${state.seed}`);
const file = () => `${name}-${madeOf()}-image${state.image}${ofClass(classOf(state, facts))}`;
const actions = {
  random: () => reseed("seed", random()),
  previous: () => step(-1),
  next: () => step(1),
  "own-back": () => change({ seed: null, image: 0, ...fresh }),
  undo: () => change(fresh),
  "random-to": () => reseed("to", random()),
  save: () => savePng($("canvas"), `${file()}.png`),
  "save-z": () => save(toNpy(latent(state, facts)), `${file()}.npy`),
  "save-sheet": () => {
    const rows = sweep.cells.slice(0, shown(state, facts)), labels = classesOf(IMAGES, state, facts), words = {
      first: AS_IT_IS,
      rows: rows.map((_, i) => `image ${first(state) + i}${labels ? `, ${wordsOf(labels[i], facts)}` : ""}`),
      groups: sweep.swept.map((index) => `z[${index}]`),
      columns: VALUES.map(minus),
    };
    const chosen = state.label === null ? "" : `-class${state.label}`;
    savePng(sheet(rows, words, facts), `${name}-sweep-${madeOf()}${chosen}.png`);
  },
};

// To the next seed, or to the next latents of one's own.
function step(way) {
  if (state.seed !== null) return reseed("seed", BigInt(state.seed) + BigInt(way));
  const image = first(state) + way * IMAGES;
  if (image >= 0 && image < facts.own.count) change({ image, ...fresh });
}

const keys = { r: "random", p: "previous", n: "next", u: "undo" };

function listen() {
  for (const [id, act] of Object.entries(actions)) $(id).addEventListener("click", act);
  for (const key of ["seed", "to"]) {
    $(key).addEventListener("input", () => {
      const given = $(key).value.trim();
      $(key).ariaInvalid = !isSeed(given);
      if (isSeed(given)) reseed(key, given);
    });
    $(key).addEventListener("blur", () => Object.assign($(key), { ariaInvalid: false, value: state[key] ?? "" }));
  }
  $("filter").addEventListener("input", find);
  listenForFiles(facts, (own) => {
    facts.own = own;
    actions["own-back"]();
    painter?.want(grid, strip, sweep); // also where latents were shown before
  });
  addEventListener("hashchange", () => change(read(location.hash.slice(1), facts)));
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[type=text], input[type=number]");
    const action = actions[keys[event.key.toLowerCase()]];
    if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) action?.();
  });
  $("grid").addEventListener("keydown", (event) => { // radio buttons know no rows
    const columns = getComputedStyle($("grid")).gridTemplateColumns.split(" ").length;
    const step = { ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!step) return;
    event.preventDefault();
    const choice = grid.choices[state.image - first(state) + step];
    if (!choice || choice.parentNode.hidden) return;
    choice.focus();
    choice.click();
  });
}

function failed(error) {
  Object.assign($("error"), { hidden: false, textContent: error.message });
  $("timing").textContent = "";
}

function done(area, milliseconds) {
  $("error").hidden = true;
  if (area !== grid) return;
  const count = shown(state, facts);
  $("timing").textContent = `${count} image${count > 1 ? "s" : ""} in ${Math.round(milliseconds)} ms`;
}

async function begin() {
  document.title = `${name} · ganzoo`;
  $("name").textContent = name;
  $("about").textContent = facts.about;
  $("dim").textContent = dim;
  if (facts.truncation) $("scaled").textContent = "How far images may be from the mean image, which is at 0.";
  if (ranking.length < dim) $("tried").textContent = `Only the first ${ranking.length} were tried.`;
  if (facts.latents) {
    facts.own = await given(facts);
    state = read(location.hash.slice(1), facts);
  }
  for (const [place, made] of Object.entries(rows)) $(place).append(...made.map(({ element }) => element));
  find();
  follow();
  listen();
  const draw = await (facts.source === "server" ? onTheServer() : inThePage(facts));
  const busy = (yes) => document.body.toggleAttribute("data-busy", yes);
  const drawn = (inputs) => draw(facts.truncation ? { ...inputs, truncation: state.scale } : inputs);
  painter = new Painter([picture, grid, strip, sweep], { draw: drawn, dim, batch: facts.batch, done, failed, busy });
  painter.want(picture, grid, strip, sweep);
}
begin().catch(failed);
