"""A reading as a row for COPY: into which table, which columns, and no byte that COPY would take for its own."""

from __future__ import annotations

import json

import pytest

from kafka_consumers.timescale import columns
from kafka_consumers.timescale.row import Rows, lines
from support.influxdb_writer import reading
from support.timescale import METRICS
from telemetry.catalogue import Catalogue
from telemetry.reading import MOST_LABELS

DAY = 86_400_000_000
KEPT = 7 * DAY
NOW = 1_790_000_000_000_000
ROWS = Rows(columns.metrics_of(METRICS), KEPT)


@pytest.mark.parametrize(
    ("mode", "age", "aside", "moved"),
    [
        ("live", 0, False, False),
        ("live", KEPT, False, False),
        ("demo", KEPT + 1, True, True),
        ("import", 0, True, False),
        ("import", 9 * KEPT, True, False),
    ],
)
def test_table_follows_mode_and_age_at_arrival(mode: str, age: int, aside: bool, moved: bool) -> None:
    row = ROWS.of(reading(1, mode=mode, time=NOW - age), NOW)
    assert (row.aside, row.moved) == (aside, moved)


def test_sensors_that_are_no_column_and_wild_values_are_told_apart() -> None:
    row = ROWS.of(reading(1, metrics={"gpu_load": 1e200, "gpu_temperature": 60, "odd": 1.5}, flags={}), NOW)
    assert row.metrics == {"gpu_temperature": 60}
    assert row.fixed.split("\t")[-3:] == ['{"odd":1.5}', '{"gpu_load":"implausible"}', "\\N"]


def test_peers_16_labels_are_one_column_however_many_there_are() -> None:
    labels = {f"label_{number}": f"value-{number}" for number in range(MOST_LABELS)}
    plain, labelled = (ROWS.of(reading(1, labels=each), NOW).fixed.split("\t") for each in ({}, labels))
    assert labelled[:-1] == plain[:-1]
    assert json.loads(labelled[-1]) == labels


def test_no_text_breaks_a_line() -> None:
    evil = "a\tb\nc\\N\r\\."
    row = ROWS.of(reading(1, origin="\\N", model=evil, recorded=evil, flags={"x": evil}), NOW)
    (line,) = b"".join(lines([row], ["gpu_load", "fan1_speed_rpm"], staged=True)).splitlines()
    cells = line.decode().split("\t")
    assert len(cells) == 2 + len(columns.FIXED) + 2
    assert cells[2:][4] == "a\\tb\\nc\\\\N\\r\\\\."
    assert cells[2:][6] == "\\\\N"
    assert cells[-2:] == ["1.0", "\\N"]


def test_metric_that_can_be_no_column_goes_with_the_others() -> None:
    one = METRICS.metrics["gpu_load"]
    named = {name: one.model_copy(update={"name": name}) for name in ("x" * 60, "mode", "gpu_load")}
    assert list(columns.metrics_of(Catalogue(METRICS.units, METRICS.kinds, named))) == ["gpu_load"]
