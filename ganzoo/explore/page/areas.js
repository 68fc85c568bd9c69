// The four areas that are drawn: where their images are on the page, and what each is drawn from.
import { blank, paint } from "./canvas.js";
import { IMAGES, classOf, classesOf, first, latent, several, shown } from "./state.js";

export const VALUES = [-3, 0, 3], AS_IT_IS = "as it is";
const [STRIP, SWEPT, SWEEP_ROWS] = [9, 5, 8];
const $ = (id) => document.getElementById(id);

export const minus = (number) => String(number).replace("-", "\u2212");

// The image that was chosen.
export function pictureArea(facts, state) {
  return area([$("canvas")], facts, () => ({ z: latent(state(), facts), labels: classOf(state(), facts) }));
}

// Images of the seed or of one's own latents, one of which is chosen.
export function gridArea(facts, state, choose) {
  const choices = Array.from({ length: IMAGES }, (_, i) => {
    const choice = document.createElement("input"), tile = document.createElement("label");
    Object.assign(choice, { type: "radio", name: "image", value: i });
    choice.addEventListener("change", () => choose(i));
    tile.append(choice, blank(facts));
    $("grid").append(tile);
    return choice;
  });
  const canvases = choices.map((choice) => choice.nextSibling);
  const inputs = () => imagesOf(state(), facts, IMAGES);
  const follow = () => choices.forEach((choice, i) => {
    choice.ariaLabel = `Image ${first(state()) + i}`;
    choice.parentNode.hidden = i >= shown(state(), facts);
  });
  return { ...area(canvases, facts, inputs), choices, follow };
}

// The way from the seed to the other, all of the class of the image that was chosen.
export function stripArea(facts, state) {
  const canvases = Array.from({ length: STRIP }, () => blank(facts));
  $("strip").append(...canvases);
  const steps = () => canvases.map((_, k) => latent(state(), facts, k / (STRIP - 1)));
  const inputs = () => ({ z: joined(steps(), facts.dim), labels: repeated(classOf(state(), facts), STRIP) });
  return area(canvases, facts, inputs);
}

// z and labels of the first images that are shown, `most` at most.
function imagesOf(state, facts, most) {
  const count = Math.min(most, shown(state, facts));
  return { z: several(count, state, facts), labels: classesOf(count, state, facts) };
}

// A table: a row for each of the first images, with the image as it is and a group of columns for each of a
// few coordinates.
export function sweepArea(facts, state) {
  const { dim, ranking } = facts, swept = ranking.slice(0, SWEPT).map(({ index }) => index);
  const made = document.createElement("table"), head = made.createTHead(), body = made.createTBody();
  const heading = (row, textContent, scope, colSpan = 1) =>
    row.append(Object.assign(document.createElement("th"), { textContent, scope, colSpan }));
  const [groups, values] = [head.insertRow(), head.insertRow()];
  Object.assign(groups.insertCell(), { colSpan: 2 });
  values.insertCell().textContent = "image";
  heading(values, AS_IT_IS, "col");
  for (const index of swept) {
    heading(groups, `z[${index}]`, "colgroup", VALUES.length);
    for (const value of VALUES) heading(values, minus(value), "col");
  }
  const cells = Array.from({ length: SWEEP_ROWS }, (_, i) => {
    const row = body.insertRow();
    heading(row, i, "row");
    return Array.from({ length: 1 + swept.length * VALUES.length }, () => {
      const canvas = blank(facts);
      row.insertCell().append(canvas);
      return canvas;
    });
  });
  $("sheet").append(made);
  const inputs = () => {
    const rows = imagesOf(state(), facts, SWEEP_ROWS), count = rows.z.length / dim;
    const z = joined(cells.slice(0, count).flatMap((row, i) => row.map((_, k) => {
      const z = rows.z.slice(i * dim, (i + 1) * dim);
      if (k) z[swept[Math.floor((k - 1) / VALUES.length)]] = VALUES[(k - 1) % VALUES.length];
      return z;
    })), dim);
    return { z, labels: repeated(rows.labels, cells[0].length) };
  };
  const headings = [...body.rows].map(({ cells: [heading] }) => heading);
  const follow = () => headings.forEach((heading, i) => {
    heading.firstChild.data = first(state()) + i;
    heading.parentNode.hidden = i >= shown(state(), facts);
  });
  return { ...area(cells.flat(), facts, inputs), cells, swept, headings, follow };
}

function area(canvases, facts, inputs) {
  const size = facts.height * facts.width * facts.channels;
  const show = (pixels, first) => {
    for (let k = 0; k * size < pixels.length; k++) paint(canvases[first + k], pixels, k, facts);
  };
  return { inputs, show };
}

// Each of labels so many times, one after the other.
function repeated(labels, times) {
  return labels && BigInt64Array.from({ length: labels.length * times }, (_, k) => labels[Math.floor(k / times)]);
}

function joined(latents, dim) {
  const all = new Float32Array(latents.length * dim);
  latents.forEach((z, k) => all.set(z, k * dim));
  return all;
}
