// The stream that the charts are drawn from, and the card that says how it fares.
import { EventStream } from "/demo/event_stream.js";
import * as quantities from "/demo/quantities.js";
import { StreamCard } from "/demo/stream_card.js";

const CUT_MS = 5000;
const LATENCIES = 20;
const MAX_LATENCY_MS = 10000;  // above, or below zero: the clocks of the two machines differ

const wallClock = () => performance.timeOrigin + performance.now();

// Draws into `charts` what arrives on `demo.system`; `root` is the card.
export class Dashboard {
  #stream = new EventStream(
    [["user", "demo"], ["topic", "demo.system"], ["from", "earliest"]], ["system"]);
  #charts;
  #card;
  #latencies = [];
  #liveSince = Infinity;

  constructor(root, charts) {
    this.#charts = charts;
    this.#card = new StreamCard(root);
    this.#card.follow(this.#stream);
    this.#stream.addEventListener("connected", ({ detail }) => this.#onConnected(detail));
    this.#stream.addEventListener("event", ({ detail }) => this.#onEvent(detail));
    this.#stream.addEventListener("gap", ({ detail }) => this.#onGap(detail));
    this.#stream.addEventListener("closing", ({ detail }) =>
      this.#card.say(`The server ended the stream: ${detail.reason}.`, "warning"));
    this.#card.button("cut").addEventListener("click", () => {
      this.#card.say("Cut on purpose. What is missed meanwhile is filled in.");
      this.#stream.cut(CUT_MS);
    });
    this.#stream.restWhileHidden();
    this.#stream.open();
  }

  #onConnected({ resumed }) {
    this.#liveSince = wallClock();
    if (resumed) this.#card.say("Resumed: the charts have no hole.", "good");
  }

  #onEvent(message) {
    const event = JSON.parse(message.data);
    this.#charts.add(event);
    this.#measure(event.time_ms);
    if (this.#stream.events === 1) this.#card.say("Live. The log filled the charts at once.");
  }

  // What was missed cannot be had: start over with what the log still has.
  #onGap({ reason }) {
    const time = new Date().toLocaleTimeString();
    this.#card.say(`Gap (${reason}) at ${time}: events were lost, the charts were reloaded.`, "warning");
    this.#charts.clear();
    this.#stream.open();
  }

  // Only what was published while this page was listening says how long delivery takes.
  #measure(publishedAt) {
    const latency = wallClock() - publishedAt;
    if (publishedAt < this.#liveSince) return;
    this.#latencies = [...this.#latencies, latency].slice(-LATENCIES);
    const median = [...this.#latencies].sort((a, b) => a - b)[this.#latencies.length >> 1];
    const plausible = median >= 0 && median < MAX_LATENCY_MS;
    this.#card.show("delivery", plausible ? quantities.milliseconds(median) : "clocks differ");
  }
}
