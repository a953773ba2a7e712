"""Check: every page that a person may open answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import requests

from dashboard.status.check import Finding, Line
from telemetry.settings import Settings


class Page(NamedTuple):
    """Where a person opens it, which process serves it, and where that is for us: elsewhere inside containers."""

    name: str
    url: str
    process: str
    asked: str


def pages(
    settings: Settings, environment: Mapping[str, str], *, in_containers: bool, grafana: bool = False
) -> list[Page]:
    """All pages, Grafana's where there is one; ports from the settings, or where only the scripts know them from
    ``environment``."""
    datanode = int(environment.get("HDFS_DATANODE_HTTP_PORT") or 9864)
    master = int(environment.get("SPARK_PORT") or 8080)
    # Name, process (with Docker also its host), port that a person uses, port inside, path.
    known = [
        ("Console", "console", settings.console_port, 8000, "/healthz"),
        ("InfluxDB", "influxdb", settings.influxdb_port, 8086, "/health"),
        ("HDFS", "namenode", settings.hdfs_port, 9870, "/dfshealth.html"),
        ("DataNode", "datanode", datanode, 9864, "/datanode.html"),
        ("Spark's stream", "streaming", settings.spark_ui_port, settings.spark_ui_port, "/jobs/"),
    ]
    if grafana:
        known.insert(0, ("Grafana", "grafana", settings.grafana_port, 3000, "/api/health"))
    if in_containers:
        known.append(("Spark's master", "spark-master", master, 8080, "/"))
    return [
        Page(
            name,
            f"http://127.0.0.1:{port}{path}",
            process,
            f"http://{process}:{inside}{path}" if in_containers else f"http://127.0.0.1:{port}{path}",
        )
        for name, process, port, inside, path in known
    ]


class Pages:
    """One GET each, side by side."""

    title = "Pages"
    do = "./start.sh status"

    def __init__(self, pages: Sequence[Page], timeout: float = 4.0) -> None:
        self._pages = pages
        self._timeout = timeout

    def look(self) -> Finding:
        with ThreadPoolExecutor(len(self._pages)) as pool:
            codes = list(pool.map(self._code, self._pages))
        lines = tuple(
            Line("ok", page.name, f"{code}  {page.url}")
            if code == 200
            else Line("bad", page.name, f"{code or 'no answer'}  {page.url}", f"./start.sh logs {page.process}")
            for page, code in zip(self._pages, codes, strict=True)
        )
        documents = [
            {"name": page.name, "url": page.url, "code": code} for page, code in zip(self._pages, codes, strict=True)
        ]
        return Finding(lines, {"list": documents})

    def _code(self, page: Page) -> int | None:
        try:
            return requests.get(page.asked, timeout=self._timeout).status_code
        except requests.RequestException:
            return None
