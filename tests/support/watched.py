"""A platform that watches itself (the profile observability), its Prometheus, and whoever it tells."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.platform import PRODUCER, ROOT, Platform
from support.prometheus_panels import Series, ask
from support.receivers import HttpReceiver

NAMING = ("card", "process", "program", "host", "job")
"""Labels by which an alert names what it is about, the most exact first."""

Named = tuple[str, str]
"""(alert, what it is about)."""


@dataclass(frozen=True)
class Watched:
    """``people`` is where Alertmanager posts what it tells."""

    platform: Platform
    people: HttpReceiver

    @property
    def url(self) -> str:
        """Of Prometheus."""
        return f"http://127.0.0.1:{self.platform.environment['PROMETHEUS_PORT']}"

    def query(self, expression: str) -> list[Series]:
        """An instant query: labels (`metric`) and `value` of each series."""
        return ask(self.url, expression)

    def targets(self) -> dict[str, set[str]]:
        """Job -> what is said of its targets: `up`, or why not."""
        answer = httpx.get(f"{self.url}/api/v1/targets", params={"state": "active"}, timeout=30)
        found: dict[str, set[str]] = {}
        for each in answer.json()["data"]["activeTargets"]:
            said = each["health"] if each["health"] == "up" else f"{each['health']}: {each['lastError']}"
            found.setdefault(each["labels"]["job"], set()).add(said)
        return found

    def firing(self) -> set[Named]:
        return {named(each["metric"]) for each in self.query('ALERTS{alertstate="firing"}')}

    def fired(self, about: str) -> set[Named]:
        """All that has fired since the start."""
        query = f'last_over_time(ALERTS{{alertstate="firing",about="{about}"}}[1h])'
        return {named(each["metric"]) for each in self.query(query)}

    def told(self, status: str, about: str) -> set[Named]:
        """What Alertmanager has posted as `firing` or `resolved`."""
        alerts = [alert for each in self.people.received for alert in each.document["alerts"]]
        labels = [each["labels"] for each in alerts if each["status"] == status]
        return {named(each) for each in labels if each["about"] == about}

    def control(self, *words: str) -> None:
        """supervisorctl: stop or start programs by name."""
        socket = f"unix://{self.platform.run_dir}/supervisor.sock"
        subprocess.run([str(ROOT / ".venv/bin/supervisorctl"), "-s", socket, *words], check=True, capture_output=True)

    def show_pages(self, pages: list[str]) -> None:
        """Pages of dcgm-exporters as targets, as start.sh makes them of config/sources.yaml."""
        sources = self.platform.folder / "sources.yaml"
        sources.write_text(f"collect: [{{source: dcgm, targets: {pages}}}]", encoding="utf-8")
        targets = self.platform.run_dir / "prometheus" / "dcgm.json"
        command = [str(PRODUCER), "collect", "--config", str(sources), "--prometheus", str(targets)]
        subprocess.run(command, check=True, env=self.platform.environment, cwd=ROOT)


def named(labels: dict[str, str]) -> Named:
    return labels["alertname"], next((labels[name] for name in NAMING if labels.get(name)), "")


@contextmanager
def simulated_nodes(port: int, nodes: int, faults: list[str], log: Path) -> Iterator[str]:
    """A simulated fleet of so many nodes with these faults; yields the address of its pages."""
    options = [word for fault in faults for word in ("--fault", fault)]
    command = [str(PRODUCER), "simulate", "fleet", "--nodes", str(nodes), "--gpus", "4", "--rates", "0", *options]
    with (
        log.open("wb") as out,
        subprocess.Popen([*command, "--listen", f"127.0.0.1:{port}"], cwd=ROOT, stdout=out, stderr=out) as simulator,
    ):
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            simulator.terminate()
