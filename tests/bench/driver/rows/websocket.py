"""WebSocket sessions: bursts to one of them, and many idle ones. Fan-out and memory are in `protocols`."""

from driver.rows import burst, idle

_OPTIONS = ("--wire", "json")


def measure(bench):
    return burst.measure_with(bench, "websocket.burst", "user over WebSocket", _OPTIONS) + [
        idle.measure_with(bench, "websocket.idle", f"idle CPU of {bench.sessions:,} WebSocket sessions with 15 s "
                          "cursors, per connection-second", _OPTIONS)]
