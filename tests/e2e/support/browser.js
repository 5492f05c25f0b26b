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
// `types` and for `open` and `error`. `cookies`: as playwright takes them, set before the page opens.
export class BrowserEventSource {
  arrivals = new Arrivals();

  static async open(browser, { origin, url, types = ["message"], cookies = [], withCredentials = false }) {
    const source = new BrowserEventSource();
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    await context.addCookies(cookies);
    source.page = await context.newPage();
    await source.page.exposeFunction("report", (item) => source.arrivals.add(item));
    await source.page.goto(`${origin}/a-page-of-this-origin`);
    await source.page.evaluate(([target, names, credentials]) => {
      window.source = new EventSource(target, { withCredentials: credentials });
      for (const name of names) {
        window.source.addEventListener(name, (message) => window.report({
          event: message.type, id: message.lastEventId, data: message.data,
        }));
      }
      // Events may be published under these names; EventSource's own have no data.
      const report = (event, own) => window.report(event instanceof MessageEvent
        ? { event: event.type, id: event.lastEventId, data: event.data } : own);
      window.source.addEventListener("open", (event) => report(event, { event: "open" }));
      window.source.addEventListener("error", (event) => report(event,
        { event: "error", final: window.source.readyState === EventSource.CLOSED }));
    }, [url, ["connected", "gap", "closing", ...types], withCredentials]);
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
