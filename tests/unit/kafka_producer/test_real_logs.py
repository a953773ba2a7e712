"""The real logs, where they lie beside the checkout: every row arrives, and no false zero does."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kafka_producer.main import main
from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.log import Pass, RejectedLine, SensorLog
from support.gpuz_logs import CATALOGUE, NOW, REPOSITORY, Walked

FOLDER = REPOSITORY.parent / "shared" / "gpuz" / "logs"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the real logs do not lie beside this checkout")

# name -> (data rows, columns after the date, readings that lost a value, sensors that stayed 0)
LOGS = {
    "geforce-2016-failed-reads": (1321, 11, 223, ["video_engine_load"]),
    "geforce-2016-short": (7, 13, 0, ["bus_interface_load", "video_engine_load"]),
    "geforce-2016-three-sessions": (4271, 11, 0, ["video_engine_load"]),
    "geforce-2021-damaged-degree-sign": (3798, 22, 78, []),
    "geforce-2021-starts-without-header": (200, 22, 1, ["video_engine_load"]),
    "geforce-2021-two-6pin": (9, 21, 0, ["mvddq_power_draw", "video_engine_load"]),
    "geforce-2023-thirty-columns": (2899, 29, 2899, ["fan1_speed_rpm", "fan2_speed_rpm", "video_engine_load"]),
    "geforce-2024-pwr-src": (356, 22, 356, ["bus_interface_load", "power_consumption_percent", "video_engine_load"]),
    "igpu-2024-korean-windows": (1006, 9, 541, []),
    "igpu-2024-one-row-no-header": (0, 0, 0, []),
    "unknown-2017-six-sensors": (3, 6, 0, ["gpu_power"]),
}


@cache
def walk(name: str) -> Walked:
    path: Path = FOLDER / f"{name}.txt"
    rejected: list[RejectedLine] = []
    file = LogFile(name, lambda: path.open("rb"), CATALOGUE, ZoneInfo("Europe/Berlin"))
    source = SensorLog(file, Pass("f/0", "local:0", "import", None, NOW), rejected.append)
    return Walked(list(source.readings()), rejected, source.tally)


def test_every_log_of_the_folder_is_in_the_table() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(LOGS)


@pytest.mark.parametrize("name", LOGS)
def test_rows_columns_and_quality(name: str) -> None:
    rows, columns, lossy, stayed_zero = LOGS[name]
    walked = walk(name)
    assert len(walked.readings) == rows
    assert {len(reading.metrics.keys() | (reading.flags.keys() - {"*"})) for reading in walked.readings} <= {columns}
    assert sum(bool(reading.flags.keys() - {"*"}) for reading in walked.readings) == lossy
    assert walked.tally.stayed_zero == stayed_zero
    assert walked.tally.unknown == []
    assert walked.reasons == (["no_header"] if name == "igpu-2024-one-row-no-header" else [])


@pytest.mark.parametrize("name", LOGS)
def test_dry_run_prints_a_line_per_row(
    name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONFIG_DIR", str(REPOSITORY / "config"))
    assert main(["replay", "--dry-run", str(FOLDER / f"{name}.txt")]) == 0
    out, err = capfd.readouterr()
    assert out.count("\n") == LOGS[name][0]
    assert ("rows=1 readings=0 rejected=1" in err) == (name == "igpu-2024-one-row-no-header")


@pytest.mark.parametrize("name", LOGS)
def test_no_zero_of_a_failed_read_arrives(name: str) -> None:
    """Judged by the text alone: where half of a row is ``-``, no 0 of the card is a measurement."""
    failed = [n for n, cells in enumerate(data_rows(name)) if cells.count("-") * 2 >= len(cells)]
    readings = walk(name).readings
    assert len(failed) == {"geforce-2016-failed-reads": 223, "geforce-2021-damaged-degree-sign": 78}.get(name, 0)
    for n in failed:
        of_card = {key for key in readings[n].metrics if CATALOGUE[key].scope == "gpu"}
        assert not {key for key in of_card if readings[n].metrics[key] == 0}


def data_rows(name: str) -> list[list[str]]:
    lines = (FOLDER / f"{name}.txt").read_bytes().replace(b"\0", b"").decode("latin-1").splitlines()
    rows = [[cell.strip() for cell in line.split(",")[1:-1]] for line in lines if re.match(r"\d{4}-", line)]
    return rows if LOGS[name][0] else []


@pytest.mark.parametrize("name", LOGS)
def test_no_zero_that_cannot_be_arrives(name: str) -> None:
    never = [metric.name for metric in CATALOGUE if metric.zero_rule.kind == "never"]
    assert not [reading for reading in walk(name).readings for metric in never if reading.metrics.get(metric) == 0]


@pytest.mark.parametrize("name", LOGS)
def test_identities_and_times_are_unique_and_in_order(name: str) -> None:
    readings = walk(name).readings
    assert [reading.row for reading in readings] == list(range(len(readings)))
    times = [reading.time for reading in readings]
    assert times == sorted(set(times))
