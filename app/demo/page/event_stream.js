// One SSE stream and what is known about it. An EventSource reconnects by itself and presents the
// last id that it saw; this adds what it does not do: a cut on purpose, a new start after the server
// refused, a rest while the page is hidden, and a count of resumes and gaps.

const REFUSED_RETRY_MS = 5000;
const HIDDEN_REST_MS = 30000;

export class EventStream extends EventTarget {
  #parameters;
  #types;
  #source = null;
  #timer = 0;
  #ended = new AbortController();

  // `parameters`: name-value pairs of the query. `types`: event names to listen to.
  // Fires `change` (state or figures), `event` (detail: the MessageEvent), `connected`, `gap`,
  // `closing` (detail: their data).
  constructor(parameters, types) {
    super();
    this.#parameters = parameters;
    this.#types = new Set(types);
    this.state = "idle";  // idle, connecting, live, reconnecting, cut, resting, refused
    this.lastEventId = "";
    this.resumes = 0;
    this.gaps = 0;
    this.events = 0;
  }

  get epoch() {
    return this.lastEventId.split("-")[0];
  }

  // Also hears events of this type: an EventSource has to ask for each by name.
  listen(type) {
    if (this.#types.has(type)) return;
    this.#types.add(type);
    if (this.#source) this.#hear(this.#source, type);
  }

  // Begins anew, without a cursor.
  open() {
    this.lastEventId = "";
    this.#connect();
  }

  // Closes the connection and resumes after the last id that was seen.
  cut(milliseconds) {
    this.#disconnect("cut");
    this.#timer = setTimeout(() => this.#connect(), milliseconds);
  }

  // Ends it for good.
  close() {
    this.#ended.abort();
    this.#disconnect("idle");
  }

  // Gives the connection back while nobody looks: a browser has six for each server, in all tabs
  // together. What was missed is there when the page is shown again.
  restWhileHidden() {
    let timer = 0;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      if (document.hidden && this.state !== "idle") {
        timer = setTimeout(() => this.#disconnect("resting"), HIDDEN_REST_MS);
      } else if (this.state === "resting") {
        this.#connect();
      }
    }, { signal: this.#ended.signal });
  }

  #connect() {
    this.#disconnect(this.lastEventId ? "reconnecting" : "connecting");
    const query = new URLSearchParams(this.#parameters);
    if (this.lastEventId) query.set("last_event_id", this.lastEventId);
    const source = new EventSource(`/v1/events?${query}`);
    this.#source = source;

    source.addEventListener("connected", (message) => {
      const data = JSON.parse(message.data);
      if (data.resumed) this.resumes += 1;
      this.lastEventId = message.lastEventId;
      this.#setState("live");
      this.#emit("connected", data);
    });
    source.addEventListener("gap", (message) => {
      this.gaps += 1;
      this.lastEventId = message.lastEventId;
      this.#emit("change");
      this.#emit("gap", JSON.parse(message.data));
    });
    source.addEventListener("closing", (message) => this.#emit("closing", JSON.parse(message.data)));
    for (const type of this.#types) this.#hear(source, type);
    source.addEventListener("error", () => this.#onError(source));
  }

  #hear(source, type) {
    source.addEventListener(type, (message) => this.#take(message));
  }

  #take(message) {
    this.lastEventId = message.lastEventId;
    this.events += 1;
    this.#emit("event", message);
    this.#emit("change");
  }

  #onError(source) {
    if (source !== this.#source) return;
    if (source.readyState === EventSource.CONNECTING) return this.#setState("reconnecting");
    // Anything but 200 ends an EventSource for good.
    this.#disconnect("refused");
    this.#timer = setTimeout(() => this.#connect(), REFUSED_RETRY_MS);
  }

  #disconnect(state) {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.#setState(state);
  }

  #setState(state) {
    this.state = state;
    this.#emit("change");
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
