// Classes: buttons to choose one, and names beside images. Whoever made the model chose the names: they
// may be long, have markup in them, or run from right to left.
import { IMAGES, classesOf, first } from "./state.js";

const $ = (id) => document.getElementById(id);

// Returns what shows a state's classes: on the buttons, at the choices of an image, in the headings of
// the sweep, and at the picture. It does nothing where a model has none.
export function showClasses(facts, choices, headings, choose) {
  if (!facts.classes.length) return () => {};
  tellHow(facts);
  const mark = buttons(facts, choose);
  const places = [choices.map((choice) => choice.parentNode), headings].map((parents) => parents.map(withPlace));
  return (state) => {
    const labels = classesOf(IMAGES, state, facts), names = Array.from(labels, (label) => wordsOf(label, facts));
    mark(state.label);
    for (const shown of places) shown.forEach((place, i) => (place.title = place.textContent = names[i]));
    choices.forEach((choice, i) => (choice.ariaLabel += `, ${names[i]}`));
    const chosen = state.image - first(state);
    $("picture-title").append(" · ", nameOf(labels[chosen], facts));
    $("canvas").ariaLabel += `, ${names[chosen]}`;
  };
}

export const wordsOf = (label, { classes }) => classes[label].trim() || `class ${label}`; // a name may be a blank

// One for each its own (null), and one for each class; returns what marks that of a label.
function buttons(facts, choose) {
  const button = (label, name) => {
    const choice = Object.assign(document.createElement("input"), { type: "radio", name: "label" });
    const tile = document.createElement("label");
    choice.addEventListener("change", () => choose(label));
    tile.append(choice, name);
    $("class").append(tile);
    return choice;
  };
  $("classes").hidden = false;
  const own = button(null, "Each its own"), choices = facts.classes.map((_, label) => button(label, nameOf(label, facts)));
  return (label) => {
    const choice = label === null ? own : choices[label];
    if (choice.checked) return;
    choice.checked = true;
    see(choice.parentNode, $("class"));
  };
}

// How what stands on the page was found.
function tellHow(facts) {
  const { ranking, directions } = facts.found_in;
  const told = (label) => (label === null ? [", each of its own class."] : [" of the class ", nameOf(label, facts), "."]);
  $("ranked").append("They were tried in eight images", ...told(ranking));
  $("led").append("They were found in images", ...told(directions));
}

function nameOf(label, facts) {
  return Object.assign(document.createElement("bdi"), { textContent: wordsOf(label, facts), title: wordsOf(label, facts) });
}

const withPlace = (parent) => parent.appendChild(document.createElement("bdi"));

// Scroll a box, and not the page, to a part of it.
function see(part, box) {
  const above = part.offsetTop - box.scrollTop, below = above + part.offsetHeight - box.clientHeight;
  if (above < 0 || below > 0) box.scrollTop += above < 0 ? above : below;
}
