"""The user agents and the publisher: programs that answer each command with one JSON line."""

import json
import subprocess

from lab.process import Failed, prepare_child


class Program:
    def __init__(self, command, log_path):
        self._name = str(command[0]).rsplit("/", 1)[-1]
        with open(log_path, "w", encoding="utf-8") as log:
            self._child = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, stderr=log, text=True, bufsize=1,
                                           preexec_fn=prepare_child)

    def send(self, line):
        self._child.stdin.write(line + "\n")

    def receive(self):
        line = self._child.stdout.readline()
        if not line:
            raise Failed(f"{self._name} ended unexpectedly with {self._child.wait()}")
        return json.loads(line)

    def ask(self, line):
        self.send(line)
        return self.receive()

    def stop(self):
        if self._child.poll() is not None:
            return
        self._child.stdin.close()
        try:
            self._child.wait(20)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Subscribers(Program):
    """fault_subscribers on the edges of a topology."""

    def __init__(self, build, topology, number, *options):
        command = [build / "tests/faults/fault_subscribers", "--subscribers", number,
                   "--history", topology.folder / "subscribers.txt", *options]
        for edge in topology.edges:
            command += ["--edge", edge.http_port]
        super().__init__(command, topology.folder / "subscribers.log")
        self.number = number

    def demand(self, line, seconds):
        """The answer to a command that waits; Failed if what it waits for did not come."""
        answer = self.ask(f"{line} {int(seconds * 1000)}")
        if not answer["ok"]:
            raise Failed(f"subscribers: not within {seconds} s: {line}: {answer}")
        return answer

    def await_events(self, more, seconds=60):
        """Waits for so many events from now on."""
        return self.demand(f"events {self.ask('count')['events'] + more}", seconds)


class Publisher(Program):
    """fault_publisher on the gateways of a topology."""

    def __init__(self, build, topology, *options):
        command = [build / "tests/faults/fault_publisher", "--key-prefix", topology.folder.name,
                   "--history", topology.folder / "publisher.txt", *options]
        for gateway in topology.gateways:
            command += ["--gateway", gateway.grpc_address]
        super().__init__(command, topology.folder / "publisher.log")

    def pause(self, seconds=60):
        """Publishes no more and waits for all answers."""
        answer = self.ask(f"pause {int(seconds * 1000)}")
        if not answer["ok"]:
            raise Failed(f"publisher: answers are missing after {seconds} s: {answer}")
        return answer
