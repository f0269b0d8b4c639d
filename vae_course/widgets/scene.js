// Follows what `scene.py` describes: where the controls stand → z of each tile → its image, painted on a canvas over the kernel's picture.

class Here {
  constructor(model) {
    this.model = model;
    this.controls = Object.fromEntries(model.get("controls").map((control) => [control.name, control]));
    this.values = {};
    this.pressed = {};
    this.renew();
  }

  get ready() { return this.numbers !== undefined; }

  async renew() {
    const scene = this.scene = this.model.get("programme");
    this.numbers = undefined;
    if (!scene.models) return;
    this.moving = new Set(scene.tiles.flatMap(({ z, label }) => [...z, label].flatMap((step) => [step?.put, step?.by].flat())));
    const carriers = this.model.get("weights") ?? [];
    const keys = [...scene.models.map(({ key }) => key), scene.tables];
    const numbers = await Promise.all(keys.map((key, number) => numbersBy(this.model, key, carriers[number])));
    if (this.scene !== scene) return;
    this.tables = numbers.pop();
    this.numbers = numbers;
  }

  // What the kernel says of where all stands.
  take(frame) {
    this.values = { ...frame.values };
    this.base = frame.base;
    this.pressed = { ...frame.pressed };
  }

  // Whether a move of this control is painted here, or a press of this button; and whether one of them will be.
  paints(name) { return this.ready && this.moving.has(name); }
  draws(name) { return this.ready && name in (this.scene.draws ?? {}); }
  knows(name) { return this.scene.models !== undefined && (this.moving === undefined || this.moving.has(name) || name in this.scene.draws); }

  // Whether it takes others along, which go to where the row has them that it takes.
  leads(name) { return this.ready && (this.scene.leads ?? []).includes(name); }

  // Puts a control where a person moved it. What is painted has changed if `paints` says so.
  move(name, value) {
    this.values[name] = value;
    if (this.leads(name)) this.follow();
  }

  // Makes the button's next row the base, and leaves what was taken before.
  press(name) {
    const { take, sizes: [rows, size] } = this.scene.draws[name];
    const row = (this.pressed[name] ?? 0) % rows;
    this.pressed[name] = row + 1;
    this.base = this.tables.subarray(take + row * size, take + (row + 1) * size);
    for (const leader of this.scene.leads) this.values[leader] = null;
    this.follow();
  }

  // The controls that go to where a newly taken row has them.
  get followers() { return this.scene.tiles.flatMap(({ z }) => z.filter(({ follows }) => follows).map(({ put }) => put)); }

  follow() {
    for (const tile of this.scene.tiles) {
      const z = this.taken(tile);
      for (const step of tile.z) if (step.follows) this.values[step.put] = z[step.at[0]];
    }
  }

  place(name) {
    const control = this.controls[name], value = this.values[name];
    if (control.kind === "slider") return Math.round((value - control.low) / control.step);
    return value === null ? null : control.options.indexOf(value);
  }

  row({ take, sizes, by }) {
    let row = 0;
    for (const [number, name] of by.entries()) {
      const place = this.place(name);
      if (place === null) return null;
      row = row * sizes[number] + place;
    }
    const size = sizes.at(-1);
    return this.tables.subarray(take + row * size, take + (row + 1) * size);
  }

  // A tile's z before controls put numbers into it.
  taken(tile) {
    const z = new Float32Array(tile.size);
    if (this.base) z.set(this.base);
    for (const step of tile.z) {
      const row = step.take === undefined ? null : this.row(step);
      if (row) z.fill(0).set(row);
    }
    return z;
  }

  // A tile's pixels, (channels, height, width) one after the other, between 0 and 1.
  image(tile) {
    const z = this.taken(tile);
    for (const { put, at, by } of tile.z) {
      if (!put) continue;
      const value = this.values[put];
      (by ? [at[this.place(by)]] : at).forEach((index, number) => { z[index] = Array.isArray(value) ? value[number] : value; });
    }
    if (tile.model === null) return z;
    const label = tile.label?.by ? this.row(tile.label)[0] : tile.label;
    return decoded(this.scene.models[tile.model], this.numbers[tile.model], z, label);
  }

  paint(canvas) {
    const [width, height] = this.scene.size;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pen = canvas.getContext("2d");
    for (const tile of this.scene.tiles) {
      const [left, top, wide, high] = tile.at ?? [0, 0, width, height];
      pen.putImageData(enlarged(pen, this.image(tile), tile.shape, wide, high), left, top);
    }
  }
}

// Pixels between 0 and 1 as a picture of a size in the canvas's pixels, each taken from the one that lies there.
function enlarged(pen, pixels, [channels, height, width], wide, high) {
  const image = pen.createImageData(wide, high), out = new Uint32Array(image.data.buffer);
  const bytes = Uint8Array.from(pixels, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  const green = channels === 1 ? 0 : width * height, blue = 2 * green;
  const columns = Int32Array.from({ length: wide }, (_, x) => Math.floor(((x + 0.5) * width) / wide));
  for (let y = 0, at = 0; y < high; y += 1) {
    const row = Math.floor(((y + 0.5) * height) / high) * width;
    for (let x = 0; x < wide; x += 1, at += 1) {
      const from = row + columns[x];
      out[at] = 0xff000000 | (bytes[from + blue] << 16) | (bytes[from + green] << 8) | bytes[from];
    }
  }
  return image;
}
