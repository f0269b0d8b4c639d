
// A canvas to draw on, and all that follows from a drawing: MNIST's form, code, draws, decoded images, prices, a cloud on the map. What
// `draw_your_own.py` and `pen.py` compute in Python is computed here from the same numbers, so that a stroke needs no kernel.

const KEPT_STATES = 100; // that can be undone
const CLOSEST = 0.006; // of the canvas: points nearer than that to the last one are left out

// The drawing as MNIST would hold it: side × side pixels from 0 to 1 in steps of 1/255.
function mnistForm(strokes, pen) {
  const lines = strokes.flatMap((stroke) => (stroke.length === 1 ? [[stroke[0], stroke[0]]] : stroke.slice(1).map((point, number) => [stroke[number], point])));
  const points = lines.flat();
  if (points.length === 0) return new Float32Array(pen.side * pen.side);
  const [low, high] = [Math.min, Math.max].map((far) => [0, 1].map((axis) => points.reduce((found, point) => far(found, point[axis]), points[0][axis])));
  const scale = (pen.box - pen.width) / Math.max(high[0] - low[0], high[1] - low[1], pen.smallest);
  const placed = lines.map((line) => line.map((point) => point.map((value, axis) => (value - (low[axis] + high[axis]) / 2) * scale + pen.side / 2)));
  const middle = centreOfMass(inkOf(placed, pen), pen);
  const moved = placed.map((line) => line.map((point) => point.map((value, axis) => value + pen.centre - middle[axis])));
  return Float32Array.from(inkOf(moved, pen), (ink) => Math.floor(255 * ink + 0.5) / 255);
}

// How much of each pixel the pen covers. Each line is asked only of the pixels that it can reach.
function inkOf(lines, { side, width, soft }) {
  const nearest = new Float64Array(side * side).fill(Infinity), reach = width / 2 + soft / 2;
  for (const [[x0, y0], [x1, y1]] of lines) {
    const along = [x1 - x0, y1 - y0], length = Math.max(along[0] * along[0] + along[1] * along[1], 1e-12);
    const [left, right] = within(x0, x1, reach, side), [top, bottom] = within(y0, y1, reach, side);
    for (let row = top; row <= bottom; row += 1) for (let column = left; column <= right; column += 1) {
      const away = [column + 0.5 - x0, row + 0.5 - y0];
      const share = Math.min(1, Math.max(0, (away[0] * along[0] + away[1] * along[1]) / length));
      const across = away[0] - share * along[0], up = away[1] - share * along[1], distance = across * across + up * up;
      if (distance < nearest[row * side + column]) nearest[row * side + column] = distance;
    }
  }
  return nearest.map((distance) => Math.min(1, Math.max(0, 0.5 + (width / 2 - Math.sqrt(distance)) / soft)));
}
const within = (from, to, reach, side) =>
  [Math.max(0, Math.floor(Math.min(from, to) - reach - 0.5)), Math.min(side - 1, Math.ceil(Math.max(from, to) + reach))];

function centreOfMass(ink, { side }) {
  let all = 0, x = 0, y = 0;
  ink.forEach((value, at) => { all += value; x += value * ((at % side) + 0.5); y += value * (Math.floor(at / side) + 0.5); });
  return [x / all, y / all];
}

// What the model makes of a drawing.
function readDrawing(strokes, round, { models: [inward, outward], pen, cloud, shown }, [encoder, decoder]) {
  const image = mnistForm(strokes, pen), code = decoded(inward, encoder, image), size = code.length / 2;
  const mu = code.subarray(0, size), sigma = code.subarray(size).map((value) => Math.exp(value / 2));
  // The price wants logits: a probability that was rounded to 1 has no price.
  const logitsOf = { ...outward, steps: outward.steps.slice(0, -1) }, mean = outward.steps.at(-1);
  const images = [image];
  let cost = 0, kl = 0;
  for (let number = -1; number < shown; number += 1) {
    const noise = number < 0 ? null : cloud[shown * (round - 1) + number];
    const logits = decoded(logitsOf, decoder, mu.map((value, axis) => (noise ? value + sigma[axis] * noise[axis] : value)));
    if (noise) cost += logits.reduce((sum, logit, at) => sum + softplus(logit) - image[at] * logit, 0) / shown;
    images.push(STEPS[mean.kind](logits, mean));
  }
  for (let axis = 0; axis < size; axis += 1) kl += 0.5 * (sigma[axis] ** 2 + mu[axis] ** 2 - 1 - 2 * Math.log(sigma[axis]));
  return { images, mu, sigma, kl, cost };
}

class Drawn extends Here {
  async renew() {
    const scene = this.model.get("programme");
    this.numbers = undefined;
    this.scene = scene;
    if (!scene.models?.length) return;
    const carriers = this.model.get("weights") ?? [];
    const numbers = await Promise.all(scene.models.map(({ key }, number) => numbersBy(this.model, key, carriers[number])));
    if (this.model.get("programme") === scene) this.numbers = numbers;
  }

  paints(name) { return this.ready && (name === "drawing" || name === "draws"); }
  knows(name) { return this.scene.models.length > 0 && (name === "drawing" || name === "draws"); }
  get followers() { return []; }

  // Names above the images, and the map below them.
  furnish(root) {
    const { map, shown } = this.scene, paper = root.querySelector(".vae-paper");
    const spans = [["x", 1], ["from μ", 1], [`from ${shown} draws of z`, shown]];
    const heads = spans.map(([text, span]) => element("div", "", { style: `grid-column: span ${span}` }, text));
    const style = `grid-template-columns: repeat(${shown + 2}, 1fr); width: ${this.model.get("about").width}px`;
    paper.before(element("div", "vae-heads", { style }, ...heads));
    const sides = { width: map.side * map.density, height: map.side * map.density };
    this.cloud = element("canvas", "", { ...sides, "aria-hidden": "true" });
    const backdrop = element("img", "", { src: addressOf(this.model.get("backdrop")), alt: map.told, draggable: "false" });
    paper.after(element("div", "vae-map", { style: `width: ${map.side}px` }, backdrop, this.cloud));
  }

  take(frame) {
    super.take(frame);
    this.paintMap(frame.mu, frame.log_var.map((value) => Math.exp(value / 2)));
  }

  paint(canvas) {
    const { pen: { side }, gap } = this.scene;
    const read = readDrawing(this.values.drawing, this.values.draws, this.scene, this.numbers);
    const width = read.images.length * (side + gap) - gap;
    if (canvas.width !== width) Object.assign(canvas, { width, height: side });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, width, side);
    read.images.forEach((pixels, number) => pen.putImageData(enlarged(pen, pixels, [1, side, side], side, side), number * (side + gap), 0));
    this.paintMap(read.mu, read.sigma);
    this.read = read;
  }

  // What stands below the picture, and what is told of it to those who don't see it: in the words of Python.
  words() {
    const { usual, prices, axes_told: told, decoded_told: decodings, map: { axes } } = this.scene, { mu, sigma, kl, cost } = this.read, count = this.values.drawing.length;
    const [where, wide] = [mu, sigma].map((values) => axes.map((axis) => plain(values[axis], 2)).join(", "));
    const drawn = count ? "This drawing:" : "Nothing is drawn; an empty picture:";
    const says = prices
      ? [`${drawn} KL ${plain(kl, 1)}, −log p(x|z) ${plain(cost, 1)}, ELBO ${plain(-kl - cost, 1)} nats.`, usual, `On the map, ${told}: μ = (${where}), σ = (${wide}).`]
      : [`On the map, ${told}: ${where}.`];
    const strokes = count === 0 ? "an empty picture" : `a drawing of ${count} stroke${count > 1 ? "s" : ""}`;
    const alt = `Six images in a row: ${strokes} in MNIST's form, ${decodings}.`;
    return { says: says.filter(Boolean), alt };
  }

  // A cloud of draws, with a ring around its mean.
  paintMap(mu, sigma) {
    if (!this.cloud) return;
    const { map: { sides: [left, top, right, bottom], limit, axes, density }, cloud } = this.scene, pen = this.cloud.getContext("2d");
    const at = (z) => [0, 1].map((number) => {
      const share = Math.min(1.02, Math.max(-0.02, (z[axes[number]] + limit) / (2 * limit)));
      return density * (number ? bottom + share * (top - bottom) : left + share * (right - left));
    });
    const ring = ([x, y], radius, colour, width) => {
      pen.beginPath();
      pen.arc(x, y, radius * density, 0, 2 * Math.PI);
      Object.assign(pen, { strokeStyle: colour, lineWidth: width * density });
      pen.stroke();
    };
    pen.clearRect(0, 0, this.cloud.width, this.cloud.height);
    for (const noise of cloud) {
      const [x, y] = at(noise.map((value, axis) => mu[axis] + sigma[axis] * value));
      pen.beginPath();
      pen.arc(x, y, 2 * density, 0, 2 * Math.PI);
      Object.assign(pen, { fillStyle: "#222", strokeStyle: "#fff", lineWidth: density / 2 });
      pen.fill();
      pen.stroke();
    }
    ring(at(mu), 8, "#fff", 4);
    ring(at(mu), 8, "#222", 2);
  }
}

// The canvas. Strokes are never changed in place: what was before can be gone back to.
function makeSketch(control, move) {
  const side = 560;
  const ink = element("canvas", "vae-ink", { width: side, height: side, tabindex: "0", role: "application", "aria-roledescription": "canvas to draw on" });
  const told = element("div", "vae-told", { role: "status" });
  // `lent`: ready strokes stand there untouched, and make room for the first stroke of a pen. `keyed`: what is chosen matters to who presses keys.
  let strokes = control.default, chosen = [0, strokes.length], before = [], pointer = null, lent = true, keyed = false;

  const rounded = (points) => points.map((point) => point.map((value) => Number(Math.min(1, Math.max(0, value)).toFixed(4))));
  const count = () => `${strokes.length} stroke${strokes.length === 1 ? "" : "s"}`;
  function paint() {
    const brush = ink.getContext("2d");
    brush.fillStyle = "#000";
    brush.fillRect(0, 0, side, side);
    Object.assign(brush, { lineCap: "round", lineJoin: "round", lineWidth: control.line * side });
    const marked = keyed && ink.matches(":focus");
    strokes.forEach((stroke, number) => {
      brush.strokeStyle = marked && number >= chosen[0] && number < chosen[1] ? "#7cc4ff" : "#fff";
      brush.beginPath();
      brush.moveTo(...stroke[0].map((value) => value * side));
      for (const point of stroke.length === 1 ? stroke : stroke.slice(1)) brush.lineTo(...point.map((value) => value * side));
      brush.stroke();
    });
    ink.setAttribute("aria-label", `Drawing of ${count()}. Keys 0 to 9 put a digit there; arrow keys move it.`);
  }
  function put(next, nextChosen, words) {
    strokes = next;
    chosen = nextChosen;
    paint();
    if (words !== undefined) told.textContent = words;
    move(strokes);
  }
  function change(next, nextChosen, words) {
    before = [...before, [strokes, chosen]].slice(-KEPT_STATES);
    lent = false;
    put(next, nextChosen, words);
  }

  const keep = element("input", "", { type: "checkbox" });
  function place(name) {
    const kept = keep.checked ? strokes : [];
    change([...kept, ...control.ready[name]], [kept.length, kept.length + control.ready[name].length], `${name} was put ${kept.length ? "beside what was there" : "there"}.`);
    lent = kept.length === 0;
  }
  function undo() {
    if (before.length === 0) { told.textContent = "There is nothing to undo."; return; }
    const [last, lastChosen] = before.at(-1);
    before = before.slice(0, -1);
    lent = false;
    put(last, lastChosen, `Undone: ${last.length} stroke${last.length === 1 ? "" : "s"}.`);
  }
  const clear = () => change([], [0, 0], "All is cleared.");
  const remove = () => change(strokes.filter((_, number) => number < chosen[0] || number >= chosen[1]), [0, strokes.length - (chosen[1] - chosen[0])], "Taken away.");
  function choose(step) {
    if (strokes.length === 0) { told.textContent = "There is no stroke to choose."; return; }
    const all = chosen[1] - chosen[0] !== 1;
    const number = all ? (step > 0 ? 0 : strokes.length - 1) : (chosen[0] + step + strokes.length) % strokes.length;
    chosen = [number, number + 1];
    told.textContent = `Stroke ${number + 1} of ${strokes.length} is chosen.`;
    paint();
  }
  // Moves, scales and turns what is chosen around its middle, and keeps it on the canvas.
  function transform(words, rule) {
    const picked = strokes.slice(...chosen), points = picked.flat();
    if (points.length === 0) { told.textContent = "There is no stroke to change."; return; }
    const ends = (all) => [0, 1].map((axis) => [Math.min(...all.map((point) => point[axis])), Math.max(...all.map((point) => point[axis]))]);
    const middle = ends(points).map(([low, high]) => (low + high) / 2);
    const changed = picked.map((stroke) => stroke.map((point) => rule(point, middle)));
    const box = ends(changed.flat());
    if (box.some(([low, high]) => high - low > 1)) { told.textContent = "There is no room for it."; return; }
    const back = box.map(([low, high]) => Math.max(0, -low) - Math.max(0, high - 1));
    const held = changed.map((stroke) => rounded(stroke.map((point) => point.map((value, axis) => value + back[axis]))));
    change([...strokes.slice(0, chosen[0]), ...held, ...strokes.slice(chosen[1])], chosen, words);
  }
  const shift = (x, y, words) => transform(words, (point) => [point[0] + x, point[1] + y]);
  const grow = (factor, words) => transform(words, (point, middle) => point.map((value, axis) => middle[axis] + factor * (value - middle[axis])));
  const turn = (angle, words) => transform(words, ([x, y], [a, b]) =>
    [a + Math.cos(angle) * (x - a) - Math.sin(angle) * (y - b), b + Math.sin(angle) * (x - a) + Math.cos(angle) * (y - b)]);

  const KEYS = {
    ArrowLeft: (far) => shift(-far, 0, "Moved to the left."), ArrowRight: (far) => shift(far, 0, "Moved to the right."),
    ArrowUp: (far) => shift(0, -far, "Moved up."), ArrowDown: (far) => shift(0, far, "Moved down."),
    "+": () => grow(1.1, "Larger."), "=": () => grow(1.1, "Larger."), "-": () => grow(1 / 1.1, "Smaller."),
    ",": () => turn(-Math.PI / 18, "Turned to the left."), ".": () => turn(Math.PI / 18, "Turned to the right."),
    PageUp: () => choose(-1), PageDown: () => choose(1), Delete: remove, Backspace: remove, u: undo, c: clear,
  };
  ink.addEventListener("keydown", (event) => {
    const command = event.ctrlKey || event.metaKey;
    keyed = true;
    if (event.altKey || (command && event.key.toLowerCase() !== "z")) return;
    if (command) undo();
    else if (event.key in control.ready) place(event.key);
    else if (KEYS[event.key]) KEYS[event.key](event.shiftKey ? 0.1 : 0.02);
    else return;
    event.preventDefault();
  });
  ink.addEventListener("focus", paint);
  ink.addEventListener("blur", paint);

  // One pointer draws at a time, with a line of one width however hard it is pressed.
  const pointOf = (event) => {
    const box = ink.getBoundingClientRect();
    return rounded([[(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]])[0];
  };
  ink.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return;
    event.preventDefault();
    ink.focus({ preventScroll: true });
    ink.setPointerCapture(event.pointerId);
    pointer = event.pointerId;
    keyed = false;
    const kept = lent && !keep.checked ? [] : strokes;
    change([...kept, [pointOf(event)]], [kept.length, kept.length + 1], "");
  });
  ink.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const line = [...strokes.at(-1)], passed = event.getCoalescedEvents?.() ?? [];
    for (const point of (passed.length ? passed : [event]).map(pointOf)) {
      const last = line.at(-1);
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= CLOSEST) line.push(point);
    }
    if (line.length > strokes.at(-1).length) put([...strokes.slice(0, -1), line], chosen);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    ink.addEventListener(end, (event) => { if (event.pointerId === pointer) pointer = null; });
  }

  const button = (text, action) => {
    const made = element("button", "vae-button", { type: "button" }, text);
    made.addEventListener("click", action);
    return made;
  };
  const options = Object.keys(control.ready).map((name, number) => {
    const image = element("img", "", { src: control.pictures[number], alt: name, title: name, draggable: "false" });
    const made = element("button", "vae-option", { type: "button" }, image);
    made.addEventListener("click", () => place(name));
    return made;
  });
  const start = element("div", "vae-ready", { role: "group", "aria-label": "start from these strokes" },
    element("span", "vae-label", {}, "start from these strokes"), element("span", "vae-options", {}, ...options));
  const help = element("details", "", {}, element("summary", "", {}, "Keys on the canvas"),
    "0 to 9 put a digit there. Arrow keys move it, with Shift further; + and − scale it, comma and full stop turn it. Page Up and Page Down " +
    "choose a single stroke, Delete takes it away. U undoes, C clears.");
  const node = element("div", "vae-sketch", {}, ink, told, start, element("label", "vae-toggle", {}, keep, " keep what is drawn"),
    element("div", "vae-buttons", {}, button("Undo", undo), button("Clear", clear)), help);
  const show = (value) => {
    if (pointer !== null || JSON.stringify(value) === JSON.stringify(strokes)) return;
    strokes = value;
    chosen = [0, strokes.length];
    lent = false;
    paint();
  };
  paint();
  return { node, show };
}

MAKERS.sketch = makeSketch;
PAINTERS.sketch = Drawn;
