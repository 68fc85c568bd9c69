// Pixels on canvases, and canvases as files.

// Image `at` of pixels (n, H, W, C), pixel for pixel.
export function paint(canvas, pixels, at, { height, width, channels }) {
  const image = new ImageData(width, height); // red, green, blue and opacity
  for (let to = 0, from = at * height * width * channels; to < image.data.length; to += 4, from += channels)
    for (let k = 0; k < 4; k++) image.data[to + k] = k < 3 ? pixels[from + (k % channels)] : 255;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d", { willReadFrequently: true }).putImageData(image, 0, 0); // on no GPU
}

export function blank({ height, width }) {
  return Object.assign(document.createElement("canvas"), { height, width });
}

const FONT = "15px sans-serif", LETTERS = 32;

// Canvases in labelled rows and columns, as one for print: cells[row][column]. Column 0 stands alone, below
// the heading `first`; the others are in groups.
export function sheet(cells, { rows, first, groups, columns }, { height, width }) {
  const zoom = Math.max(1, Math.floor(64 / Math.max(height, width))), top = 56, gap = 2;
  const labels = rows.map(short), left = Math.max(84, ...labels.map((words) => Math.ceil(widthOf(words)) + 22));
  const w = width * zoom + gap, h = height * zoom + gap, inGroup = columns.length * w + 18;
  const alone = Math.max(w, Math.ceil(widthOf(first)) + gap), begin = left + alone + 18;
  const x = (k) => begin + Math.floor(k / columns.length) * inGroup + (k % columns.length) * w;
  const made = blank({ width: x(cells[0].length - 1) - 18 + 12, height: top + cells.length * h + 12 });
  const pen = made.getContext("2d");
  const text = (words, at, y, align) => Object.assign(pen, { textAlign: align }).fillText(words, at, y);
  pen.fillStyle = "white";
  pen.fillRect(0, 0, made.width, made.height);
  Object.assign(pen, { fillStyle: "#464646", font: FONT, textBaseline: "middle" });
  pen.imageSmoothingEnabled = false;
  text(first, left + alone / 2, 42, "center");
  groups.forEach((words, k) => text(words, x(k * columns.length) + (columns.length * w) / 2, 20, "center"));
  cells.forEach((row, i) => {
    text(labels[i], left - 10, top + i * h + h / 2, "right");
    row.forEach((cell, k) => {
      const at = k ? x(k - 1) : left + (alone - w) / 2;
      if (!i && k) text(columns[(k - 1) % columns.length], at + w / 2, 42, "center");
      pen.drawImage(cell, at, top + i * h, w - gap, h - gap);
    });
  });
  return made;
}

const short = (words) => (words.length > LETTERS ? `${[...words].slice(0, LETTERS).join("")}…` : words);

function widthOf(words) {
  return Object.assign(blank({ height: 1, width: 1 }).getContext("2d"), { font: FONT }).measureText(words).width;
}

export function savePng(canvas, name) {
  canvas.toBlob((blob) => save(blob, name), "image/png");
}

export function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
