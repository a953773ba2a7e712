"""The load on the API, against our application as uvicorn serves it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from dashboard.api_load import PATHS, ApiLoad
from dashboard.app import create_app
from dashboard.main import main
from dashboard.roles import Role
from dashboard.stores.live_board import Board, Record
from support.console import Console, absent_stores
from support.engines import free_ports
from support.prometheus_server import until
from support.readings import made_up
from telemetry import topics
from telemetry.reading import encode


@contextmanager
def served(folder: Path, **settings: int) -> Iterator[Console]:
    """With one live GPU, and every other store away: some paths are answered, others fail."""
    (port,) = free_ports(1)
    console = Console(folder, console_port=port, **settings)
    live, now = Board(), time.time_ns() // 1000
    live.feed([Record(topics.GPU_METRICS, b"desk:0", encode(made_up(0, now)), now)], now)
    app = create_app(console.settings, replace(absent_stores(), live=live))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    try:
        yield console
    finally:
        server.should_exit = True
        thread.join()


def load_on(console: Console, clients: int) -> ApiLoad:
    url = f"http://127.0.0.1:{console.settings.console_port}"
    return ApiLoad(url, console.tokens[Role.VIEWER], clients, pace=0.01)


def test_every_request_is_counted_once_with_its_time(tmp_path: Path) -> None:
    with served(tmp_path) as console:
        load = load_on(console, 4)
        load.start()
        until(lambda: load.told().asked >= 10 * len(PATHS))
        load.stop()
    told = load.told()
    assert told.asked == told.answered + told.turned_away + told.failed
    assert "/metrics/latest" in told.of_path
    assert sum(each.count for each in told.of_path.values()) == told.answered == told.durations.count
    # The history is away: that is an answer that failed.
    assert told.failed > 0
    assert told.turned_away == 0
    assert 0 < told.durations.quantile(0.5) <= told.durations.quantile(0.99) < 30


def test_what_the_limit_of_rate_turns_away_is_no_failure_of_the_api(tmp_path: Path) -> None:
    with served(tmp_path, console_rate_per_minute=12) as console:
        load = load_on(console, 2)
        load.start()
        until(lambda: load.told().turned_away >= 5)
        load.stop()
    told = load.told()
    assert told.answered + told.failed <= 14
    assert "CONSOLE_RATE_PER_MINUTE" in str(told)


def test_command_says_what_came_of_it_and_ends_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path) as console:
        monkeypatch.setenv("GPUSTREAM_RUN_DIR", str(tmp_path))
        monkeypatch.setenv("CONSOLE_PORT", str(console.settings.console_port))
        assert main(["api-load", "--clients", "2", "--seconds", "3", "--lines"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("asked ")
    assert "p99" in lines[-1]
    assert any(line.startswith("  /metrics/latest ") for line in lines)
