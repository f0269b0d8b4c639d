// Pages of the site: an explorer's scripts are loaded when its place comes into the window. Classic scripts, as a page that was opened from
// disk may load no others, and may fetch nothing.

globalThis.vaeSite = (() => {
  const root = new URL("../", document.currentScript.src), told = new Map(), asked = new Map();

  function script(name) {
    if (!asked.has(name)) {
      asked.set(name, new Promise((resolve, reject) => {
        const tag = document.createElement("script");
        Object.assign(tag, { src: new URL(`_explorers/${name}`, root).href, onload: resolve, onerror: () => reject(new Error(`${name} could not be loaded`)) });
        document.head.append(tag);
      }));
    }
    return asked.get(name);
  }

  async function enliven(place) {
    const { state, numbers } = place.dataset;
    await script("vae-course.js");
    await Promise.all([state, ...numbers.split(" ")].map(script));
    vaeCourse.stand(place, told.get(state));
    place.dataset.moves = "true";
    delete place.dataset.waits;
  }

  const near = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      enliven(target);
    }
  }, { rootMargin: "100px 0px" });

  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll(".vae-place")) {
      place.dataset.waits = "true"; // its room is kept
      near.observe(place);
    }
    // What scrolls has to be reachable by keys.
    for (const wide of document.querySelectorAll("div.highlight pre, div.output, div.math, .pst-scrollable-table-container")) {
      if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
    }
  });
  // A page that was opened from disk may not read others to show a line of each that was found.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  return { tell: (name, state) => told.set(name, state) };
})();
