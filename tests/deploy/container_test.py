"""Dockerfile and compose file, as far as they can be judged without a container engine."""

import os
import re
import subprocess
import unittest

import yaml

from nats_server import NatsServer
from processes import BUILD, ROOT, DeployTest, await_condition, free_port, http_get
from sluice import Sluice

DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()


def run(*command, environment=None):
    answer = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60,
                            env={**os.environ, **(environment or {})})
    return answer.returncode, answer.stdout + answer.stderr


class ContainerTest(DeployTest):

    def services(self):
        text = (ROOT / "deploy/compose.yml").read_text()
        text = re.sub(r"\$\{(\w+):\?\}", lambda match: "a-" + match[1].lower(), text)
        return yaml.safe_load(text)["services"]

    def test_the_image_has_every_library_of_the_binary(self):
        wanted = re.findall(r"[\w.+-]+", DOCKERFILE.split("--no-install-recommends")[1].split("&&")[0])
        closure = set()
        todo = [name for name in wanted if name != "\\"] + ["base-files", "libc6"]
        while todo:
            name = todo.pop()
            if name in closure:
                continue
            closure.add(name)
            depends = run("dpkg-query", "-W", "-f", "${Depends},${Pre-Depends}", name)[1]
            todo += [re.split(r"[ :(|]", part.strip())[0] for part in depends.split(",") if part.strip()]
        for path in re.findall(r"=> (/\S+)", run("ldd", BUILD / "sluice")[1]):
            found = [run("dpkg-query", "-S", name) for name in (path, path.removeprefix("/usr"), f"/usr{path}",
                                                                os.path.realpath(path))]
            owners = {answer.split(":")[0] for status, answer in found if status == 0}
            self.assertTrue(owners & closure, f"{path} of {owners} is not in the image")

    def test_the_health_check_follows_readiness(self):
        command = re.search(r'CMD \["bash", "-c", \\\n  "(.*)"\]', DOCKERFILE)[1].encode().decode("unicode_escape")
        command = command.replace("\\\\", "\\")
        port = free_port()
        # Away from NATS: alive and not ready.
        edge = Sluice(self, "edge", "ephemeral", [f"nats://127.0.0.1:{free_port()}"])
        await_condition(lambda: http_get(edge.admin_port, "/livez")[0] == 200, "an edge that lives")
        for at, expected in ((edge.admin_port, 1), (port, 1)):
            self.assertEqual(run("bash", "-c", command.replace("8081", str(at)))[0], expected)
        nats = self.run_until_the_end(NatsServer("ephemeral", self.folder)).await_ready()
        ready = Sluice(self, "edge", "ephemeral", [nats.url], name="ready").await_ready()
        self.assertEqual(run("bash", "-c", command.replace("8081", str(ready.admin_port)))[0], 0)

    def test_the_image_does_not_run_as_root(self):
        self.assertEqual(re.findall(r"^USER (.*)$", DOCKERFILE, re.M), ["65532:65532"])

    def test_the_topology_is_one_nats_two_gateways_three_edges_and_their_company(self):
        self.assertEqual(sorted(self.services()), ["edge-1", "edge-2", "edge-3", "gateway-1", "gateway-2", "nats-1",
                                                   "nginx", "prometheus"])

    def test_every_mounted_file_is_there(self):
        for name, service in self.services().items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.assertTrue((ROOT / "deploy" / source).exists(), f"{name}: {source}")

    def test_sluice_takes_the_settings_of_each_service(self):
        for name, service in self.services().items():
            if service.get("image") != "sluice":
                continue
            inside = service["environment"]
            mounts = dict(volume.split(":")[1::-1] for volume in service["volumes"])
            configuration = ROOT / "deploy" / mounts[inside["SLUICE_CONFIG"]]
            settings = {key: str(value) for key, value in inside.items() if key != "SLUICE_CONFIG"}
            self.assertEqual(run(BUILD / "sluice", "check-config", configuration, environment=settings),
                             (0, "ok\n"), name)

    def test_the_others_know_the_services_by_name(self):
        services = self.services()
        nginx = (ROOT / "deploy/nginx/nginx.conf").read_text()
        prometheus = (ROOT / "deploy/prometheus/prometheus.yml").read_text()
        toml = (ROOT / "deploy/nats/ephemeral/sluice.toml").read_text()
        for host in re.findall(r"server ([\w-]+):8080", nginx) + re.findall(r'"([\w-]+):8081"', prometheus) + \
                re.findall(r"//([\w-]+):4222", toml):
            self.assertIn(host, services)


if __name__ == "__main__":
    unittest.main()
