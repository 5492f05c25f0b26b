// Debian's Chromium, driven by playwright-core.
import { chromium } from "playwright-core";
import { Arrivals } from "./arrivals.js";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export async function launchBrowser(test) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS,
  });
  test.after(() => browser.close());
  return browser;
}

// A native EventSource in a page of `origin`. `arrivals` gets {event, id, data} for each event of
// `types` and for `open` and `error`.
export class BrowserEventSource {
  arrivals = new Arrivals();

  static async open(browser, { origin, url, types = ["message"] }) {
    const source = new BrowserEventSource();
    source.page = await browser.newPage();
    await source.page.exposeFunction("report", (item) => source.arrivals.add(item));
    await source.page.goto(`${origin}/a-page-of-this-origin`);
    await source.page.evaluate(([target, names]) => {
      window.source = new EventSource(target);
      for (const name of names) {
        window.source.addEventListener(name, (message) => window.report({
          event: message.type, id: message.lastEventId, data: message.data,
        }));
      }
      window.source.addEventListener("open", () => window.report({ event: "open" }));
      window.source.addEventListener("error", () =>
        window.report({ event: "error", final: window.source.readyState === EventSource.CLOSED }));
    }, [url, ["connected", "gap", "closing", ...types]]);
    return source;
  }

  of(...types) {
    return this.arrivals.items.filter(({ event }) => types.includes(event));
  }

  // Resolves to the events of `type` once there are `count`.
  async count(type, count) {
    await this.arrivals.until(() => this.of(type).length >= count, `${count} x ${type}`);
    return this.of(type);
  }
}
