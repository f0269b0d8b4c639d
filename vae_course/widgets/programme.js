// Runs what `programme.py` describes: where the controls stand → z → network → pixels, without the kernel.

// Numbers come in half precision. All 65,536 of them are unpacked once, and looked up from then on.
const HALVES = Float32Array.from({ length: 65536 }, (_, bits) => {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, rest = bits & 1023;
  return sign * (exponent === 0 ? rest * 2 ** -24 : (1 + rest / 1024) * 2 ** (exponent - 15));
});
const fromHalves = (view) => {
  const data = new DataView(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
  return Float32Array.from({ length: data.byteLength / 2 }, (_, number) => HALVES[data.getUint16(2 * number, true)]);
};

const softplus = (value) => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)));
const eachOf = (rule) => (x, step) => x.map((value) => rule(value, step));

const STEPS = {
  affine(x, step, numbers, label) {
    const out = new Float32Array(step.out);
    for (let row = 0, at = step.weight; row < step.out; row += 1) {
      let sum = 0;
      for (let column = 0; column < step.in; column += 1, at += 1) sum += numbers[at] * x[column];
      out[row] = sum + numbers[step.bias + row] + (step.labels === undefined ? 0 : numbers[step.labels + label * step.out + row]);
    }
    return out;
  },
  "transposed convolution"(x, step, numbers) {
    const [channels, height, width] = step.from, [outputs, tall, wide] = step.to, [high, broad] = step.kernel;
    const out = new Float32Array(outputs * tall * wide);
    for (let o = 0; o < outputs; o += 1) out.fill(numbers[step.bias + o], o * tall * wide, (o + 1) * tall * wide);
    for (let c = 0; c < channels; c += 1) for (let o = 0; o < outputs; o += 1) {
      const weight = step.weight + (c * outputs + o) * high * broad;
      for (let i = 0; i < high; i += 1) for (let j = 0; j < broad; j += 1) {
        const factor = numbers[weight + i * broad + j];
        for (let row = 0; row < height; row += 1) {
          const y = row * step.stride[0] - step.padding[0] + i;
          if (y < 0 || y >= tall) continue;
          for (let column = 0; column < width; column += 1) {
            const at = column * step.stride[1] - step.padding[1] + j;
            if (at >= 0 && at < wide) out[(o * tall + y) * wide + at] += factor * x[(c * height + row) * width + column];
          }
        }
      }
    }
    return out;
  },
  relu: eachOf((value) => Math.max(value, 0)),
  silu: eachOf((value) => value / (1 + Math.exp(-value))),
  tanh: eachOf(Math.tanh),
  sigmoid: eachOf((value) => 1 / (1 + Math.exp(-value))),
  "logistic mean": eachOf((value, { scale }) => scale * (softplus((value + 0.5) / scale) - softplus((value - 0.5) / scale))),
};

const decoded = (programme, numbers, z, label) =>
  programme.steps.reduce((x, step) => STEPS[step.kind](x, step, numbers, label), Float32Array.from(z));

// Pixels (channels, height, width) between 0 and 1 as the address of a picture: loaded at once, where it stands.
function painted(canvas, pixels, [channels, height, width]) {
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d"), image = pen.createImageData(width, height), size = width * height;
  for (let at = 0; at < size; at += 1) {
    for (let colour = 0; colour < 3; colour += 1) {
      image.data[4 * at + colour] = Math.round(255 * Math.min(1, Math.max(0, pixels[(channels === 1 ? 0 : colour) * size + at])));
    }
    image.data[4 * at + 3] = 255;
  }
  pen.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

// Numbers that have come to this page, by their key: an explorer of the same model finds them here. They are taken out of what the page
// would save with a notebook.
const arrived = (globalThis.vaeCourseNumbers ??= new Map());
async function numbersFor(model, programme) {
  if (!arrived.has(programme.key)) {
    const carrier = await model.widget_manager.get_model(model.get("weights").slice("IPY_MODEL_".length));
    if (!arrived.has(programme.key)) arrived.set(programme.key, fromHalves(carrier.get("numbers")));
    carrier.set("numbers", new DataView(new ArrayBuffer(0)));
  }
  return arrived.get(programme.key);
}

// The picture where the controls stand, drawn here. `move` takes what a person moved, `take` what the kernel says of where z is.
class Here {
  constructor(model) {
    this.model = model;
    this.canvas = document.createElement("canvas");
    this.z = [];
    this.renew();
  }

  get ready() { return this.numbers !== undefined; }

  async renew() {
    const programme = this.model.get("programme");
    this.numbers = undefined;
    if (!programme.steps) return;
    const numbers = await numbersFor(this.model, programme);
    if (this.model.get("programme").key === programme.key) Object.assign(this, { programme, numbers });
  }

  take(frame) {
    if (!frame.z) return;
    this.z = [...frame.z];
    this.label = frame.label;
  }

  reads(name) { return this.ready && name in this.programme.reads; }

  // Whether a move of this control is painted here.
  paints(name) { return this.reads(name) || (this.ready && (name in this.programme.starts || name in this.programme.labels)); }

  // Puts z where the control now stands; whether it was one of those.
  move(name, value) {
    if (!this.paints(name)) return false;
    const { reads, starts, labels } = this.programme;
    if (reads[name]) reads[name].forEach((place, number) => { this.z[place] = Array.isArray(value) ? value[number] : value; });
    else if (starts[name]?.[value]) this.z = [...starts[name][value]];
    else if (labels[name]?.[value] !== undefined) this.label = labels[name][value];
    else return false;
    return true;
  }

  // Where the sliders then stand.
  *places() {
    for (const [name, at] of Object.entries(this.programme.reads)) yield [name, at.length === 1 ? this.z[at[0]] : at.map((place) => this.z[place])];
  }

  picture() { return painted(this.canvas, decoded(this.programme, this.numbers, this.z, this.label), this.programme.shape); }
}
