// The stream of one user: its events, newest first, and a cut that shows what a resume brings.
import { element } from "/demo/element.js";
import { EventStream } from "/demo/event_stream.js";
import { StreamCard } from "/demo/stream_card.js";

const MAX_ROWS = 100;
const REPLAY_MS = 250;  // what comes this soon after a resume had been missed

const typesOf = (text) => text.split(",").map((type) => type.trim()).filter((type) => type !== "");

// `root` is the card. Follows what its form names, at once and whenever the form is sent.
export class UserStream {
  #root;
  #form;
  #list;
  #card;
  #stream = new EventStream([], []);
  #cutRow = null;  // says what the last cut missed
  #missed = 0;
  #replayUntil = 0;

  constructor(root) {
    this.#root = root;
    this.#form = root.querySelector("form");
    this.#card = new StreamCard(root);
    this.#list = this.#card.field("events-list");
    this.#card.button("cut").addEventListener("click", () => this.#cut());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#follow();
    });
    this.#follow();
  }

  // Makes sure that events of this type are heard.
  listen(type) {
    const field = this.#form.elements.types;
    if (!typesOf(field.value).includes(type)) field.value += `, ${type}`;
    this.#stream.listen(type);
  }

  #follow() {
    const { user, types } = this.#form.elements;
    this.#stream.close();
    this.#list.replaceChildren();
    this.#cutRow = null;
    this.#replayUntil = 0;
    this.#root.dataset.user = user.value;
    this.#stream = new EventStream([["user", user.value], ["from", "earliest"]], typesOf(types.value));
    this.#card.follow(this.#stream);
    this.#stream.addEventListener("connected", ({ detail }) => this.#onConnected(detail));
    this.#stream.addEventListener("event", ({ detail }) => this.#onEvent(detail));
    this.#stream.addEventListener("gap", ({ detail }) =>
      this.#note(`gap (${detail.reason}): what was missed is no longer retained`, "warning"));
    this.#stream.addEventListener("closing", ({ detail }) =>
      this.#note(`the server ended the stream: ${detail.reason}`, "warning"));
    this.#card.say(`Following ${user.value}, from the oldest event that the log retains.`);
    this.#stream.restWhileHidden();
    this.#stream.open();
  }

  #cut() {
    const seconds = Number(this.#card.field("cut-seconds").value);
    this.#cutRow = this.#note(`cut after ${this.#stream.lastEventId}`, "cut");
    this.#card.say(`Cut. Publish something now: the stream resumes in ${seconds} s.`);
    this.#stream.cut(seconds * 1000);
  }

  #onConnected({ resumed }) {
    if (!resumed) return;
    this.#missed = 0;
    this.#replayUntil = performance.now() + REPLAY_MS;
    this.#cutRow ??= this.#note(`cut after ${this.#stream.lastEventId}`, "cut");
    this.#countMissed();
  }

  #onEvent(message) {
    const missed = performance.now() < this.#replayUntil;
    const row = element("li", { className: "event" },
      element("span", { className: "event-id mono", textContent: message.lastEventId }),
      element("span", { className: "event-type", textContent: message.type }),
      element("span", { className: "event-data mono", textContent: message.data }));
    row.dataset.eventId = message.lastEventId;
    if (missed) {
      row.dataset.missed = "true";
      this.#missed += 1;
      this.#countMissed();
    }
    this.#prepend(row);
  }

  #countMissed() {
    const events = this.#missed === 1 ? "1 event" : `${this.#missed || "no"} events`;
    this.#cutRow.dataset.missed = this.#missed;
    this.#card.say(`Resumed: ${events} had been missed${this.#missed ? ", all are here" : ""}.`, "good");
  }

  #note(text, kind) {
    const row = element("li", { className: "note", textContent: text });
    row.dataset.kind = kind;
    this.#prepend(row);
    return row;
  }

  #prepend(row) {
    this.#list.prepend(row);
    while (this.#list.children.length > MAX_ROWS) this.#list.lastElementChild.remove();
  }
}
