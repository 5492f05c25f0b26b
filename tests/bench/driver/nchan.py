"""nginx with Debian's libnginx-mod-nchan: the peer closest to Sluice. One process, no access log."""

import http.client
import shutil
import tempfile
import time
from pathlib import Path

from driver.process import Process, await_condition
from driver.sluice import free_ports

_MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
_CONFIGURATION = """\
load_module {module};
daemon off;
master_process off;
worker_rlimit_nofile 20000;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 19950; }}
http {{
  access_log off;
  chunked_transfer_encoding off;
  nchan_shared_memory_size 128M;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /v1/events {{
      nchan_subscriber eventsource;
      nchan_channel_id $arg_topic;
      nchan_subscriber_first_message newest;
    }}
    location = /publish {{
      nchan_publisher;
      nchan_channel_id $arg_topic;
      nchan_message_buffer_length 100;
    }}
  }}
}}
"""


class Nchan(Process):
    def __init__(self, cores, log):
        if shutil.which("nginx") is None or not _MODULE.exists():
            raise SystemExit("bench: --peers needs: apt-get install nginx libnginx-mod-nchan")
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-bench-nginx-")
        (self.http_port,) = free_ports(1)
        configuration = Path(self._folder.name) / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(
            module=_MODULE, folder=self._folder.name, port=self.http_port))
        super().__init__(["nginx", "-c", configuration], cores, log)
        await_condition(self._answers, 10, "nginx")

    def _answers(self):
        try:
            self.publish("warmup", b"x")
        except OSError:
            return False
        return True

    def publish(self, topic, data):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=10)
        connection.request("POST", f"/publish?topic={topic}", data,
                           {"X-EventSource-Event": "bench"})
        status = connection.getresponse().status
        connection.close()
        if status not in (201, 202):
            raise RuntimeError(f"nchan answered {status}")

    def publish_paced(self, topic, data, events, rate):
        start = time.monotonic()
        for i in range(events):
            time.sleep(max(0, start + i / rate - time.monotonic()))
            self.publish(topic, data)

    def stop(self):
        try:
            return super().stop()
        finally:
            self._folder.cleanup()
