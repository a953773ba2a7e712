"""The pages of a simulated fleet over HTTP, as dcgm-exporters would serve them: a path for each node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from kafka_producer.simulate.fleet import page
from kafka_producer.simulate.fleet.cluster import Cluster, Node
from kafka_producer.sources.dcgm.fields import Generation
from telemetry.errors import Misconfigured
from telemetry.reading import DEMO_HOST_PREFIX

PAGE: Final = "/metrics"
_NO_ANSWER = "away"


class Server:
    """``/node-2/metrics`` is node 2's page, ``/metrics`` the first one's, ``/`` a list of all."""

    def __init__(self, cluster: Cluster, names: Generation, host: str, port: int) -> None:
        """``port`` 0: a free one. Raises Misconfigured where it cannot be had."""
        self._lock = threading.Lock()
        self._cluster = cluster
        try:
            self._http = _Http((host, port), _handler(self._answer(names)))
        except OSError as error:
            expected = "HOST:PORT that is free, such as 127.0.0.1:9400"
            raise Misconfigured("--listen", f"{host}:{port} ({error.strerror or error})", expected) from error
        self.address = f"http://{host}:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def advance(self, moment: float) -> None:
        """No page is made of a half step."""
        with self._lock:
            self._cluster.advance(moment)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _answer(self, names: Generation) -> Callable[[str], str | None]:
        nodes = {path_of(node): node for node in self._cluster.nodes}
        first = self._cluster.nodes[0]

        def answer(path: str) -> str | None:
            if path == "/":
                return "".join(f"{self.address}{each}\n" for each in nodes)
            node: Node | None = first if path == PAGE else nodes.get(path)
            if node is None:
                return None
            with self._lock:
                return _NO_ANSWER if self._cluster.is_away(node) else page.text(self._cluster, node, names)

        return answer


def path_of(node: Node) -> str:
    """Without the prefix that makes its host a demonstration's."""
    return f"/{node.host.removeprefix(DEMO_HOST_PREFIX)}{PAGE}"


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024  # a collector asks for all pages at once


def _handler(answer: Callable[[str], str | None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text = answer(self.path.partition("?")[0])
            if text is _NO_ANSWER:
                # A node that is down says nothing at all.
                self.close_connection = True
                return
            body = (text if text is not None else "no such page; / lists them\n").encode()
            self.send_response(200 if text is not None else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """A line per page and scrape would hide what matters."""

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # whoever asked has gone
                self.close_connection = True

    return Handler
