// The first page: a drawing finds its place on the map, the ring there can be dragged, and what is painted from it follows. The canvas, the map
// and the arithmetic are those of the explorers, which stand above.

const WALK = 1400; // milliseconds from one digit to another
const SHOWN = "7", STROKE = 1800; // which digit a pen draws when the page opens, and in how many milliseconds

globalThis.vaeFront = function front({ sketch, pad, painted, middles }) {
  const stage = document.getElementById("stage"), scene = sketch.programme;
  const numbers = scene.models.map(({ key }) => arrived.get(key)), [shape] = [scene.models[1].shape];
  document.head.append(element("style", "vae-style", {}, STYLE));
  const control = (of, kind) => of.controls.find((one) => one.kind === kind);

  const picture = element("canvas", "painted", { width: shape[2], height: shape[1], role: "img" });
  const says = element("p", "says", { "aria-hidden": "true" }), aloud = element("p", "hidden", { role: "status" });
  let z = [0, 0], walking = 0, quiet;

  function paint(words) {
    const pen = picture.getContext("2d");
    pen.putImageData(enlarged(pen, decoded(scene.models[1], numbers[1], z), shape, shape[2], shape[1]), 0, 0);
    const [nearest] = Object.keys(middles).sort((a, b) => away(middles[a]) - away(middles[b]));
    const place = `z₁ = ${plain(z[0], 2)}, z₂ = ${plain(z[1], 2)}`;
    says.replaceChildren(words, element("br", ""), `${place} · nearest crowd: the ${nearest}s`);
    picture.setAttribute("aria-label", `What is painted from ${place}, where the ${nearest}s are nearest`);
    clearTimeout(quiet);
    quiet = setTimeout(() => { aloud.textContent = `${words} ${place}. The ${nearest}s are nearest.`; }, QUIET);
  }
  const away = ([x, y]) => Math.hypot(x - z[0], y - z[1]);
  const held = (values) => values.map((value) => Math.min(control(pad, "pad").limit, Math.max(-control(pad, "pad").limit, value)));

  function stop() { cancelAnimationFrame(walking); }
  function encode(strokes) {
    stop();
    z = held([...decoded(scene.models[0], numbers[0], mnistForm(strokes, scene.pen)).subarray(0, 2)]);
    map.show(z);
    paint(strokes.length ? "Your drawing, as two numbers." : "Nothing is drawn.");
  }
  const map = makePad({ ...control(pad, "pad"), label: "Place on the map" }, (value) => { stop(); z = value; paint("Painted from here."); }, () => {});
  const backdrop = map.node.querySelector("img"), maps = [pad.backdrop, painted].map((text) => addressOf(bytesOf(text)));
  backdrop.src = maps[0];

  // A straight walk over the map to the middle of a digit's crowd.
  function walk(name) {
    stop();
    const from = z, to = middles[name], begun = performance.now(), still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = (now) => {
      const share = still ? 1 : Math.min(1, (now - begun) / WALK), eased = share * share * (3 - 2 * share);
      z = from.map((value, axis) => value + eased * (to[axis] - value));
      map.show(z);
      paint(`On the way to a ${name}.`);
      if (share < 1) walking = requestAnimationFrame(step);
    };
    step(performance.now());
  }
  const walks = Object.keys(middles).map((name) => {
    const button = element("button", "vae-option", { type: "button", "aria-label": `Walk to a ${name}` }, name);
    button.addEventListener("click", () => walk(name));
    return button;
  });
  const behind = element("input", "", { type: "checkbox" });
  behind.addEventListener("change", () => { backdrop.src = maps[Number(behind.checked)]; });

  const ready = control(sketch, "sketch").ready[SHOWN];
  const canvas = makeSketch({ ...control(sketch, "sketch"), default: ready }, encode);
  const column = (number, title, ...parts) => {
    const made = element("div", "vae-explorer", { role: "group", "aria-label": title }, element("h2", "", {}, element("b", "", { "aria-hidden": "true" }, number), title), ...parts);
    keepKeys(made);
    return made;
  };
  stage.replaceChildren(
    column("1", "Draw a digit", canvas.node),
    column("2", "Drag the ring", map.node, element("label", "vae-toggle row", {}, behind, " show what each place paints")),
    column("3", "See what is painted", picture, says, aloud, element("div", "row", { role: "group", "aria-label": "Walk to another digit" },
      element("span", "vae-label", {}, "walk from here to a"), element("span", "vae-options", {}, ...walks))),
  );
  encode(ready);

  // When the page opens a pen draws the first digit, once, so that its place is seen to move with it. Whoever touches anything ends that, and
  // the first stroke of a person's pen takes the digit away.
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const all = ready.reduce((count, stroke) => count + stroke.length, 0), begun = performance.now();
  let drawing = 0;
  function drawn(count) {
    let left = count;
    return ready.map((stroke) => { const part = stroke.slice(0, Math.max(0, left)); left -= stroke.length; return part; }).filter((part) => part.length);
  }
  function finish() {
    cancelAnimationFrame(drawing);
    canvas.show(ready);
    for (const event of ["pointerdown", "keydown"]) stage.removeEventListener(event, finish, true);
  }
  for (const event of ["pointerdown", "keydown"]) stage.addEventListener(event, finish, true);
  canvas.node.addEventListener("pointerdown", ({ target }) => { if (target.matches(".vae-ink")) canvas.show([]); }, { capture: true, once: true });
  const step = (now) => {
    const count = Math.min(all, Math.max(1, Math.round((all * (now - begun)) / STROKE)));
    canvas.show(drawn(count));
    encode(drawn(count));
    if (count < all) drawing = requestAnimationFrame(step);
    else finish();
  };
  drawing = requestAnimationFrame(step);
};
