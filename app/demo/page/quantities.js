// Numbers as people read them, of a steady width.

const scaled = (value, step, units) => {
  let unit = 0;
  while (value >= step && unit < units.length - 1) {
    value /= step;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
};

export const bytes = (value) => scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
export const bytesPerSecond = (value) => `${bytes(value)}/s`;
export const percent = (value) => `${value.toFixed(0)} %`;
export const perSecond = (value) => `${scaled(value, 1000, ["", "k", "M"]).trim()}/s`;
export const load = (value) => value.toFixed(2);
export const count = (value) => value.toLocaleString("en");
export const milliseconds = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

// For axes: "18.0 GiB" is "18 GiB".
export const short = (text) => text.replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, "");
