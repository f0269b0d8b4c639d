// Runs what `programme.py` describes: z → network → pixels, without the kernel.

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

// Four sums at a time: none waits for the one before.
function dot(a, atA, b, atB, length) {
  let first = 0, second = 0, third = 0, fourth = 0, at = 0;
  for (; at + 3 < length; at += 4) {
    first += a[atA + at] * b[atB + at];
    second += a[atA + at + 1] * b[atB + at + 1];
    third += a[atA + at + 2] * b[atB + at + 2];
    fourth += a[atA + at + 3] * b[atB + at + 3];
  }
  for (; at < length; at += 1) first += a[atA + at] * b[atB + at];
  return first + second + third + fourth;
}

// For each place in the kernel, which pixels of the smaller image meet which of the larger one there: [smaller, larger, smaller, …].
const met = new WeakMap();
function meetings(step, [, rows, columns], [, height, width]) {
  if (met.has(step)) return met.get(step);
  const found = [];
  for (let i = 0; i < step.kernel[0]; i += 1) for (let j = 0; j < step.kernel[1]; j += 1) {
    const pairs = [];
    for (let row = 0; row < rows; row += 1) for (let column = 0; column < columns; column += 1) {
      const y = row * step.stride[0] - step.padding[0] + i, at = column * step.stride[1] - step.padding[1] + j;
      if (y >= 0 && y < height && at >= 0 && at < width) pairs.push(row * columns + column, y * width + at);
    }
    found.push(Int32Array.from(pairs));
  }
  met.set(step, found);
  return found;
}
// A convolution goes from the larger image to the smaller one, a transposed one back.
function convolved(x, step, numbers, smaller, larger) {
  const [channels, height, width] = step.from, [outputs, tall, wide] = step.to, back = step.kind !== "convolution";
  const out = new Float32Array(outputs * tall * wide), pixels = height * width, drawn = tall * wide, [from, to] = back ? [0, 1] : [1, 0];
  const pairs = meetings(step, smaller, larger), weights = new Float32Array(channels);
  const pixel = Float32Array.from({ length: x.length }, (_, at) => x[(at % channels) * pixels + Math.floor(at / channels)]); // by pixel
  for (let o = 0; o < outputs; o += 1) {
    out.fill(numbers[step.bias + o], o * drawn, (o + 1) * drawn);
    for (let place = 0; place < pairs.length; place += 1) {
      for (let c = 0; c < channels; c += 1) weights[c] = numbers[step.weight + (back ? c * outputs + o : o * channels + c) * pairs.length + place];
      const meeting = pairs[place];
      for (let at = 0; at < meeting.length; at += 2) out[o * drawn + meeting[at + to]] += dot(weights, 0, pixel, meeting[at + from] * channels, channels);
    }
  }
  return out;
}

const STEPS = {
  affine(x, step, numbers, label) {
    const out = new Float32Array(step.out);
    for (let row = 0; row < step.out; row += 1) {
      const sum = dot(numbers, step.weight + row * step.in, x, 0, step.in);
      out[row] = sum + numbers[step.bias + row] + (step.labels === undefined ? 0 : numbers[step.labels + label * step.out + row]);
    }
    return out;
  },
  convolution: (x, step, numbers) => convolved(x, step, numbers, step.to, step.from),
  "transposed convolution": (x, step, numbers) => convolved(x, step, numbers, step.from, step.to),
  first: (x, { out }) => x.subarray(0, out),
  relu: eachOf((value) => Math.max(value, 0)),
  silu: eachOf((value) => value / (1 + Math.exp(-value))),
  tanh: eachOf(Math.tanh),
  sigmoid: eachOf((value) => 1 / (1 + Math.exp(-value))),
  "logistic mean": eachOf((value, { scale }) => scale * (softplus((value + 0.5) / scale) - softplus((value - 0.5) / scale))),
};

// What `chart.py` describes: rows of numbers → a chart's pixels, from the back to the front.
const CHART = { shade: [236, 236, 236], colour: [0, 114, 178], grey: [110, 110, 110], ink: [34, 34, 34] };
const bounded = (value, low, high) => Math.min(high, Math.max(low, value));
STEPS.chart = (x, { steps, height, width }) => {
  const across = width / steps, pixels = height * width, out = new Float32Array(3 * pixels).fill(1);
  const place = (row, step) => height * (1 - x[row * steps + step]);
  for (let column = 0; column < width; column += 1) {
    const at = bounded((column + 0.5) / across - 0.5, 0, steps - 1), left = Math.min(Math.floor(at), steps - 2), nearest = Math.floor(column / across);
    const hidden = x[steps + nearest], line = [], slant = [];
    for (let row = 2; row < 8; row += 1) {
      const before = place(row, left), after = place(row, left + 1);
      line[row] = before + (after - before) * (at - left);
      slant[row] = Math.sqrt(1 + ((after - before) / across) ** 2);
    }
    const dotted = place(0, nearest), aside = column + 0.5 - (nearest + 0.5) * across, dashed = column % 22 < 14;
    const ground = (255 + hidden * (CHART.shade[0] - 255)) / 255, reach = hidden === 0 ? 5 : 5 + 3 * Math.max(...slant.slice(2));
    const drawn = hidden === 0 ? [dotted] : [dotted, ...line.slice(2)];
    const top = Math.max(0, Math.floor(Math.min(...drawn) - reach)), bottom = Math.min(height, Math.ceil(Math.max(...drawn) + reach));
    if (hidden !== 0) for (let pixel = column; pixel < 3 * pixels; pixel += width) out[pixel] = ground;
    for (let row = top; row < bottom; row += 1) {
      const y = row + 0.5;
      let red = 255, green = 255, blue = 255;
      const cover = (strength, [r, g, b]) => {
        if (strength <= 0) return;
        red += strength * (r - red);
        green += strength * (g - green);
        blue += strength * (b - blue);
      };
      if (hidden !== 0) {
        const stroke = (which, wide) => hidden * bounded(wide / 2 + 0.5 - Math.abs(y - line[which]) / slant[which], 0, 1);
        cover(hidden, CHART.shade);
        cover(stroke(6, 2), CHART.grey);
        cover(stroke(7, 2), CHART.grey);
        cover(0.28 * hidden * (bounded(y - line[4], -0.5, 0.5) + 0.5) * (bounded(line[3] - y, -0.5, 0.5) + 0.5), CHART.colour);
        if (dashed) cover(stroke(5, 4), CHART.grey);
        cover(stroke(2, 4), CHART.colour);
      }
      cover((1 - 0.5 * hidden) * bounded(4.5 - Math.sqrt(aside ** 2 + (y - dotted) ** 2), 0, 1), CHART.ink);
      const pixel = row * width + column;
      out[pixel] = red / 255;
      out[pixels + pixel] = green / 255;
      out[2 * pixels + pixel] = blue / 255;
    }
  }
  return out;
};

const decoded = (programme, numbers, z, label) =>
  programme.steps.reduce((x, step) => STEPS[step.kind](x, step, numbers, label), Float32Array.from(z));

// Numbers that have come to this page, by their key: an explorer of the same model finds them here. They are taken out of what the page
// would save with a notebook.
const arrived = (globalThis.vaeCourseNumbers ??= new Map());
const unpacked = (view, precision) => {
  if (precision === "half") return fromHalves(view);
  const data = new DataView(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
  return Float32Array.from({ length: data.byteLength / 4 }, (_, number) => data.getFloat32(4 * number, true));
};

// `carrier` is what a widget's state has in place of another widget.
async function numbersBy(model, key, carrier) {
  if (!arrived.has(key)) {
    const widget = await model.widget_manager.get_model(carrier.slice("IPY_MODEL_".length));
    if (!arrived.has(key)) arrived.set(key, unpacked(widget.get("numbers"), widget.get("precision")));
    widget.set("numbers", new DataView(new ArrayBuffer(0)));
  }
  return arrived.get(key);
}
