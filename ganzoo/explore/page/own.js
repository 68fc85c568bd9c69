// Latents of one's own: the file that they are read from, and what the page says of them.
import { fromNpy } from "./npy.js";
import { IMAGES, first, shown } from "./state.js";

const $ = (id) => document.getElementById(id);

// Of `ganzoo explore --z`: { name, z, count }.
export async function given({ latents, dim }) {
  const answer = await fetch("latents.npy");
  if (!answer.ok) throw new Error(`${latents} cannot be fetched: the server says ${answer.status}`);
  return own(latents, await answer.arrayBuffer(), dim);
}

// Of a file that is chosen in the browser, and handed to `take`; where it does not fit, a line says why.
export function listenForFiles({ dim }, take) {
  $("load-z").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", async () => {
    const [file] = $("file").files;
    if (!file) return;
    $("file").value = ""; // the same one can be chosen again
    try {
      take(own(file.name, await file.arrayBuffer(), dim));
    } catch (error) {
      say(`${file.name}: ${error.message}`);
    }
  });
}

// The line below "Load z"; none for "".
export function say(words) {
  Object.assign($("unfit"), { textContent: words, hidden: !words });
}

// Where the images come from, as the state has it.
export function showOwn(state, facts) {
  const active = state.seed === null, from = first(state), { name, count } = facts.own ?? {};
  const part = count > IMAGES ? `${from} to ${from + shown(state, facts) - 1} of ${count} latents` : `${count} latent${count > 1 ? "s" : ""}`;
  $("own").hidden = !facts.own;
  Object.assign($("own-told"), { hidden: !active, textContent: `${name}: ${part}` });
  Object.assign($("own-back"), { hidden: active, textContent: `Back to ${name}` });
  $("seed").placeholder = active ? "none" : "";
  $("not-held").hidden = !active;
  Object.assign($("previous"), { ariaLabel: active ? "Previous latents" : "Previous seed", disabled: active && !from });
  Object.assign($("next"), { ariaLabel: active ? "Next latents" : "Next seed", disabled: active && from + IMAGES >= count });
}

function own(name, content, dim) {
  const z = fromNpy(content, dim);
  return { name, z, count: z.length / dim };
}
