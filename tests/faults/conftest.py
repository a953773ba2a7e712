"""The fault table: each row is a test that does harm under load, and writes down what arrived."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from support.fault_field import Field
from support.fault_load import Outcome
from support.platform import ROOT, Platform
from support.small_disk import SmallDisk

ROWS = ROOT / "artifacts" / "faults"
Record = Callable[[Outcome], None]


CLEAR = ("clear_for: 30s", "clear_for: 4s")
"""What config/alerts.yaml says, and what it says here: a load is over before an alert is, else."""
DISKS = ("kafka", "spark-checkpoints", "influxdb", "hdfs")
"""Folders of the servers that write; PostgreSQL makes its own."""
AWAY, LONG = 40, 180
"""Seconds. An outage of 40 s stands for one of minutes, because the clients are less patient here."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help=f"servers are away for {LONG} s, not {AWAY}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Compaction first: its batch makes the report of today, which grows with every load. In the end all is looked at
    once more."""
    order = {"test_retention.py": -1, "test_once_more.py": 1}
    items.sort(key=lambda each: order.get(each.path.name, 0))
    if config.getoption("--long"):
        for each in items:
            each.add_marker(pytest.mark.timeout(4 * 3600))


@pytest.fixture(scope="session")
def away(request: pytest.FixtureRequest) -> int:
    """For how many seconds a server is away."""
    return LONG if request.config.getoption("--long") else AWAY


@pytest.fixture(scope="session")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    folder = tmp_path_factory.mktemp("faults")
    platform = Platform.in_folder(
        folder, "native",
        DEMO="off", DEMO_HISTORY_HOURS="0", SPARK_TRIGGER_SECONDS="3", POSTGRES_READINGS="on",
        CONFIG_DIR=str(_config(folder / "config")),
        KAFKA_CLIENT_TIMEOUT_SECONDS="10", INFLUXDB_TIMEOUT_SECONDS="10",
        # Rows run the batches that they need; one after a large import would make a month of reports beside them.
        REPORT_SCHEDULE="off", REPORT_AFTER_IMPORT_READINGS=str(10**9),
    )  # fmt: skip
    platform.run_dir.mkdir()
    # The mark of a folder that start.sh may use though something is in it already.
    (platform.run_dir / ".gpustream").touch()
    disks = {name: SmallDisk(platform.run_dir / "data" / name) for name in DISKS}
    try:
        platform.start_sh()
        yield Field(platform, disks)
    finally:
        platform.start_sh("stop", check=False)
        for disk in disks.values():
            disk.close()


def _config(folder: Path) -> Path:
    """As it is delivered, but for ``CLEAR``."""
    shutil.copytree(ROOT / "config", folder)
    rules = folder / "alerts.yaml"
    before, after = CLEAR
    text = rules.read_text(encoding="utf-8")
    assert text.count(before) == 1
    rules.write_text(text.replace(before, after), encoding="utf-8")
    return folder


@pytest.fixture
def record() -> Record:
    """Keeps the row for the table, then judges it: one that is wrong stands in the table, too."""

    def keep(outcome: Outcome) -> None:
        ROWS.mkdir(parents=True, exist_ok=True)
        name = f"{outcome.harm}-{outcome.to}-{outcome.seed}.json".replace("/", "-")
        (ROWS / name).write_text(json.dumps(asdict(outcome)))
        for store, count in outcome.counts.items():
            print(f"{outcome.harm} {outcome.to} (seed {outcome.seed}): {store}: {count}")
        assert outcome.is_right, outcome

    return keep


@pytest.fixture(scope="session", autouse=True)
def _fresh_rows() -> None:
    for old in ROWS.glob("*.json"):
        old.unlink()


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(AtOnce(config))


class AtOnce:
    """Says why a row failed when it did: the last one is an hour away."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            terminal.write_line(f"\n{report.longreprtext}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.option.collectonly or not (files := sorted(ROWS.glob("*.json"))):
        return
    from faults.table import table

    print("\n" + table([json.loads(Path(each).read_text()) for each in files]))
