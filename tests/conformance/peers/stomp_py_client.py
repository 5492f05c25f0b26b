"""stomp.py for stomp_clients.js: `stomp_py_client.py URL` reads frames and writes what it heard, as lines of JSON."""

import json
import sys
from urllib.parse import urlsplit

import stomp


class Heard(stomp.ConnectionListener):

    def hear(self, command, headers, body=""):
        print(json.dumps({"command": command, "headers": headers, "body": body}), flush=True)

    def on_connected(self, frame):
        self.hear("CONNECTED", frame.headers)

    def on_message(self, frame):
        self.hear("MESSAGE", frame.headers, frame.body)

    def on_receipt(self, frame):
        self.hear("RECEIPT", frame.headers)

    def on_error(self, frame):
        self.hear("ERROR", frame.headers, frame.body)

    def on_disconnected(self):
        self.hear("closed", {})


def say(connection, command, headers, body):
    if command == "CONNECT":
        connection.connect(headers=headers, wait=False)
    elif command == "SUBSCRIBE":
        connection.subscribe(headers.pop("destination"), headers.pop("id"), headers.pop("ack", "auto"), headers)
    elif command == "UNSUBSCRIBE":
        connection.unsubscribe(headers.pop("id"), headers)
    elif command == "SEND":
        connection.send(headers.pop("destination"), body, headers=headers)
    elif command in ("BEGIN", "COMMIT", "ABORT"):
        getattr(connection, command.lower())(headers.pop("transaction"), headers)
    elif command in ("ACK", "NACK"):
        getattr(connection, command.lower())(headers["id"], receipt=headers.get("receipt"))
    elif command == "DISCONNECT":
        connection.disconnect(headers["receipt"])


def main():
    url = urlsplit(sys.argv[1])
    connection = stomp.WSStompConnection(
        [(url.hostname, url.port)], ws_path=url.path + (f"?{url.query}" if url.query else ""), vhost="/",
        header={"Sec-WebSocket-Protocol": "v12.stomp"}, heartbeats=(0, 0), reconnect_attempts_max=1)
    connection.set_listener("heard", Heard())
    for line in sys.stdin:
        say(connection, **json.loads(line))


if __name__ == "__main__":
    main()
