"""What the stream says of itself, from progress as Spark gives it."""

from __future__ import annotations

from typing import Any

import pytest

from spark_jobs.self_report import records_behind, records_taken
from spark_jobs.tally import Tally


@pytest.mark.parametrize(
    ("source", "behind"),
    [
        ({"latestOffset": '{"gpu-metrics":{"0":10,"1":5}}', "endOffset": '{"gpu-metrics":{"0":7,"1":5}}'}, 3),
        ({"latestOffset": {"gpu-metrics": {"0": 10}}, "endOffset": {"gpu-metrics": {"0": 10}}}, 0),
        ({"latestOffset": '{"gpu-metrics":{"0":4}}', "endOffset": "null"}, 4),
        ({"latestOffset": "null", "endOffset": None}, 0),
        ({"latestOffset": {"gpu-metrics": None}}, 0),
        ({}, 0),
    ],
)
def test_records_behind_are_what_no_batch_has_taken(source: dict[str, Any], behind: int) -> None:
    assert records_behind({"sources": [source]}) == behind


@pytest.mark.parametrize(
    ("source", "taken"),
    [
        ({"startOffset": '{"gpu-metrics":{"0":3,"1":5}}', "endOffset": '{"gpu-metrics":{"0":7,"1":5}}'}, 4),
        ({"startOffset": None, "endOffset": {"gpu-metrics": {"0": 10}}}, 10),
        ({"startOffset": "null", "endOffset": "null"}, 0),
        ({}, 0),
    ],
)
def test_records_taken_are_counted_by_offset(source: dict[str, Any], taken: int) -> None:
    # numInputRows counts a record each time that a query of the batch reads it.
    assert records_taken({"sources": [source], "numInputRows": 99}) == taken


def test_tally_counts_batch_by_batch_and_its_latency_is_the_newest() -> None:
    tally = Tally().after(3, {"not_json": 1}, 2.0).after(0, {"not_json": 1, "bad_value": 2}, 0.5)
    assert tally == Tally(received=7, written=3, rejected={"not_json": 2, "bad_value": 2}, latency_seconds=0.5)
