// The chat page: who one is, what was said, who types, and how the connection fares.
import { ChatConnection } from "/demo/chat_connection.js";
import { ChatLog, parseMessage } from "/demo/chat_log.js";
import { StreamCard } from "/demo/stream_card.js";

const CUT_MS = 5000;
const TYPING_EVERY_MS = 2000;
const TYPING_SHOWN_MS = 4000;
const NAME_KEY = "sluice-chat-name";

const byId = (id) => document.getElementById(id);
const card = new StreamCard(byId("chat"));
const log = new ChatLog(byId("chat-log"));
const join = byId("chat-join");
const compose = byId("chat-compose");
const text = byId("chat-text");
const sendButton = compose.querySelector("button");

let connection = null;
let user = "";
let isResuming = false;  // what comes now had been missed
let missed = 0;
let typedAt = -Infinity;
const typists = new Map();  // name -> timer

function showTypists() {
  const names = [...typists.keys()];
  byId("chat-typing").textContent = names.length === 0 ? ""
    : names.length > 3 ? "Several people are typing …"
      : `${names.join(", ")} ${names.length === 1 ? "is" : "are"} typing …`;
}

function stopTyping(name) {
  clearTimeout(typists.get(name));
  typists.delete(name);
  showTypists();
}

function onTyping({ body }) {
  const { sender, time } = parseMessage(body);
  if (!sender || sender === user || Date.now() - time > TYPING_SHOWN_MS) return;
  clearTimeout(typists.get(sender));
  typists.set(sender, setTimeout(() => stopTyping(sender), TYPING_SHOWN_MS));
  showTypists();
}

function onConnected({ resumed }) {
  isResuming = resumed;
  missed = 0;
  if (!resumed) card.say(`Joined as ${user}. What was said before is above.`);
}

function onCaughtUp() {
  if (!isResuming) return;
  isResuming = false;
  const count = missed === 1 ? "1 message" : `${missed || "no"} messages`;
  card.say(`Resumed: ${count} had been missed${missed ? ", all are here" : ""}.`, "good");
}

function onSaid(message) {
  stopTyping(log.say(message, { user, missed: isResuming }));
  if (isResuming) missed += 1;
}

function onChange() {
  card.show("transport", connection.transport && connection.state !== "idle" ? `over ${connection.transport}` : "");
  byId("chat").dataset.transport = connection.transport;
  sendButton.disabled = connection.state !== "live";
}

async function enter(name) {
  await connection?.close();
  user = name;
  log.clear();
  for (const each of [...typists.keys()]) stopTyping(each);
  connection = new ChatConnection(user);
  const mine = connection;
  const listen = (type, handler) =>
    mine.addEventListener(type, ({ detail }) => mine === connection && handler(detail));
  card.follow(mine);
  listen("change", onChange);
  listen("connected", onConnected);
  listen("caught-up", onCaughtUp);
  listen("said", onSaid);
  listen("typing", onTyping);
  listen("gap", ({ reason }) => log.note(`gap (${reason}): some of what was said is no longer retained`, "warning"));
  listen("trouble", (message) => log.note(`the server says: ${message}`, "warning"));
  show(true);
  card.say("Connecting.");
  mine.open();
  text.focus();
}

function show(hasJoined) {
  compose.hidden = !hasJoined;
  card.button("leave").hidden = !hasJoined;
  join.hidden = hasJoined;
}

async function leave() {
  show(false);
  card.say("You have left. Say who you are to join.");
  join.elements.name.focus();
  await connection.close();
}

async function send() {
  const said = text.value.trim();
  if (!said || connection?.state !== "live") return;
  text.value = "";
  typedAt = -Infinity;
  try {
    await connection.send(said);
  } catch (error) {
    // It may have been stored all the same; the reader sees whether it was.
    if (!text.value) text.value = said;
    card.say(`Perhaps not sent: ${error.message}.`, "warning");
  }
}

join.addEventListener("submit", (event) => {
  event.preventDefault();
  const name = join.elements.name.value.trim();
  if (!name) return;
  sessionStorage.setItem(NAME_KEY, name);
  enter(name);
});
compose.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
text.addEventListener("input", () => {
  if (performance.now() - typedAt < TYPING_EVERY_MS || !text.value) return;
  typedAt = performance.now();
  connection.type();
});
card.button("leave").addEventListener("click", leave);
card.button("cut").addEventListener("click", () => {
  card.say(`Cut. What is said now comes when the page is back, in ${CUT_MS / 1000} s.`);
  connection.cut(CUT_MS);
});

join.elements.name.value = new URLSearchParams(location.search).get("name") ?? sessionStorage.getItem(NAME_KEY) ?? "";
