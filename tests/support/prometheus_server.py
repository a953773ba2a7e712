"""Debian's Prometheus and Alertmanager with the files that start.sh makes, in a hurry and on ports of their own."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from dashboard.prometheus import route_file, scrape_file
from support.console import ROOT
from telemetry.settings import Settings

DEADLINE = 120
RULES = ROOT / "dashboard" / "prometheus"


def until(what: Callable[[], Any]) -> Any:
    """What ``what`` gives as soon as it is something."""
    deadline = time.monotonic() + DEADLINE
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.2)
    return found


def sooner(text: str) -> str:
    """The same with every time of up to a minute as a second: whether it happens is asked, not when."""
    return re.sub(r"(?<=: )(?:8s|1[05]s|[23]0s|1m)$", "1s", text, flags=re.MULTILINE)


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


class Program(NamedTuple):
    """One more, with what it finds in its environment beside all else."""

    command: tuple[str, ...]
    environment: Mapping[str, str] = {}


class PrometheusServer:
    """Both of them, started on entry, with the generated rules; gone on exit.

    ``settings``: whose ports they take and ask. ``more``: programs that come and go with them.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        postgres: bool = False,
        fleet: str = "",
        more: Sequence[Program] = (),
    ) -> None:
        self.url = f"http://127.0.0.1:{settings.prometheus_port}"
        self.alertmanager = f"http://127.0.0.1:{settings.alertmanager_port}"
        self._folder = folder
        self._programs = ExitStack()
        rules, scrape, routes = folder / "rules", folder / "prometheus.yml", folder / "alertmanager.yml"
        rules.mkdir(parents=True)
        for path in RULES.glob("*-rules.yaml"):
            (rules / path.name).write_text(sooner(path.read_text(encoding="utf-8")), encoding="utf-8")
        targets = scrape_file.text(settings, rules, grafana=False, postgres=postgres, fleet=fleet)
        scrape.write_text(sooner(targets), encoding="utf-8")
        routes.write_text(sooner(route_file.text(settings)), encoding="utf-8")
        self._started = (
            Program(("prometheus", f"--config.file={scrape}", f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{settings.prometheus_port}")),
            Program(("prometheus-alertmanager", f"--config.file={routes}", f"--storage.path={folder / 'alerts'}",
             f"--web.listen-address=127.0.0.1:{settings.alertmanager_port}", "--cluster.listen-address=")),
            *more,
        )  # fmt: skip

    def __enter__(self) -> Self:
        log = self._programs.enter_context((self._folder / "log").open("wb"))
        for command, environment in self._started:
            process = self._programs.enter_context(
                subprocess.Popen(command, env=os.environ | dict(environment), stdout=log, stderr=log)
            )
            self._programs.callback(process.terminate)
        until(lambda: answers(f"{self.url}/-/ready") and answers(f"{self.alertmanager}/-/ready"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._programs.close()
