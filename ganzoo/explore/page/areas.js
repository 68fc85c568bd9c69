// The four areas that are drawn: where their images are on the page, and the latents of each.
import { blank, paint } from "./canvas.js";
import { IMAGES, latent, several } from "./state.js";

export const VALUES = [-3, 0, 3];
const [STRIP, SWEPT, SWEEP_ROWS] = [9, 5, 8];
const $ = (id) => document.getElementById(id);

export const minus = (number) => String(number).replace("-", "\u2212");

// The image that was chosen.
export function pictureArea(facts, state) {
  return area([$("canvas")], facts, () => latent(state(), facts));
}

// The first images of the seed, one of which is chosen.
export function gridArea(facts, state, choose) {
  const choices = Array.from({ length: IMAGES }, (_, i) => {
    const choice = document.createElement("input"), tile = document.createElement("label");
    Object.assign(choice, { type: "radio", name: "image", value: i, ariaLabel: `Image ${i}` });
    choice.addEventListener("change", () => choose(i));
    tile.append(choice, blank(facts));
    $("grid").append(tile);
    return choice;
  });
  const canvases = choices.map((choice) => choice.nextSibling);
  return { ...area(canvases, facts, () => several(IMAGES, state(), facts.dim)), choices };
}

// The way from the seed to the other.
export function stripArea(facts, state) {
  const canvases = Array.from({ length: STRIP }, () => blank(facts));
  $("strip").append(...canvases);
  const steps = () => canvases.map((_, k) => latent(state(), facts, k / (STRIP - 1)));
  return area(canvases, facts, () => joined(steps(), facts.dim));
}

// A table: a row for each of the first images, a group of columns for each of a few coordinates.
export function sweepArea(facts, state) {
  const { dim, ranking } = facts, swept = ranking.slice(0, SWEPT).map(({ index }) => index);
  const made = document.createElement("table"), head = made.createTHead(), body = made.createTBody();
  const heading = (row, textContent, scope, colSpan = 1) =>
    row.append(Object.assign(document.createElement("th"), { textContent, scope, colSpan }));
  const [groups, values] = [head.insertRow(), head.insertRow()];
  groups.insertCell();
  values.insertCell().textContent = "image";
  for (const index of swept) {
    heading(groups, `z[${index}]`, "colgroup", VALUES.length);
    for (const value of VALUES) heading(values, minus(value), "col");
  }
  const cells = Array.from({ length: SWEEP_ROWS }, (_, i) => {
    const row = body.insertRow();
    heading(row, i, "row");
    return swept.flatMap(() => VALUES.map(() => {
      const canvas = blank(facts);
      row.insertCell().append(canvas);
      return canvas;
    }));
  });
  $("sheet").append(made);
  const latents = () => {
    const rows = several(SWEEP_ROWS, state(), dim);
    return joined(cells.flatMap((row, i) => row.map((_, k) => {
      const z = rows.slice(i * dim, (i + 1) * dim);
      z[swept[Math.floor(k / VALUES.length)]] = VALUES[k % VALUES.length];
      return z;
    })), dim);
  };
  return { ...area(cells.flat(), facts, latents), cells, swept };
}

function area(canvases, facts, latents) {
  const size = facts.height * facts.width * facts.channels;
  const show = (pixels, first) => {
    for (let k = 0; k * size < pixels.length; k++) paint(canvases[first + k], pixels, k, facts);
  };
  return { latents, show };
}

function joined(latents, dim) {
  const all = new Float32Array(latents.length * dim);
  latents.forEach((z, k) => all.set(z, k * dim));
  return all;
}
