
// The browser's half of an explorer: draws the controls that Python lists, tells Python where they stand, shows the picture
// that comes back. Moves are coalesced: at most AHEAD of them are on their way, and what is sent next is always the newest.
// Where there is a scene (above), the picture is painted here within a frame, and the kernel hears of the move afterwards; on a page
// that is `alone`, there is no kernel to hear of it.

const AHEAD = 2;
const REST = 80; // milliseconds that the kernel is left alone while pictures are painted here: its answers take time from them
const QUIET = 600; // milliseconds without a change before what a painter says is read out
const PATIENCE = 1500; // milliseconds without an answer before the page says that the kernel is busy

// Keys typed in an explorer stay there, whatever control has them: in command mode a letter deletes, cuts or changes the cell. Only what
// runs the cell, saves, finds or opens the palette goes on to the page around.
const goesOn = ({ key, ctrlKey, metaKey, shiftKey, altKey }) => {
  const command = (ctrlKey || metaKey) && !altKey;
  if (key === "Enter") return !altKey && (shiftKey || command);
  return command && (/^[sf]$/i.test(key) || (shiftKey && /^c$/i.test(key)));
};

// JupyterLab and Notebook look for a binding from the focused element upwards, and stop looking at one with KEPT; their selectors end in
// ":focus", so it has to be on the very element that has the key. It is put there by the first listener that any key meets, on the window:
// Notebook listens while keys still go down to their element, where nothing below the document could stop them. What lies beside an
// explorer and takes keys (the words of a still picture, a player) bears the class vae-keys, and is treated alike.
const KEPT = "data-lm-suppress-shortcuts";
function keepKeys(root) {
  const mark = (event) => {
    const all = event.target.closest?.(".vae-explorer, .vae-keys");
    if (!all) return;
    // What it stands in may have had the last key: a mark left there would stop the search as well.
    for (let node = event.target; node !== all.parentElement; node = node.parentElement) {
      node.toggleAttribute(KEPT, node === event.target && !goesOn(event));
    }
  };
  window.addEventListener("keydown", mark, true);
  // Other pages listen above the explorer: keys end here.
  root.addEventListener("keydown", (event) => { if (!goesOn(event)) event.stopPropagation(); });
  return () => window.removeEventListener("keydown", mark, true);
}

function element(tag, classes, attributes = {}, ...children) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const spoken = ({ label, digits = 2 }, value) => `${label} ${[value].flat().map((one) => (typeof one === "number" ? plain(one, digits) : one ?? "none")).join(", ")}`;
const plain = (number, digits) => (Math.abs(number) < 0.5 / 10 ** digits ? 0 : number).toFixed(digits).replace("-", "−");

// Each maker returns {node, show(value)}; it calls move(value) when a person moved it.

function makeSlider(control, move) {
  const reading = element("output", "vae-reading");
  const input = element("input", "vae-range", {
    type: "range", min: control.low, max: control.high, step: "any", "aria-label": `${control.label} ${control.note}`.trim(),
  });
  const read = (value) => {
    reading.textContent = plain(value, control.digits);
    input.setAttribute("aria-valuetext", reading.textContent);
  };
  const go = (value) => {
    const held = Math.min(control.high, Math.max(control.low, value));
    input.value = held;
    read(held);
    move(held);
  };
  input.addEventListener("input", () => {
    const steps = Math.round((input.valueAsNumber - control.low) / control.step);
    const value = Math.min(control.high, Number((control.low + steps * control.step).toFixed(6)));
    read(value);
    move(value);
  });
  input.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key];
    if (steps !== undefined) go(Number((input.valueAsNumber + steps * control.step).toFixed(6)));
    else if (event.key === "Home") go(control.low);
    else if (event.key === "End") go(control.high);
    else return;
    event.preventDefault();
  });
  input.addEventListener("dblclick", () => go(control.default));
  const name = element("span", "vae-name", {}, control.label);
  const note = element("span", "vae-note", {}, control.note);
  const node = element("label", "vae-slider", { title: "double-click: back to the start" }, name, note, input, reading);
  return { node, show: (value) => { input.value = value; read(value); } };
}

function makeChoice(control, move) {
  const buttons = control.options.map((option, number) => {
    const button = element("button", "vae-option", { type: "button", "aria-pressed": "false" });
    if (control.pictures) button.append(element("img", "", { src: control.pictures[number], alt: option, title: option, draggable: "false" }));
    else button.textContent = option;
    button.addEventListener("click", () => move(option));
    return button;
  });
  const node = element("div", "vae-choice", { role: "group", "aria-label": control.label },
    element("span", "vae-label", {}, control.label), element("span", "vae-options", {}, ...buttons));
  const show = (value) => buttons.forEach((button, number) => button.setAttribute("aria-pressed", String(control.options[number] === value)));
  return { node, show };
}

function makeToggle(control, move) {
  const input = element("input", "", { type: "checkbox" });
  input.addEventListener("change", () => move(input.checked));
  return { node: element("label", "vae-toggle", {}, input, ` ${control.label}`), show: (value) => { input.checked = value; } };
}

function makePad(control, move, backdrop) {
  const mark = element("div", "vae-mark");
  const image = element("img", "vae-backdrop", { alt: "", draggable: "false" });
  const node = element("div", "vae-pad", { tabindex: "0", role: "application", "aria-roledescription": "two-dimensional slider" }, image, mark);
  const side = control.limit;
  node.dataset.limit = side;
  let at = control.default;
  const show = (value) => {
    at = value;
    mark.style.left = `${(50 * (value[0] + side)) / side}%`;
    mark.style.top = `${(50 * (side - value[1])) / side}%`;
    node.setAttribute("aria-label", `${control.label}: ${plain(value[0], 2)}, ${plain(value[1], 2)}. Arrow keys move it.`);
  };
  const go = (x, y) => {
    const held = [x, y].map((number) => Number(Math.min(side, Math.max(-side, number)).toFixed(3)));
    show(held);
    move(held);
  };
  const follow = (event) => {
    const box = image.getBoundingClientRect();
    go(side * (2 * (event.clientX - box.left) / box.width - 1), side * (1 - 2 * (event.clientY - box.top) / box.height));
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    node.focus();
    node.setPointerCapture(event.pointerId);
    follow(event);
  });
  node.addEventListener("pointermove", (event) => {
    if (node.hasPointerCapture(event.pointerId)) follow(event);
  });
  node.addEventListener("keydown", (event) => {
    const step = control.step * (event.shiftKey ? 5 : 1);
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    if (x || y) go(at[0] + x * step, at[1] + y * step);
    else if (event.key === "Home") go(...control.default);
    else return;
    event.preventDefault();
  });
  backdrop((url) => { image.src = url; });
  return { node, show };
}

const MAKERS = { slider: makeSlider, choice: makeChoice, toggle: makeToggle, pad: makePad };
// What paints an explorer that has such a control, where it is not a scene: it furnishes the panel, and has words for what it painted.
const PAINTERS = {};

// A data URL, since the browser unpacks it where it stands; a blob takes 7 ms more, by way of another process.
function addressOf(bytes, kind = "image/png") {
  const numbers = new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
  let text = "";
  for (let from = 0; from < numbers.length; from += 8192) text += String.fromCharCode(...numbers.subarray(from, from + 8192));
  return `data:${kind};base64,${btoa(text)}`;
}

function render({ model, el }) {
  const about = model.get("about"), alone = model.alone === true;
  const picture = element("img", about.pixels ? "vae-picture vae-pixels" : "vae-picture", { width: about.width, draggable: "false" });
  // What is painted here lies over the kernel's last picture, and goes when its newest has come.
  const canvas = element("canvas", about.pixels ? "vae-painting vae-pixels" : "vae-painting", { "aria-hidden": "true", hidden: "" });
  const says = element("div", "vae-says", { "aria-live": "polite", style: `max-width: ${Math.max(about.width, 300)}px` });
  const heard = element("audio", "vae-heard", { controls: "", "aria-label": `${about.title}: what is shown, to be heard` });
  const trouble = element("div", "vae-trouble", { role: "alert" });
  const buttons = element("div", "vae-buttons");
  const fine = element("div", "vae-sliders");
  const coarse = element("div", "vae-coarse");
  // It can have the focus itself, so that what is typed after a click beside a control stays here too.
  const root = element("div", "vae-explorer", { role: "group", "aria-label": about.title, tabindex: "-1" },
    element("div", "vae-shown", {}, element("div", "vae-paper", {}, picture, canvas), heard, says), element("div", "vae-controls", {}, coarse, fine, trouble));
  const letKeysGo = keepKeys(root);
  // A page gives the focus to the cell when it is clicked, and the browser does not bring it here where text is selected.
  root.addEventListener("click", () => { if (!root.contains(root.getRootNode().activeElement)) root.focus({ preventScroll: true }); });

  // What is to be sent, and what is on its way.
  const view = Math.random().toString(36).slice(2);
  let wanted = {}, sent = 0, answered = 0, drawing = false, busy = 0;
  const waiting = () => Object.keys(wanted).length > 0;
  // For tests and style sheets: whether the picture is that of where the controls stand, with nothing on its way.
  let newest = 0, shown = 0, tallest = 0;
  const note = () => { root.dataset.settled = String(!waiting() && answered >= sent && shown === newest); };

  const Painter = model.get("controls").map(({ kind }) => PAINTERS[kind]).find(Boolean) ?? Here;
  const here = new Painter(model);
  here.furnish?.(root);
  const owing = () => waiting() || answered < sent;

  function send(content, shownAlready = false) {
    sent += 1;
    note();
    model.send({ ...content, answer: { view, number: sent } });
    if (shownAlready) return; // the picture is that of where the controls stand, however long the kernel takes
    clearTimeout(busy);
    busy = setTimeout(() => root.classList.add("vae-busy"), PATIENCE);
  }
  function flush() {
    if (!waiting() || sent - answered >= AHEAD) return;
    const values = wanted;
    wanted = {};
    send({ values }, Object.keys(values).every((name) => here.paints(name)));
  }
  // Without a kernel the words below the picture are those of where it began, and what is painted is told by where the controls stand.
  function forget() {
    wanted = {};
    if (painted && !here.words) {
      const moved = model.get("controls").filter(({ name, default: start }) => name in made && String(here.values[name]) !== String(start));
      picture.alt = `${about.title}: ${moved.map((control) => spoken(control, here.values[control.name])).join(", ") || "as it began"}.`;
      says.replaceChildren();
      says.style.minHeight = "";
    }
    note();
  }
  function press(name) {
    const followed = here.draws(name);
    if (followed) {
      here.press(name);
      for (const follower of here.followers) delete wanted[follower];
      paint();
    }
    const values = wanted;
    wanted = {};
    if (alone) forget();
    else send({ values, press: name }, followed);
  }
  // The first move leaves at once; those that follow within the same frame of the screen leave together.
  function move(name, value) {
    if (here.leads(name)) for (const follower of here.followers) delete wanted[follower];
    wanted[name] = value;
    here.move(name, value);
    unpainted ||= here.paints(name);
    note();
    if (drawing) return;
    leave();
    drawing = true;
    requestAnimationFrame(() => { drawing = false; leave(); });
  }
  let unpainted = false, painted = 0;
  let later;
  function leave() {
    if (unpainted) paint();
    tell();
  }
  function tell() {
    if (alone) return forget();
    if (!waiting() || !Object.keys(wanted).every((name) => here.paints(name))) return flush();
    later ??= setTimeout(() => { later = undefined; flush(); }, REST);
  }
  function paint() {
    unpainted = false;
    painted += 1;
    here.paint(canvas);
    if (here.words) telling(here.words());
    canvas.hidden = false;
    root.dataset.painted = painted;
    // A choice may have moved all sliders; one that is being dragged stays where it is.
    for (const [name, one] of Object.entries(made)) if (one.coarse || !(name in wanted)) one.show(here.values[name]);
  }

  const made = {};
  for (const control of model.get("controls")) {
    if (alone && !here.knows(control.name)) continue; // it would do nothing
    if (control.kind === "button") {
      const button = element("button", "vae-button", { type: "button" }, control.label);
      button.addEventListener("click", () => press(control.name));
      buttons.append(button);
      continue;
    }
    const backdrop = (use) => {
      const renew = () => use(addressOf(model.get("backdrop")));
      renew();
      model.on("change:backdrop", renew);
    };
    made[control.name] = MAKERS[control.kind](control, (value) => move(control.name, value), backdrop);
    made[control.name].coarse = control.kind === "choice" || control.kind === "toggle";
    (control.kind === "slider" ? fine : coarse).append(made[control.name].node);
  }
  if (buttons.childElementCount) coarse.append(buttons);
  if (fine.childElementCount > 8) fine.classList.add("vae-many");

  // A data URL is loaded at once, so the old picture stays in sight until the new one is there; the browser tests look for gaps.
  picture.decoding = "sync";
  function show(number, bytes, alt) {
    newest = number;
    picture.onload = () => {
      picture.dataset.number = number;
      shown = number;
      if (!owing()) canvas.hidden = true;
      note();
    };
    picture.src = addressOf(bytes);
    picture.alt = alt;
  }
  // Words that change with every point of a stroke are read out when the pen rests.
  let quiet;
  function telling({ says: lines, alt }) {
    says.replaceChildren(...lines.map((line) => element("div", "", {}, line)));
    if (alt === undefined) return;
    picture.alt = alt;
    says.setAttribute("aria-busy", "true");
    clearTimeout(quiet);
    quiet = setTimeout(() => says.removeAttribute("aria-busy"), QUIET);
  }
  function receive() {
    const frame = model.get("frame");
    if (frame.answer?.view === view) answered = Math.max(answered, frame.answer.number);
    if (here.ready && owing() && !frame.trouble) {
      newest = shown = frame.number; // of a move before the last: what is painted here is newer
      picture.dataset.number = frame.number;
    } else {
      show(frame.number, model.get("png"), frame.alt); // first: words need a new layout, and the picture can load meanwhile
    }
    if (!owing()) here.take(frame);
    if (answered >= sent) { clearTimeout(busy); root.classList.remove("vae-busy"); }
    if (!owing()) for (const [name, value] of Object.entries(frame.values)) made[name]?.show(value);
    if (!(here.words && here.ready && owing())) telling({ says: frame.says });
    // Words take as much room as they ever took, so that nothing jumps while a control is moved.
    tallest = Math.max(tallest, says.offsetHeight);
    says.style.minHeight = `${tallest}px`;
    trouble.textContent = frame.trouble;
    root.classList.toggle("vae-stale", frame.trouble !== "");
    tell();
  }
  function hear() {
    const bytes = model.get("sound");
    heard.hidden = bytes.byteLength === 0;
    if (!heard.hidden) heard.src = addressOf(bytes, "audio/wav");
  }
  hear();
  model.on("change:sound", hear);
  model.on("change:frame", receive);
  const renew = () => here.renew();
  model.on("change:programme", renew);
  receive();
  for (const [name, value] of Object.entries(model.get("frame").values)) made[name]?.show(value);
  el.append(root);
  return () => {
    model.off("change:frame", receive);
    model.off("change:programme", renew);
    model.off("change:sound", hear);
    letKeysGo();
    clearTimeout(busy);
    clearTimeout(later);
  };
}

export default { render };
