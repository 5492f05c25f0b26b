// The colours of the charts, from the style sheet, so that a canvas follows the colour scheme.

const NAMES = ["series-1", "series-2", "series-3", "series-1-soft", "grid", "faint"];
const colours = {};

function read() {
  const style = getComputedStyle(document.documentElement);
  for (const name of NAMES) colours[name] = style.getPropertyValue(`--${name}`).trim();
}

read();

export const colour = (name) => colours[name];

// Calls `redraw` after the system has gone from light to dark or back.
export function onSchemeChange(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    read();
    redraw();
  });
}
