"""The gateway as start.sh runs it: Debian's nginx, with the configuration that scripts/native/gateway.sh makes."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from support.console import ROOT
from support.engines import free_ports
from support.identities import eventually

SCRIPT = ROOT / "scripts" / "native" / "gateway.sh"
MEGABYTE = 1 << 20


class Upstream(ThreadingHTTPServer):
    """What stands behind: it says what it was asked, and tells of events one by one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.seen = threading.Event()
        """Set once the first event has arrived; the second one comes only then."""


class _Answer(BaseHTTPRequestHandler):
    server: Upstream
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/stream":
            return self._events()
        return self._say(json.dumps({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}}))

    def do_POST(self) -> None:
        self._say(str(len(self.rfile.read(int(self.headers["Content-Length"])))))

    def _say(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def _events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: 1\n\n")
        self.wfile.flush()
        if self.server.seen.wait(30):
            self.wfile.write(b"data: 2\n\n")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


class Gateway(NamedTuple):
    url: str
    folder: Path
    environment: dict[str, str]

    @property
    def certificate(self) -> Path:
        return self.folder / "gateway" / "certificate.pem"

    def get(self, path: str, **headers: str) -> httpx.Response:
        context = ssl.create_default_context(cafile=self.certificate) if self.url.startswith("https") else True
        return httpx.get(self.url + path, headers=headers, verify=context)


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def settings(folder: Path, upstream: Upstream, **more: str) -> dict[str, str]:
    port, status, exporter = free_ports(3)
    ports = {"GATEWAY_PORT": port, "GATEWAY_STATUS_PORT": status, "NGINX_EXPORTER_PORT": exporter}
    own = {
        "GPUSTREAM_RUN_DIR": str(folder),
        "CONSOLE_PORT": str(upstream.server_port),
        "GPUSTREAM_INSTALL_FROM": "none",
    }
    return os.environ | {name: str(each) for name, each in ports.items()} | own | more


def configure(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, "configure"], env=environment, capture_output=True, text=True)


@contextmanager
def running(folder: Path, upstream: Upstream, **more: str) -> Iterator[Gateway]:
    """It may take a moment until it listens."""
    environment = settings(folder, upstream, **more)
    done = configure(environment)
    assert done.returncode == 0, done.stderr
    scheme = "http" if more.get("GATEWAY_TLS") == "off" else "https"
    gateway = Gateway(f"{scheme}://127.0.0.1:{environment['GATEWAY_PORT']}", folder, environment)
    with (folder / "log").open("wb") as log, subprocess.Popen([SCRIPT, "run"], env=environment, stdout=log) as nginx:
        try:
            assert eventually(lambda: listens(gateway), bool, 30), (folder / "log").read_text()
            yield gateway
        finally:
            nginx.terminate()


def listens(gateway: Gateway) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(gateway.environment["GATEWAY_PORT"]))).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def gateway(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    more = {"CONSOLE_UPLOAD_MEGABYTES": "2"}
    with running(tmp_path_factory.mktemp("gateway"), upstream, **more) as gateway:
        yield gateway


def test_its_own_certificate_is_good_for_this_machine(gateway: Gateway) -> None:
    """Checked by the client, name and all."""
    assert gateway.get("/api/v1/gpus?label=rack:r1").json()["path"] == "/api/v1/gpus?label=rack:r1"


def test_what_is_told_of_a_caller_is_what_was_seen(gateway: Gateway) -> None:
    told = gateway.get("/", **{"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"}).json()["headers"]
    assert (told["x-forwarded-for"], told["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert told["host"] == gateway.url.removeprefix("https://")


def test_a_page_that_becomes_a_web_socket_says_so(gateway: Gateway) -> None:
    told = gateway.get("/_nicegui", Upgrade="websocket", Connection="Upgrade").json()["headers"]
    assert (told["upgrade"], told["connection"]) == ("websocket", "upgrade")
    assert "upgrade" not in gateway.get("/").json()["headers"]


def test_events_come_one_by_one(gateway: Gateway, upstream: Upstream) -> None:
    context = ssl.create_default_context(cafile=gateway.certificate)
    with httpx.stream("GET", f"{gateway.url}/stream", verify=context, timeout=20) as answer:
        lines = (line for line in answer.iter_lines() if line)
        assert next(lines) == "data: 1"
        upstream.seen.set()
        assert list(lines) == ["data: 2"]


@pytest.mark.parametrize(("megabytes", "status"), [(1, 200), (3, 413)])
def test_logs_go_up_as_large_as_the_console_takes_them(gateway: Gateway, megabytes: int, status: int) -> None:
    context = ssl.create_default_context(cafile=gateway.certificate)
    answer = httpx.post(f"{gateway.url}/api/v1/uploads", content=bytes(megabytes * MEGABYTE), verify=context)
    assert answer.status_code == status


def test_whoever_comes_without_tls_is_led_on(gateway: Gateway) -> None:
    answer = httpx.get(gateway.url.replace("https", "http") + "/fleet")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{gateway.url}/fleet")


def test_its_figures_are_for_this_machine_and_its_exporter(gateway: Gateway) -> None:
    status = int(gateway.environment["GATEWAY_STATUS_PORT"])
    assert httpx.get(f"http://127.0.0.1:{status}/status").text.startswith("Active connections")
    assert httpx.get(f"http://127.0.0.1:{status}/").status_code == 404
    assert gateway.get("/status").json()["path"] == "/status"  # the console's, not nginx'
    address = f"http://127.0.0.1:{gateway.environment['NGINX_EXPORTER_PORT']}/metrics"
    with subprocess.Popen([SCRIPT, "run-exporter"], env=gateway.environment, stderr=subprocess.DEVNULL) as exporter:
        try:
            assert eventually(lambda: figures(address), lambda text: "nginx_up 1" in text, 30)
        finally:
            exporter.terminate()


def figures(address: str) -> str:
    try:
        return httpx.get(address).text
    except httpx.TransportError:
        return ""


def test_what_signs_somebody_in_is_in_no_log(gateway: Gateway) -> None:
    gateway.get("/login?key=secret-key")
    log = gateway.folder / "log"
    text = eventually(log.read_text, lambda text: '"GET /login" 200' in text, 10)
    assert '"GET /login" 200' in text
    assert "secret-key" not in text


def test_without_tls_it_is_plain_http(upstream: Upstream, tmp_path: Path) -> None:
    with running(tmp_path, upstream, GATEWAY_TLS="off") as gateway:
        assert gateway.get("/x").json()["headers"]["x-forwarded-proto"] == "http"
        assert not gateway.certificate.exists()


def test_grafana_is_below_its_name_where_there_is_one(upstream: Upstream, tmp_path: Path) -> None:
    home = tmp_path / "grafana"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "grafana").write_text("#!/bin/sh\necho grafana version 12.4.0\n")
    (home / "bin" / "grafana").chmod(0o755)
    more = {"GRAFANA_HOME": str(home), "GPUSTREAM_INSTALL_FROM": "installed", "GRAFANA_PORT": str(upstream.server_port)}
    with running(tmp_path, upstream, GATEWAY_TLS="off", **more) as gateway:
        assert gateway.get("/grafana/d/overview?x=1").json()["path"] == "/d/overview?x=1"
        assert gateway.get("/grafana").status_code == 301


def test_a_given_certificate_is_the_one_that_is_shown(upstream: Upstream, tmp_path: Path) -> None:
    first = settings(tmp_path / "first", upstream, GATEWAY_NAME="gpu.example.org")
    assert configure(first).returncode == 0
    made = tmp_path / "first" / "gateway"
    files = {"GATEWAY_CERTIFICATE": str(made / "certificate.pem"), "GATEWAY_KEY": str(made / "key.pem")}
    (tmp_path / "second").mkdir()
    with running(tmp_path / "second", upstream, **files) as gateway:
        shown = ssl.get_server_certificate(("127.0.0.1", int(gateway.environment["GATEWAY_PORT"])))
    assert shown.strip() == (made / "certificate.pem").read_text().strip()


def test_a_certificate_stays_until_its_name_is_another(upstream: Upstream, tmp_path: Path) -> None:
    environment = settings(tmp_path, upstream)
    certificate, key = (tmp_path / "gateway" / name for name in ("certificate.pem", "key.pem"))
    assert configure(environment).returncode == 0
    first = certificate.read_text()
    assert key.stat().st_mode & 0o077 == 0
    assert configure(environment).returncode == 0
    assert certificate.read_text() == first
    assert configure(environment | {"GATEWAY_NAME": "gpu.example.org"}).returncode == 0
    assert certificate.read_text() != first


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"GATEWAY_TLS": "yes"}, "on or off"),
        ({"GATEWAY_KEY": "/nowhere/key.pem"}, "GATEWAY_CERTIFICATE\n  found:    nothing, which cannot be read"),
        ({"GATEWAY_HOST": "nowhere.invalid"}, "nginx does not take its configuration"),
    ],
)
def test_a_wrong_setting_is_named(wrong: dict[str, str], words: str, upstream: Upstream, tmp_path: Path) -> None:
    done = configure(settings(tmp_path, upstream, **wrong))
    assert done.returncode == 1
    assert words in done.stderr


def test_it_takes_another_configuration_without_an_end(upstream: Upstream, tmp_path: Path) -> None:
    """What start.sh does where Grafana came or went: SIGHUP."""
    with running(tmp_path, upstream, GATEWAY_TLS="off") as gateway:
        (tmp_path / "gateway" / "grafana.conf").write_text("location = /new { return 204; }\n")
        os.kill(int((tmp_path / "gateway" / "nginx.pid").read_text()), signal.SIGHUP)
        assert eventually(lambda: gateway.get("/new").status_code, lambda code: code == 204, 30) == 204
