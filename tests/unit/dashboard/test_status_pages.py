"""Pages and HDFS's figures, asked of a real HTTP server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from dashboard.status.hdfs import Hdfs
from dashboard.status.pages import Page, Pages, pages
from telemetry.errors import Unavailable
from telemetry.settings import Settings


class Server(BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, str]]] = {}

    def do_GET(self) -> None:
        code, text = self.answers.get(self.path, (404, ""))
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def hdfs(url: str, bean: dict[str, object]) -> list[tuple[str, str]]:
    path = "/jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState"
    Server.answers = {path: (200, json.dumps({"beans": [bean] if bean else []}))}
    return [(line.label, line.state) for line in Hdfs(Settings(webhdfs_url=url)).look().lines]


def test_every_page_has_its_code_and_a_wrong_one_names_its_process(url: str) -> None:
    Server.answers = {"/good": (200, "hello"), "/bad": (503, "")}
    finding = Pages([Page(name, "shown", name[0], f"{url}/{name}") for name in ("good", "bad")]).look()
    assert [line.state for line in finding.lines] == ["ok", "bad"]
    assert finding.lines[1].do == "./start.sh logs b"
    assert [each["code"] for each in finding.data["list"]] == [200, 503]


def test_page_of_a_server_that_is_away_has_no_code() -> None:
    finding = Pages([Page("gone", "shown", "a", "http://127.0.0.1:1/")]).look()
    assert finding.data["list"][0]["code"] is None
    assert "no answer" in finding.lines[0].text


def test_pages_follow_the_ports() -> None:
    settings = Settings(
        console_port=18000, influxdb_port=18086, hdfs_port=19870, spark_ui_port=14040, influxdb_url="", webhdfs_url=""
    )
    ports = ["18000", "18086", "19870", "19864", "14040"]
    for in_containers in (False, True):
        found = pages(settings, {"HDFS_DATANODE_HTTP_PORT": "19864"}, in_containers=in_containers)
        assert [page.url.split("/")[2] for page in found][:5] == [f"127.0.0.1:{port}" for port in ports]
        asked = [page.asked.split("/")[2] for page in found][:5]
        inside = ["console:8000", "influxdb:8086", "namenode:9870", "datanode:9864", "streaming:14040"]
        assert asked == (inside if in_containers else [f"127.0.0.1:{port}" for port in ports])


def test_grafana_is_asked_where_there_is_one() -> None:
    settings = Settings(grafana_port=13000)
    for in_containers, asked in ((False, "127.0.0.1:13000"), (True, "grafana:3000")):
        first = pages(settings, {}, in_containers=in_containers, grafana=True)[0]
        assert (first.name, first.url.split("/")[2]) == ("Grafana", "127.0.0.1:13000")
        assert first.asked.split("/")[2] == asked
        assert "Grafana" not in {page.name for page in pages(settings, {}, in_containers=in_containers)}


def test_hdfs_in_service_is_fine(url: str) -> None:
    state = {"FSState": "Operational", "NumLiveDataNodes": 1, "CapacityRemaining": 5 * 10**9}
    assert hdfs(url, state) == [("NameNode", "ok"), ("DataNodes", "ok"), ("room", "ok")]


def test_hdfs_in_safe_mode_without_datanodes_is_bad(url: str) -> None:
    state = {"FSState": "safeMode", "NumLiveDataNodes": 0, "CapacityRemaining": 0}
    assert hdfs(url, state) == [("NameNode", "bad"), ("DataNodes", "bad"), ("room", "ok")]


def test_hdfs_that_is_nearly_full_is_bad(url: str) -> None:
    state = {"FSState": "Operational", "NumLiveDataNodes": 1, "CapacityRemaining": 10**8}
    assert hdfs(url, state)[2] == ("room", "bad")


def test_namenode_that_is_starting_is_unavailable(url: str) -> None:
    with pytest.raises(Unavailable, match="starting"):
        hdfs(url, {})
