"""What is read out of InfluxDB's own metrics."""

from __future__ import annotations

from kafka_consumers.sinks.influxdb_size import InfluxSize
from telemetry.errors import Unavailable

TEXT = """# HELP qc_all_duration_seconds Histogram of total times spent in all query states
# TYPE qc_all_duration_seconds histogram
qc_all_duration_seconds_bucket{{org="0a",le="0.001"}} 9
qc_all_duration_seconds_sum{{org="0a"}} {seconds}
qc_all_duration_seconds_count{{org="0a"}} {queries}
storage_shard_disk_size{{bucket="b1",engine="tsm1",id="1",path="/x",walPath="/y"}} 1.5e+06
storage_shard_disk_size{{bucket="b2",engine="tsm1",id="2",path="/x",walPath="/y"}} 500000
storage_shard_series{{bucket="b2",engine="tsm1",id="2",path="/x",walPath="/y"}} 77
"""


def texts(*answers: tuple[float, int]) -> InfluxSize:
    given = iter([TEXT.format(seconds=seconds, queries=queries) for seconds, queries in answers])
    return InfluxSize(lambda: next(given))


def test_size_is_that_of_all_shards_and_query_time_the_mean_since_the_last_call() -> None:
    size = texts((2.0, 10), (3.5, 13), (3.5, 13), (3.75, 14))
    assert [size.measure() for _ in range(4)] == [
        {"influxdb_bytes": 2_000_000.0},
        {"influxdb_bytes": 2_000_000.0, "influxdb_query_seconds": 0.5},
        {"influxdb_bytes": 2_000_000.0},
        {"influxdb_bytes": 2_000_000.0, "influxdb_query_seconds": 0.25},
    ]


def test_influxdb_that_was_started_again_counts_anew() -> None:
    size = texts((9.0, 100), (0.5, 2), (0.75, 3))
    assert [size.measure().get("influxdb_query_seconds") for _ in range(3)] == [None, None, 0.25]


def test_what_is_not_known_is_absent() -> None:
    def away() -> str:
        raise Unavailable("InfluxDB: HTTP 404", 1)

    assert InfluxSize(away).measure() == {}
    assert InfluxSize(lambda: "no metrics here").measure() == {}
