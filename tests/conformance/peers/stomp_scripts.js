// What the clients say, script by script: stomp_peers.js runs them.
//
// A step is {say: command, headers, body}, which a library says in its way; {octets} as they are, {open} with these
// subprotocols, by hand; or {settle: destination}, which sends there and waits until that comes back: what has not come
// by then does not come. `until` says how many of which frames end a step, unless ERROR or the end of the connection
// does before, and with it the script; `behindError` looks at what comes then.
// `show`: headers that are compared beside the usual ones, "* of COMMAND" all of them; `hide`: a command that is not
// looked at; `bodies: false`: bodies by their size. `by`: "hand" where no library says such things.
const NEWS = "/topic/news";
const LOGIN = { login: "guest", passcode: "guest" };
const CONNECTED = { CONNECTED: 1 };
const RECEIPT = { RECEIPT: 1 };
const CLOSED = { closed: 1 };

const say = (command, headers = {}, { body = "", until } = {}) => ({ say: command, headers, body, until });
const connect = (headers = {}) => say("CONNECT", { ...LOGIN, ...headers }, { until: CONNECTED });
const connectBy = (headers) => say("CONNECT", { ...LOGIN, "accept-version": "1.2", host: "/", ...headers }, { until: CONNECTED });
const subscribe = (id, destination, headers = {}) =>
  say("SUBSCRIBE", { id, destination, receipt: `subscribed ${id}`, ...headers }, { until: RECEIPT });
const send = (destination, body, headers = {}, until = { MESSAGE: 1 }) => say("SEND", { destination, ...headers }, { body, until });
const settle = (destination) => ({ settle: destination });
// Says it, and then that it is still there.
const then = (...steps) => [...steps, settle(NEWS)];
const byHand = (name, steps, more = {}) => ({ name, by: "hand", steps, ...more });
const all = (name, steps, more = {}) => ({ name, steps, ...more });

const start = [connectBy(), subscribe("1", NEWS)];
const begin = [connect(), subscribe("1", NEWS)];

const connecting = [
  ...[["v10.stomp"], ["v11.stomp"], ["v12.stomp"], ["v10.stomp", "v11.stomp", "v12.stomp"], [], ["mqtt"]].map((protocols) =>
    byHand(`subprotocols ${protocols.join(", ") || "none"}`, [{ open: protocols }], { show: ["protocol", "status"] })),
  ...["1.0", "1.1", "1.2", "1.0,1.1", "1.0,1.1,1.2", "1.2,9.9", "1.3", ""].map((versions) =>
    byHand(`accept-version ${versions || "empty"}`, [connectBy({ "accept-version": versions })], { show: ["version"] })),
  byHand("no accept-version", [say("CONNECT", { ...LOGIN, host: "/" }, { until: CONNECTED })], { show: ["version"] }),
  byHand("STOMP in place of CONNECT", [say("STOMP", { ...LOGIN, "accept-version": "1.2", host: "/" }, { until: CONNECTED })]),
  byHand("no host", [say("CONNECT", { ...LOGIN, "accept-version": "1.2" }, { until: CONNECTED })]),
  byHand("a host that is not there", [connectBy({ host: "elsewhere" })]),
  all("headers of CONNECTED", [connect()], { show: ["* of CONNECTED"] }),
  ...["0,0", "10000,10000", "60000,0", "0,60000", "10000", "a,b", "-1,0"].map((beats) =>
    byHand(`heart-beat ${beats}`, [connectBy({ "heart-beat": beats })], { show: ["heart-beat"] })),
  all("no login", [say("CONNECT", {}, { until: CONNECTED })]),
  all("a wrong login", [connect({ login: "nobody", passcode: "x" })]),
  byHand("a frame before CONNECT", [say("SUBSCRIBE", { id: "1", destination: NEWS }, { until: CLOSED })]),
  byHand("CONNECT twice", then(...start, connectBy())),
];

const subscribing = [
  all("subscribe, send, receive", [...begin, send(NEWS, "hello", { receipt: "sent" }, { MESSAGE: 1, RECEIPT: 1 })]),
  all("several subscriptions", [
    ...begin, subscribe("2", "/topic/sport"), subscribe("3", NEWS),
    send("/topic/sport", "one"), send(NEWS, "two", {}, { MESSAGE: 2 }), send("/topic/other", "three", {}, {}), settle("/topic/sport"),
  ]),
  all("unsubscribe", [
    ...begin, subscribe("2", "/topic/sport"), say("UNSUBSCRIBE", { id: "2" }), send("/topic/sport", "one", {}, {}), settle(NEWS),
  ]),
  byHand("UNSUBSCRIBE with a receipt", [...start, say("UNSUBSCRIBE", { id: "1", receipt: "left" }, { until: RECEIPT })]),
  byHand("UNSUBSCRIBE of an unknown id", then(...start, say("UNSUBSCRIBE", { id: "9", receipt: "r" }, { until: CLOSED }))),
  byHand("UNSUBSCRIBE without an id", then(...start, say("UNSUBSCRIBE", { receipt: "r" }, { until: CLOSED }))),
  all("a subscription id twice", then(...begin, say("SUBSCRIBE", { id: "1", destination: "/topic/sport", receipt: "r" }, { until: CLOSED }))),
  byHand("SUBSCRIBE without an id", then(...start, say("SUBSCRIBE", { destination: NEWS, receipt: "r" }, { until: RECEIPT }))),
  byHand("SUBSCRIBE without an id in 1.0", [
    connectBy({ "accept-version": "1.0" }), say("SUBSCRIBE", { destination: NEWS, receipt: "r" }, { until: RECEIPT }), send(NEWS, "one"),
    say("UNSUBSCRIBE", { destination: NEWS, receipt: "left" }, { until: RECEIPT }),
  ]),
  byHand("SUBSCRIBE without a destination", then(...start, say("SUBSCRIBE", { id: "2", receipt: "r" }, { until: CLOSED }))),
  ...["/nowhere/x", "nowhere", "/topic/", "/queue/x", "/user/bob/queue/x"].map((destination) =>
    all(`SUBSCRIBE to ${destination}`, then(...begin, say("SUBSCRIBE", { id: "2", destination, receipt: "r" }, { until: RECEIPT })))),
  all("SUBSCRIBE to a pattern", [...begin, subscribe("2", "/topic/a.*"), send("/topic/a.b", "one", { receipt: "sent" }, RECEIPT), settle(NEWS)]),
  byHand("SUBSCRIBE with an unknown ack mode", then(...start,
    say("SUBSCRIBE", { id: "2", destination: NEWS, ack: "maybe", receipt: "r" }, { until: RECEIPT }))),
];

const sending = [
  all("headers of MESSAGE", [...begin, send(NEWS, "x", { "content-type": "text/plain", own: "value", type: "line" })], { show: ["* of MESSAGE"] }),
  ...[["colons and line ends", "a:b\nc\r\n\n:"], ["unicode", "grüße \u{1F600} \u2028 \u{FFFF}"], ["empty", ""],
    ["of 60 KiB", "x".repeat(61_440)]].map(([what, body]) => all(`a body: ${what}`, [...begin, send(NEWS, body)])),
  byHand("a body: with NUL and content-length", [...start, send(NEWS, "a\0b", { "content-length": "3" })]),
  byHand("a body: shorter than content-length", then(...start, { octets: `SEND\ndestination:${NEWS}\ncontent-length:2\n\nabc\0`, until: CLOSED })),
  byHand("a body: content-length is no number", then(...start, { octets: `SEND\ndestination:${NEWS}\ncontent-length:x\n\nabc\0`, until: CLOSED })),
  byHand("a body: of 1 MiB", then(...start, send(NEWS, "x".repeat(1 << 20), { receipt: "r" }, { MESSAGE: 1, RECEIPT: 1 })), { bodies: false }),
  ...[["\\c", "a\\cb"], ["\\n", "a\\nb"], ["\\r", "a\\rb"], ["\\\\", "a\\\\b"], ["a colon", "a:b"], ["\\t", "a\\tb"]].map(([what, id]) =>
    byHand(`in a header: ${what}`, then(...start, say("SUBSCRIBE", { id, destination: "/topic/sport", receipt: id }, { until: RECEIPT }),
      send("/topic/sport", "x")))),
  all("in a header: escapes of libraries", [...begin, subscribe("a:b\\c", "/topic/sport"), send("/topic/sport", "x")]),
  byHand("in a header: escapes in 1.0", [
    connectBy({ "accept-version": "1.0" }), subscribe("a\\cb", NEWS), send(NEWS, "x")]),
  byHand("a header twice", [...start, { octets: `SEND\ndestination:${NEWS}\ndestination:/topic/sport\n\nx\0`, until: { MESSAGE: 1 } }]),
  byHand("a header without a colon", then(...start, { octets: `SEND\ndestination\n\nx\0`, until: CLOSED })),
  byHand("headers of 20 KiB", then(...start, send(NEWS, "x", { large: "x".repeat(20_480) }, { MESSAGE: 1 }))),
  byHand("120 headers", then(...start, send(NEWS, "x", Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`h${n}`, "v"]))))),
  byHand("SEND without a destination", then(...start, say("SEND", { receipt: "r" }, { body: "x", until: CLOSED }))),
  all("SEND to /nowhere/x", then(...begin, send("/nowhere/x", "x", { receipt: "r" }, CLOSED))),
];

const framing = [
  byHand("line ends of CR LF", start.map((step) => ({ ...step, lineEnd: "\r\n" }))),
  byHand("empty lines between frames", [
    ...start, { octets: `\n\nSEND\ndestination:${NEWS}\n\none\0\n\n\nSEND\ndestination:${NEWS}\n\ntwo\0\n`, until: { MESSAGE: 2 } }]),
  byHand("a frame in two messages", [...start, { octets: `SEND\ndestination:${NEWS}\n` }, { octets: `\nhello\0`, until: { MESSAGE: 1 } }]),
  byHand("a binary message", then(...start, { octets: `SEND\ndestination:${NEWS}\n\nhello\0`, binary: true, until: { MESSAGE: 1 } })),
  byHand("an unknown command", then(...start, say("HELLO", { receipt: "r" }, { until: CLOSED }))),
  byHand("a command in lower case", then(...start, say("send", { destination: NEWS, receipt: "r" }, { until: CLOSED }))),
];

const acknowledging = [
  all("a transaction", [
    ...begin, say("BEGIN", { transaction: "t" }), send(NEWS, "one", { transaction: "t" }, {}), settle(NEWS),
    say("COMMIT", { transaction: "t" }), settle(NEWS),
  ]),
  all("a transaction that is aborted", [
    ...begin, say("BEGIN", { transaction: "t" }), send(NEWS, "one", { transaction: "t" }, {}), say("ABORT", { transaction: "t" }), settle(NEWS),
  ]),
  byHand("receipts of BEGIN, COMMIT and ABORT", ["BEGIN", "COMMIT", "BEGIN", "ABORT"].reduce(
    (steps, command) => [...steps, say(command, { transaction: "t", receipt: command }, { until: RECEIPT })], [...start])),
  byHand("COMMIT of an unknown transaction", then(...start, say("COMMIT", { transaction: "t", receipt: "r" }, { until: RECEIPT }))),
  byHand("BEGIN twice", then(...start, say("BEGIN", { transaction: "t" }), say("BEGIN", { transaction: "t", receipt: "r" }, { until: RECEIPT }))),
  byHand("BEGIN without a transaction", then(...start, say("BEGIN", { receipt: "r" }, { until: RECEIPT }))),
  ...["client", "client-individual"].flatMap((ack) => ["ACK", "NACK"].map((command) => all(`ack:${ack}, ${command}`, [
    connect(), subscribe("1", NEWS, { ack }), send(NEWS, "one"),
    { ...say(command), ofMessage: true }, settle(NEWS),
  ], { show: ["ack"] }))),
  byHand("ack in 1.1", [
    connectBy({ "accept-version": "1.1" }), subscribe("1", NEWS, { ack: "client" }), send(NEWS, "one")], { show: ["ack"] }),
  byHand("ACK of an unknown id", then(...start, say("ACK", { id: "x", receipt: "r" }, { until: RECEIPT }))),
  byHand("ACK without an id", then(...start, say("ACK", { receipt: "r" }, { until: RECEIPT }))),
];

const leaving = [
  // Libraries end the connection by themselves when they have the receipt, and two do not hand it on.
  all("DISCONNECT", [...begin, say("DISCONNECT", { receipt: "bye" }, { until: CLOSED })], { hide: "RECEIPT" }),
  byHand("DISCONNECT with a receipt", [...start, say("DISCONNECT", { receipt: "bye" }, { until: CLOSED })]),
  byHand("DISCONNECT without a receipt", [...start, say("DISCONNECT", {}, { until: CLOSED })], { show: ["code"] }),
  byHand("behind ERROR", [...start, say("SUBSCRIBE", { id: "2", destination: "/nowhere/x", receipt: "r" }, { until: RECEIPT })],
    { show: ["* of ERROR", "code"], behindError: true }),
  byHand("behind ERROR before CONNECT", [say("SUBSCRIBE", { id: "1", destination: NEWS }, { until: RECEIPT })],
    { show: ["code"], behindError: true }),
];

export const scripts = [...connecting, ...subscribing, ...sending, ...framing, ...acknowledging, ...leaving];
