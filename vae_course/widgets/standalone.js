// On a page without a kernel: an explorer stands where its state is written, and paints with numbers that classic scripts bring.

const bytesOf = (text) => new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

function bring(key, precision, text) {
  if (!arrived.has(key)) arrived.set(key, unpacked(bytesOf(text), precision));
}

// `told` is an explorer's state as JSON has it: what stands in the place, or what a script has brought.
function stand(place, told = JSON.parse(place.querySelector("script").textContent)) {
  if (!document.querySelector("style.vae-style")) document.head.append(element("style", "vae-style", {}, STYLE));
  const state = { ...told };
  for (const name of ["png", "backdrop", "sound"]) state[name] = bytesOf(state[name]);
  const model = { alone: true, get: (name) => state[name], on() {}, off() {}, send() {} };
  const el = element("div", "");
  place.prepend(el);
  render({ model, el });
}
