"""Backends: `sluice receive` processes of one group, which write what they take into one pipe."""

import json
import os
import subprocess
import threading

from lab.process import await_condition, prepare_child


class Backends:
    def __init__(self, binary, gateways, folder):
        self._binary = binary
        self._gateways = gateways
        self._path = folder / "received.jsonl"
        self._log_path = folder / "backends.log"
        self._children = [None for _ in gateways]
        self._lines = []
        # A line goes through a pipe whole or not at all, also when its writer is killed, and in the order of all.
        self._reading, self._writing = os.pipe()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        for index in range(len(gateways)):
            self.start(index)

    def _read(self):
        with open(self._reading, encoding="utf-8") as pipe, open(self._path, "w", encoding="utf-8") as received:
            for line in pipe:
                received.write(line)
                self._lines.append(line)

    def start(self, index):
        """The one of that gateway."""
        command = [self._binary, "receive", "--server", self._gateways[index].grpc_address, "--destination", "work.*",
                   "--group", "workers"]
        with open(self._log_path, "a", encoding="utf-8") as log:
            self._children[index] = subprocess.Popen([str(word) for word in command], stdout=self._writing, stderr=log,
                                                     preexec_fn=prepare_child)

    def kill(self, index):
        self._children[index].kill()
        self._children[index].wait()

    def keep_running(self):
        """Starts those again whose gateway has gone."""
        for index, child in enumerate(self._children):
            if child.poll() is not None and self._gateways[index].is_running:
                self.start(index)

    def stop(self):
        for child in self._children:
            child.kill()
            child.wait()
        os.close(self._writing)
        self._reader.join()

    def received(self):
        """By user, the numbers in the order in which backends took them."""
        numbers = {}
        for line in tuple(self._lines):
            message = json.loads(line)
            numbers.setdefault(message["user_id"], []).append(int(message["data"]))
        return numbers

    def await_all(self, stored, seconds=90):
        """Until every user's highest number has been received."""
        def are_there():
            self.keep_running()
            received = self.received()
            return all(received.get(user, [0])[-1] >= number for user, number in stored.items())

        await_condition(are_there, seconds, f"what was stored at the backends: {stored}")
