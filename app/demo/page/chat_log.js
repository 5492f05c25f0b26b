// The messages of the chat, oldest first. Text goes into the document only as text.
import { element } from "/demo/element.js";

const MAX_ROWS = 500;
const NEAR_END_PX = 60;

// What a route of the server made of a client's message: who sent it and when are the server's word. Anything
// else was published by a backend, and is shown as it is.
export function parseMessage(body) {
  try {
    const { sender, time, data } = JSON.parse(body);
    if (typeof sender !== "string" || typeof time !== "number") throw new Error("not stamped");
    const text = typeof data?.text === "string" ? data.text : typeof data === "string" ? data : JSON.stringify(data);
    return { sender, time: new Date(time), text };
  } catch {
    return { sender: "", time: null, text: body };
  }
}

export class ChatLog {
  #list;

  constructor(list) {
    this.#list = list;
  }

  clear() {
    this.#list.replaceChildren();
  }

  // `own`: of this page's user. `missed`: while the page was away.
  say({ id, body }, { user, missed }) {
    const { sender, time, text } = parseMessage(body);
    const row = element("li", { className: "said", title: id },
      element("div", { className: "said-head" },
        element("span", { className: "said-name", textContent: sender || "a backend" }),
        ...(time ? [element("time", {
          dateTime: time.toISOString(), title: time.toLocaleString(), textContent: time.toLocaleTimeString(),
        })] : [])),
      element("div", { className: "said-text", textContent: text }));
    row.dataset.eventId = id;
    row.dataset.sender = sender;
    if (sender === user) row.dataset.own = "true";
    if (missed) row.dataset.missed = "true";
    this.#append(row, sender === user);
    return sender;
  }

  note(text, kind) {
    const row = element("li", { className: "note", textContent: text });
    row.dataset.kind = kind;
    this.#append(row);
  }

  // Stays at the end if the reader is there.
  #append(row, follow = false) {
    const list = this.#list;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END_PX;
    list.append(row);
    while (list.children.length > MAX_ROWS) list.firstElementChild.remove();
    if (isAtEnd || follow) list.scrollTop = list.scrollHeight;
  }
}
