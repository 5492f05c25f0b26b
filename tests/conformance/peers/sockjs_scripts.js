// What is asked of a SockJS server, script by script: each gets a Site and says what it saw. sockjs_peers.js runs them.
const CONNECT = "CONNECT\naccept-version:1.2\nhost:x\n\n\0";
const subscribe = (id, destination) => `SUBSCRIBE\nid:${id}\ndestination:${destination}\nreceipt:${id}\n\n\0`;
const send = (destination, body) => `SEND\ndestination:${destination}\n\n${body}\0`;
const receipt = (id) => `UNSUBSCRIBE\nid:${id}\nreceipt:${id}\n\n\0`;
const PAGE = { Origin: "http://page.example" };
const PREFLIGHT = { ...PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type, x-own" };
const STREAMS = ["xhr_streaming", "eventsource"];
const methodOf = (transport) => transport === "eventsource" ? "GET" : "POST";
const TEXTS = {
  "Latin and CJK": "grüße 你好",
  "an emoji": "\u{1F600}",
  "control characters": "\u0001\u001f\u007f\u0085",
  "joiners and marks": "\u200b\u200c\u200f\u2028\u202f\u2060\u206f\ufeff",
  "specials": "\uffef\ufff0\uffff",
  "combining": "\u0300\u0600\u070f\u17b4\u0fff",
  "quotes and slashes": "\" \\ / </script>",
};

export const scripts = {};

for (const where of ["", "/"]) scripts[`greeting of base${where}`] = (site) => site.ask("GET", where, { all: true });

Object.assign(scripts, {
  "info": (site) => site.ask("GET", "/info", { all: true }),
  "info for another origin": (site) => site.ask("GET", "/info", { headers: PAGE, all: true }),
  "info for an origin of nobody": (site) => site.ask("GET", "/info", { headers: { Origin: "null" }, all: true }),
  "info by OPTIONS": (site) => site.ask("OPTIONS", "/info", { headers: PREFLIGHT, all: true }),
  "info by POST": (site) => site.ask("POST", "/info", { body: "" }),
  "info with a slash behind": (site) => site.ask("GET", "/info/"),
  "chunking_test": (site) => site.ask("POST", "/chunking_test", { body: "", noBody: true }),
  "iframe": async (site) => {
    const { text } = await site.ask("GET", "/iframe.html", { noBody: true, all: true });
    site.say("script", /<script src="([^"]+)"/.exec(text)[1], text.includes("SockJS.bootstrap_iframe();") && "and bootstrap");
  },
  "iframe that is cached": async (site) => {
    const { response } = await site.begin("GET", "/iframe.html").whole();
    await site.ask("GET", "/iframe.html", { headers: { "If-None-Match": response.headers.etag }, all: true });
  },
});
const IFRAMES = ["iframe-a.html", "iframe-0.1.2-dirty.2144.html", "iframe-.html", "iframe.htm", "iframe", "IFRAME.HTML", "iframe.xml",
  "iframe-A.html", "iframe-a_b.html"];
for (const name of IFRAMES) {
  scripts[`iframe as ${name}`] = async (site) => site.say("status", await site.status("GET", `/${name}`));
}

for (const path of ["/a", "/a/a", "/a/a/", "/a/a/unknown", "/a//xhr", "//a/xhr", "/a.b/c/xhr", "/a/b.c/xhr", "/a/a/xhr/", "/a/a/a/xhr"]) {
  scripts[`path ${path}`] = async (site) => site.say("status", await site.status("POST", path, { body: "" }));
}
for (const [method, transport] of [["GET", "jsonp"], ["POST", "jsonp_send"], ["GET", "htmlfile"]]) {
  scripts[`transport ${transport}`] = async (site) => {
    const session = site.session();
    await site.begin("POST", `${session}/xhr`).whole();
    site.say("status", await site.status(method, `${session}/${transport}?c=callback`, method === "POST" ? { body: '["x"]' } : {}));
  };
}
const WRONG_METHODS = [["GET", "xhr"], ["GET", "xhr_send"], ["GET", "xhr_streaming"], ["POST", "eventsource"], ["POST", "websocket"],
  ["PUT", "xhr"], ["DELETE", "xhr"]];
for (const [method, transport] of WRONG_METHODS) {
  scripts[`${method} of ${transport}`] = (site) => site.ask(method, `${site.session()}/${transport}`);
}
for (const transport of ["xhr", "xhr_send", "xhr_streaming", "eventsource", "websocket"]) {
  scripts[`preflight of ${transport}`] = (site) => site.ask("OPTIONS", `${site.session()}/${transport}`, { headers: PREFLIGHT, all: true });
}
for (const path of ["/websocket", "/000/000/websocket"]) {
  scripts[`${path} without an upgrade`] = (site) => site.ask("GET", path);
}

// How a session opens and what its responses look like.
scripts["xhr: open, and with which headers"] = (site) => site.ask("POST", `${site.session()}/xhr`, { all: true });
scripts["xhr: headers for another origin"] = (site) => site.ask("POST", `${site.session()}/xhr`, { headers: PAGE, all: true });
scripts["xhr: headers for an origin of nobody"] = (site) => site.ask("POST", `${site.session()}/xhr`, { headers: { Origin: "null" }, all: true });
for (const transport of STREAMS) {
  scripts[`${transport}: open, and with which headers`] = async (site) => {
    const stream = site.begin(methodOf(transport), `${site.session()}/${transport}`, { headers: PAGE });
    await stream.until((text) => /o\r?\n/.test(text), "the open frame");
    site.sayHead(stream.response);
    site.say("body", site.shown(stream.text));
  };
  scripts[`${transport}: messages, and the end`] = async (site) => {
    const session = site.session();
    const stream = site.begin(methodOf(transport), `${session}/${transport}`);
    await stream.until((text) => /o\r?\n/.test(text), "the open frame");
    site.say("send", await site.send(session, CONNECT));
    await stream.until((text) => text.includes("CONNECTED"), "CONNECTED");
    site.say("send", await site.send(session, "DISCONNECT\nreceipt:bye\n\n\0"));
    await stream.whole();
    site.say("body", site.shown(stream.text));
  };
  scripts[`${transport}: a response that is full`] = async (site) => {
    const session = site.session();
    const stream = site.begin(methodOf(transport), `${session}/${transport}`);
    await stream.until((text) => /o\r?\n/.test(text), "the open frame");
    await site.send(session, CONNECT, subscribe("1", "/topic/full"));
    await stream.until((text) => text.includes("RECEIPT"), "the receipt");
    for (let sent = 1; sent <= 4; sent += 1) {
      await site.send(session, send("/topic/full", "x".repeat(40_000)));
      await stream.until((text) => text.split("x".repeat(40_000)).length > sent, `message ${sent}`);
    }
    await stream.whole();
    site.say("ended after 4 messages of 40,000 characters");
    await site.send(session, receipt("1"));
    await site.poll(session);
  };
}
scripts["xhr: many messages in one frame"] = async (site) => {
  const session = site.session();
  await site.poll(session);
  site.say("send", await site.send(session, CONNECT));
  await site.poll(session);
  site.say("send", await site.send(session, subscribe("1", "/topic/many"), ...["a", "b", "c"].map((id) => subscribe(id, "/topic/none"))));
  // However the frames are cut, the messages are these.
  let messages = [];
  while (messages.length < 4) messages = messages.concat(JSON.parse((await site.begin("POST", `${session}/xhr`).whole()).text.slice(1)));
  for (const message of messages) site.say("message", site.shown(message));
};
for (const [what, text] of Object.entries(TEXTS)) {
  scripts[`escaping of ${what}`] = async (site) => {
    const { socket, heard } = await site.webSocket(`${site.session()}/websocket`);
    socket.send(JSON.stringify([CONNECT, subscribe("1", "/topic/text"), send("/topic/text", text)]));
    const frame = await heard.first((item) => item.includes("MESSAGE"));
    site.say("frame", site.shown(frame.slice(frame.indexOf("MESSAGE")).replace(/"\]$/, "").replace(/\\nmessage-id.*?\\n\\n/, " ")));
    site.say(JSON.parse(frame.slice(1)).at(-1).endsWith(`${text}\0`) ? "the same text" : "another text");
  };
}

// xhr_send.
const PAYLOADS = [["nothing", ""], ["a string", '"x"'], ["broken JSON", '["x'], ["an object", "{}"], ["null", "null"], ["numbers", "[1]"],
  ["an empty array", "[]"], ["a lone surrogate", '["\\ud800"]'], ["not UTF-8", Buffer.from('["\xff"]', "latin1")]];
for (const [what, body] of PAYLOADS) {
  scripts[`xhr_send of ${what}`] = async (site) => {
    const session = site.session();
    await site.begin("POST", `${session}/xhr`).whole();
    await site.ask("POST", `${session}/xhr_send`, { body });
  };
}
for (const type of ["text/plain", "application/json", "application/xml", "T", ""]) {
  scripts[`xhr_send with content-type ${type || "empty"}`] = async (site) => {
    const session = site.session();
    await site.begin("POST", `${session}/xhr`).whole();
    await site.ask("POST", `${session}/xhr_send`, { body: JSON.stringify([CONNECT]), headers: { "Content-Type": type } });
    await site.poll(session);
  };
}
scripts["xhr_send, and its headers"] = async (site) => {
  const session = site.session();
  await site.begin("POST", `${session}/xhr`).whole();
  await site.ask("POST", `${session}/xhr_send`, { body: JSON.stringify([CONNECT]), all: true });
};
scripts["xhr_send to an unknown session"] = (site) => site.ask("POST", `${site.session()}/xhr_send`, { body: '["x"]' });
scripts["xhr_send for another origin"] = async (site) => {
  const session = site.session();
  await site.begin("POST", `${session}/xhr`, { headers: PAGE }).whole();
  await site.ask("POST", `${session}/xhr_send`, { body: JSON.stringify([CONNECT]), headers: PAGE, all: true });
};
scripts["xhr_send in chunks"] = async (site) => {
  const session = site.session();
  await site.begin("POST", `${session}/xhr`).whole();
  await site.ask("POST", `${session}/xhr_send`, { body: JSON.stringify([CONNECT]), headers: { "Transfer-Encoding": "chunked" } });
};

// The ends of a session.
for (const transport of ["xhr", ...STREAMS]) {
  scripts[`a second receiver: ${transport}`] = async (site) => {
    const session = site.session();
    await site.begin("POST", `${session}/xhr`).whole();
    const first = site.begin("POST", `${session}/xhr_streaming`);
    await first.until((text) => text.length > 2048, "the prelude");
    const second = await site.begin(methodOf(transport), `${session}/${transport}`).whole();
    site.say("second", site.shown(second.text));
    site.say("send", await site.send(session, CONNECT));
    await first.until((text) => text.includes("CONNECTED"), "that the first goes on");
    site.say("the first goes on");
  };
}
scripts["the close frame comes again"] = async (site) => {
  const session = site.session();
  await site.begin("POST", `${session}/xhr`).whole();
  await site.send(session, CONNECT);
  await site.begin("POST", `${session}/xhr`).whole();
  await site.send(session, "DISCONNECT\n\n\0");
  for (let n = 0; n < 3; n += 1) await site.poll(session);
  site.say("send", await site.send(session, "\n"));
};
scripts["the close frame behind ERROR"] = async (site) => {
  const session = site.session();
  await site.begin("POST", `${session}/xhr`).whole();
  await site.send(session, "HELLO\n\n\0");
  while (!(await site.poll(session)).startsWith("c")) { /* what comes before it */ }
};
for (const transport of STREAMS) {
  scripts[`a receiver that is cut: ${transport}`] = async (site) => {
    const session = site.session();
    await site.begin("POST", `${session}/xhr`).whole();
    const first = site.begin(methodOf(transport), `${session}/${transport}`);
    await first.until((text) => text.length > 0, "its beginning");
    first.abort();
    // Until the server has seen it, the first is still there.
    let text = "";
    do {
      const next = site.begin("POST", `${session}/xhr_streaming`);
      await next.until((came) => /\n[oac]/.test(came), "a frame");
      text = next.text;
    } while (text.includes("2010"));
    site.say("next", site.shown(text));
  };
}

// WebSocket.
scripts["websocket: open, messages, the end"] = async (site) => {
  const { socket, sayAll, heard } = await site.webSocket(`${site.session()}/websocket`);
  socket.send(JSON.stringify([CONNECT]));
  await heard.count(2);
  socket.send("");
  socket.send(JSON.stringify(["DISCONNECT\nreceipt:bye\n\n\0"]));
  await heard.first((item) => item.startsWith("closed"));
  await sayAll(1);
};
scripts["websocket: a string that is no array"] = async (site) => {
  const { socket, heard } = await site.webSocket(`${site.session()}/websocket`);
  socket.send(JSON.stringify(CONNECT));
  site.say(site.shown(await heard.first((item) => item.includes("CONNECTED") || item.startsWith("closed"))));
};
scripts["websocket: broken JSON"] = async (site) => {
  const { socket, heard, sayAll } = await site.webSocket(`${site.session()}/websocket`);
  socket.send('["x');
  await heard.first((item) => item.startsWith("closed"));
  await sayAll(1);
};
scripts["websocket: one session id twice"] = async (site) => {
  const session = site.session();
  for (let n = 0; n < 2; n += 1) await (await site.webSocket(`${session}/websocket`)).sayAll(1);
};
scripts["websocket: the client closes"] = async (site) => {
  const { socket, heard } = await site.webSocket(`${site.session()}/websocket`);
  await heard.count(1);
  socket.close(1000);
  site.say(await heard.first((item) => item.startsWith("closed")));
};
scripts["websocket: of an unknown origin"] = async (site) => {
  const headers = { Origin: "http://other.example", Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==" };
  site.say("status", await site.status("GET", `${site.session()}/websocket`, { headers }));
};
scripts["raw websocket: messages, the end"] = async (site) => {
  const { socket, sayAll, heard } = await site.webSocket("/websocket");
  socket.send(CONNECT);
  await heard.count(1);
  socket.send("DISCONNECT\nreceipt:bye\n\n\0");
  await heard.first((item) => item.startsWith("closed"));
  await sayAll(1);
};

// The client that pages have.
for (const transport of ["websocket", "xhr-streaming", "eventsource", "xhr-polling"]) {
  scripts[`sockjs-client: ${transport}`] = async (site) => {
    const { client, heard } = site.client([transport]);
    await heard.count(1);
    client.send(CONNECT);
    await heard.first((item) => item.includes("CONNECTED"));
    client.send(subscribe("1", "/topic/client"));
    await heard.first((item) => item.includes("RECEIPT"));
    client.send(send("/topic/client", TEXTS["joiners and marks"]));
    await heard.first((item) => item.includes("MESSAGE"));
    client.send("DISCONNECT\nreceipt:bye\n\n\0");
    await heard.first((item) => item.startsWith("close"));
    for (const item of heard.items) site.say(item);
  };
  scripts[`sockjs-client: ${transport}, the client closes`] = async (site) => {
    const { client, heard } = site.client([transport]);
    await heard.count(1);
    client.close();
    for (const item of await heard.count(2)) site.say(item);
  };
}
scripts["sockjs-client: its own choice"] = async (site) => {
  const { heard } = site.client(undefined);
  site.say(...await heard.count(1));
};

// Those that take their time run beside each other.
export const slowScripts = {
  "a session whose receiver went": async (site) => {
    const session = site.session();
    await site.begin("POST", `${session}/xhr`).whole();
    let status = 204;
    while (status === 204) {
      await new Promise((resolve) => { setTimeout(resolve, 100); });
      status = await site.status("POST", `${session}/xhr_send`, { body: "[]" });
    }
    site.say("send", status, "at last");
  },
  ...Object.fromEntries(STREAMS.map((transport) => [`${transport}: heartbeat`, async (site) => {
    const session = site.session();
    const stream = site.begin(methodOf(transport), `${session}/${transport}`);
    await stream.until((text) => /o\r?\n/.test(text), "the open frame");
    await site.send(session, CONNECT);
    const heart = transport === "eventsource" ? "data: h\r\n\r\n" : "\nh\n";
    await stream.late((text) => text.includes(heart));
    site.say("frame", site.shown(heart));
  }])),
  "websocket: heartbeat": async (site) => {
    const { socket } = await site.webSocket(`${site.session()}/websocket`);
    socket.send(JSON.stringify([CONNECT]));
    site.say("frame", await new Promise((resolve) => {
      socket.on("message", (bytes) => { if (`${bytes}` === "h") resolve("h"); });
      socket.on("ping", () => resolve("(a ping of WebSocket)"));
    }));
  },
};
