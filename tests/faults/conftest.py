"""The fault table: each row is a test that does harm under load, and writes down what arrived."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from support.fault_field import Field, Outcome
from support.platform import ROOT, Platform

ROWS = ROOT / "artifacts" / "faults"
Record = Callable[[Outcome], None]


@pytest.fixture(scope="session")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    platform = Platform.in_folder(
        tmp_path_factory.mktemp("faults"), "native",
        # An outage of 40 s stands for one of minutes.
        DEMO="off", KAFKA_CLIENT_TIMEOUT_SECONDS="10",
    )  # fmt: skip
    try:
        platform.start_sh()
        yield Field(platform)
    finally:
        platform.start_sh("stop", check=False)


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Record:
    """Keeps the row for the table, then judges it: a row that failed stands in the table, too."""

    def keep(outcome: Outcome) -> None:
        ROWS.mkdir(parents=True, exist_ok=True)
        (ROWS / f"{request.node.name}.json".replace("/", "-")).write_text(json.dumps(asdict(outcome)))
        for store, count in outcome.counts.items():
            print(f"{outcome.harm} {outcome.to} (seed {outcome.seed}): {store}: {count}")
        assert all(count.is_right for count in outcome.counts.values()), outcome

    return keep


@pytest.fixture(scope="session", autouse=True)
def _fresh_rows() -> None:
    for old in ROWS.glob("*.json"):
        old.unlink()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.option.collectonly or not (files := sorted(ROWS.glob("*.json"))):
        return
    from faults.table import table

    print("\n" + table([json.loads(Path(each).read_text()) for each in files]))
