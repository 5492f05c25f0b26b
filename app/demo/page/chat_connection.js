// The chat's STOMP connection and what is known about it: which transport, the cursor, resumes and gaps.
// @stomp/stompjs reconnects; this has each connection resume after the last message that was seen.

const MESSAGES = "/topic/chat";
const TYPING = "/topic/chat.typing";
const SOCKJS = "/v1/sockjs";
const RECONNECT_MS = 1000;
const ANSWER_MS = 8000;
const HAS_WEBSOCKET = typeof WebSocket === "function";

export class ChatConnection extends EventTarget {
  #user;
  #client;
  #timer = 0;
  #canWebSocket = HAS_WEBSOCKET;
  #hasOpened = false;  // the socket of this attempt
  #waiting = new Map();  // receipt -> what settles its send(), with an error or without
  #receipts = 0;

  // Fires `change` (state or figures), `connected` (detail: {resumed}), `caught-up` (and `live`: what was said before
  // has come), `said` (detail: {id, type, body}), `typing` (detail: {body}), `gap` (detail: its body), `trouble`
  // (detail: what the server says).
  constructor(user) {
    super();
    this.#user = user;
    this.state = "idle";  // idle, connecting, live, reconnecting, cut
    this.transport = "";
    this.lastEventId = "";
    this.resumes = 0;
    this.gaps = 0;
    this.events = 0;
  }

  get epoch() {
    return this.lastEventId.split("-")[0];
  }

  open() {
    this.#client = new StompJs.Client({
      webSocketFactory: () => this.#openSocket(),
      reconnectDelay: RECONNECT_MS,
      beforeConnect: () => this.#chooseTransport(),
      onConnect: () => this.#onConnected(),
      onStompError: (frame) => this.#emit("trouble", frame.headers.message),
      onWebSocketClose: () => this.#onClosed(),
    });
    this.#activate();
  }

  // Closes the connection and comes back after a while.
  async cut(milliseconds) {
    clearTimeout(this.#timer);
    this.#setState("cut");
    this.#timer = setTimeout(() => this.#activate(), milliseconds);
    await this.#client.deactivate({ force: true });
  }

  async close() {
    clearTimeout(this.#timer);
    await this.#client?.deactivate();
    this.#setState("idle");
  }

  // Resolves when the server has stored the message.
  send(text) {
    return new Promise((resolve, reject) => {
      if (!this.#client.connected) return reject(new Error("not connected"));
      const receipt = this.#nextReceipt();
      const settle = (error) => {
        clearTimeout(timer);
        this.#waiting.delete(receipt);
        if (error) reject(error); else resolve();
      };
      const timer = setTimeout(() => settle(new Error("no answer")), ANSWER_MS);
      this.#waiting.set(receipt, settle);
      this.#client.watchForReceipt(receipt, () => settle());
      this.#publish("/app/chat.sendMessage", { text }, { receipt });
    });
  }

  // Says that this user types, to whoever is there.
  type() {
    if (this.#client.connected) this.#publish("/app/chat.typing", {}, {});
  }

  #publish(destination, data, headers) {
    this.#client.publish({ destination, body: JSON.stringify(data), headers: { "content-type": "application/json", ...headers } });
  }

  #activate() {
    this.#setState(this.lastEventId ? "reconnecting" : "connecting");
    this.#client.activate();
  }

  // A WebSocket that never opened is blocked on the way, or the server is away: where the server answers SockJS,
  // it is the former.
  async #chooseTransport() {
    if (this.#canWebSocket) return;
    try {
      this.#canWebSocket = HAS_WEBSOCKET && !(await fetch(`${SOCKJS}/info`, { cache: "no-store" })).ok;
    } catch {
      this.#canWebSocket = HAS_WEBSOCKET;  // nobody is there
    }
  }

  #openSocket() {
    const query = new URLSearchParams({ user: this.#user });
    this.#hasOpened = false;
    let socket;
    if (this.#canWebSocket) {
      const url = new URL(`/v1/ws?${query}`, location.href);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      socket = new WebSocket(url, StompJs.Versions.default.protocolVersions());
      socket.addEventListener("open", () => { this.#hasOpened = true; });
      this.transport = "WebSocket";
    } else {
      socket = new SockJS(`${SOCKJS}?${query}`, null, { transports: ["xhr-streaming", "eventsource", "xhr-polling"] });
      this.transport = "SockJS";
    }
    this.#emit("change");
    return socket;
  }

  #onConnected() {
    const resumed = this.lastEventId !== "";
    if (resumed) this.resumes += 1;
    this.#emit("connected", { resumed });
    const headers = resumed ? { "last-event-id": this.lastEventId } : { from: "earliest" };
    // What the first subscription has to bring is sent behind its receipt and before the next one.
    this.#subscribe(MESSAGES, (message) => this.#take(message), headers, () =>
      this.#subscribe(TYPING, ({ body }) => this.#emit("typing", { body }), {}, () => {
        this.#setState("live");
        this.#emit("caught-up");
      }));
  }

  #subscribe(destination, onMessage, headers, onReceipt) {
    const receipt = this.#nextReceipt();
    this.#client.watchForReceipt(receipt, onReceipt);
    this.#client.subscribe(destination, onMessage, { receipt, ...headers });
  }

  #nextReceipt() {
    return `r${(this.#receipts += 1)}`;
  }

  #take({ headers, body }) {
    this.lastEventId = headers["message-id"];
    if (headers.type === "gap") {
      this.gaps += 1;
      this.#emit("gap", JSON.parse(body));
    } else {
      this.events += 1;
      this.#emit("said", { id: this.lastEventId, type: headers.type, body });
    }
    this.#emit("change");
  }

  #onClosed() {
    for (const settle of [...this.#waiting.values()]) settle(new Error("the connection ended before the answer"));
    this.#canWebSocket = HAS_WEBSOCKET && (this.transport !== "WebSocket" || this.#hasOpened);
    if (this.state === "cut" || this.state === "idle") return;
    this.#setState(this.lastEventId ? "reconnecting" : "connecting");
  }

  #setState(state) {
    this.state = state;
    this.#emit("change");
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
