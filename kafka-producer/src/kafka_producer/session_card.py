"""What is said of a log that was read to its end: a line, a link, and the session card in short.

The card is the dashboard's: its command is given the readings through a pipe, where it is installed.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, Full, Queue
from urllib.parse import quote

from kafka_producer.examine import Examined
from kafka_producer.follow import Follower
from telemetry.reading import Mode
from telemetry.timestamp import MILLISECOND, format_time

log = logging.getLogger(__name__)

_MOST_WAITING = 20
"""Of a thousand logs dropped at once, the first ones get a card; every one has its line."""
_PATIENCE = 120.0
_NICE = 10
_BUCKETS: dict[Mode, str] = {"import": "gpu-imports", "live": "gpu-metrics", "demo": "gpu-metrics"}


class SessionCards:
    """To be told of each log that ended."""

    def __init__(self, console_port: int, grafana_port: int) -> None:
        self._console_port = console_port
        self._grafana_port = grafana_port
        self._waiting: Queue[tuple[Path, str, str]] = Queue(_MOST_WAITING)
        self._dashboard = shutil.which("dashboard", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
        self._is_running = False
        self._lock = threading.Lock()

    def ended(self, found: Examined, follower: Follower) -> None:
        """Once a log was imported, or a live one has fallen silent."""
        name, stream = follower.content.name, follower.log.stream
        if not follower.sent and follower.rows:
            log.info("nothing new in file=%s: gpu=%s has its rows=%d already", name, stream.gpu, follower.rows)
            return
        mode = follower.log.mode
        counts = (follower.rows, follower.sent, follower.rejected)
        log.info("read file=%s gpu=%s mode=%s rows=%d new=%d rejected=%d", name, stream.gpu, mode, *counts)
        if follower.first is None or follower.last is None:
            return
        span = f"{format_time(follower.first)}/{format_time(follower.last)}"
        log.info("look at file=%s span=%s %s", name, span, console_link(self._console_port, stream.gpu, follower))
        log.info("or in Grafana file=%s %s", name, grafana_link(self._grafana_port, stream.gpu, mode, follower))
        if self._dashboard is not None and found.content.can_grow:
            self._ask_for(found.content.path, stream.gpu, follower.log.zone)

    def _ask_for(self, path: Path, gpu: str, zone: str) -> None:
        try:
            self._waiting.put_nowait((path, gpu, zone))
        except Full:
            return
        with self._lock:
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._make, name="cards", daemon=True).start()

    def _make(self) -> None:
        while True:
            try:
                path, gpu, zone = self._waiting.get_nowait()
            except Empty:
                with self._lock:
                    if self._waiting.empty():
                        self._is_running = False
                        return
                continue
            for line in short(card(self._dashboard or "dashboard", path, gpu, zone)):
                log.info("card file=%s: %s", path.name, line)


def console_link(port: int, gpu: str, follower: Follower) -> str:
    """The console's page of the GPU over the time of the log."""
    first, last = _span(follower)
    return f"http://127.0.0.1:{port}/gpu/{quote(gpu, safe=':')}?from={first}&to={last}"


def grafana_link(port: int, gpu: str, mode: Mode, follower: Follower) -> str:
    """Grafana's overview of the card over the time of the log."""
    first, last = _span(follower)
    query = f"from={first}&to={last}&var-gpu={quote(gpu, safe=':')}&var-bucket={_BUCKETS[mode]}"
    return f"http://127.0.0.1:{port}/d/gpustream-overview?{query}"


def _span(follower: Follower) -> tuple[int, int]:
    """From the first to the last reading, in milliseconds, both included."""
    return (follower.first or 0) // MILLISECOND, -(-(follower.last or 0) // MILLISECOND)


def card(dashboard: str, path: Path, gpu: str, zone: str) -> str:
    """The whole card; empty where there is none. Niced: readings come first."""
    producer = [sys.executable, "-m", "kafka_producer.main", "replay", "--dry-run", "--gpu", gpu, "--timezone", zone]
    # As processes of their own: the arrow rule, and a card of a huge log may cost what it costs.
    nice = ["nice", "-n", str(_NICE)] if shutil.which("nice") else []
    try:
        with subprocess.Popen(
            [*nice, *producer, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as readings:
            made = subprocess.run(
                [*nice, dashboard, "card", "--colour", "never"],
                stdin=readings.stdout,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_PATIENCE,
                check=False,
            )
            readings.kill()
    except (OSError, subprocess.TimeoutExpired) as error:
        log.info("no card of file=%s: %s", path.name, error)
        return ""
    return made.stdout.decode("utf-8", "replace") if made.returncode == 0 else ""


def short(text: str) -> list[str]:
    """What the card says in words, before it draws: heading, time, findings."""
    blocks = [block.strip("\n") for block in text.split("\n\n")]
    return [line for block in blocks[:2] for line in block.splitlines() if line.strip("─ ")]
