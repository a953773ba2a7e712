"""The pure halves of the stores: InfluxDB's metrics, a Delta log, the order of tables, Kafka's file, plain files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.backup import delta_log, files, kafka_file, manifest
from dashboard.backup.influxdb import Seen, is_whole, seen_in, shards_of
from dashboard.backup.kafka_file import Kept
from dashboard.backup.manifest import Manifest
from dashboard.backup.postgres import in_order
from telemetry.errors import Unavailable
from telemetry.settings import Settings

METRICS = """# TYPE storage_cache_latest_snapshot gauge
storage_cache_latest_snapshot{bucket="b1",engine="tsm1",id="7",path="/a \\"b\\"",walPath="/w"} 1.7957569461e+09
storage_cache_latest_snapshot{bucket="b1",engine="tsm1",id="8",path="/c",walPath="/w"} 0
storage_compactions_failed{bucket="b1",engine="tsm1",id="7",level="1",path="/a"} 9
storage_compactions_failed{bucket="b1",engine="tsm1",id="7",level="cache",path="/a"} 2
"""


def test_what_influxdb_says_of_its_shards() -> None:
    assert seen_in(METRICS) == {7: Seen(1795756946.1, 2.0), 8: Seen(0.0, 0.0)}


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        (Seen(10, 2), Seen(11, 2), True),
        (None, Seen(11, 0), True),
        (Seen(10, 2), Seen(11, 3), False),  # it was busy: the copy may lack what was in memory
        (Seen(10, 2), Seen(10, 2), False),  # an older try was finished, not a new one made
        (Seen(10, 2), None, False),
    ],
)
def test_a_shard_is_whole_when_memory_was_written_down(before: Seen | None, after: Seen | None, whole: bool) -> None:
    assert is_whole(before, after) == whole


def test_shards_of_groups_that_expired_are_not_asked_for() -> None:
    groups = [{"shards": [{"id": 4}, {"id": 2}]}, {"deletedAt": "2026-11-01T00:00:00Z", "shards": [{"id": 3}]}]
    assert list(shards_of([{"retentionPolicies": [{"shardGroups": groups}]}])) == [2, 4]


def commit(number: int) -> str:
    return f"{number:020d}.json"


def test_a_version_is_its_checkpoint_and_the_commits_after_it() -> None:
    names = [commit(n) for n in range(25)] + [f"{n:020d}.checkpoint.parquet" for n in (10, 20)]
    names += ["_last_checkpoint", f"{7:020d}.crc", ".tmp"]
    assert delta_log.files_of(names, 3) == [commit(n) for n in range(4)]
    assert delta_log.files_of(names, 12) == [f"{10:020d}.checkpoint.parquet", commit(11), commit(12)]
    assert delta_log.files_of(names, 20) == [f"{20:020d}.checkpoint.parquet"]


def test_a_checkpoint_in_parts_counts_once_all_are_there() -> None:
    parts = [f"{10:020d}.checkpoint.{n:010d}.{2:010d}.parquet" for n in (1, 2)]
    names = [commit(n) for n in range(12)]
    assert delta_log.files_of([*names, parts[0]], 11) == names
    assert delta_log.files_of([*names, *parts], 11) == [*parts, commit(11)]


def test_a_log_that_was_tidied_meanwhile_is_not_taken() -> None:
    with pytest.raises(Unavailable, match="lacks commit 4"):
        delta_log.files_of([commit(5)] + [commit(n) for n in range(4)], 5)


def test_tables_come_behind_those_that_they_refer_to() -> None:
    tables = {name: Path() for name in ("actions", "alerts", "changes", "positions")}
    assert in_order(tables, [("actions", "alerts"), ("changes", "alerts"), ("changes", "gone")]) == [
        "alerts", "positions", "actions", "changes",
    ]  # fmt: skip


RECORDS = st.lists(
    st.builds(Kept, st.integers(0, 2**40), st.integers(0, 2**40), st.none() | st.binary(), st.none() | st.binary())
)


@given(RECORDS)
def test_records_come_back_from_their_file(tmp_path_factory: pytest.TempPathFactory, records: list[Kept]) -> None:
    path = tmp_path_factory.mktemp("kafka") / "gpu-metrics" / "0.parquet"
    assert kafka_file.write(path, records) == len(records)
    assert list(kafka_file.read(path)) == records


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("state/locks", "secrets", "uploads", "config"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("state/demo", "state/started-with", "state/watch.heartbeat", "state/locks/x", "secrets/token"):
        (tmp_path / name).write_text(name)
    (tmp_path / "uploads" / "log.txt").write_text("GPU-Z")
    (tmp_path / "config" / "alerts.yaml").write_text("rules: {}")
    return Settings(gpustream_run_dir=tmp_path, config_dir=tmp_path / "config")


def saved(settings: Settings, into: Path) -> Manifest:
    into.mkdir()
    files.save(settings, into)
    items = [manifest.item_of(into, path) for path in sorted(into.rglob("*")) if path.is_file()]
    return Manifest(
        format=1, version="", began="", ended="", positions={}, kafka=[], partitions={}, schemas={}, items=items
    )


def test_files_come_back_without_those_of_the_moment(settings: Settings, tmp_path: Path) -> None:
    told = saved(settings, tmp_path / "backup")
    there = {each.path for each in told.items} - {"environment/env"}
    assert there == {"state/demo", "secrets/token", "uploads/log.txt", "config/alerts.yaml"}
    elsewhere = Settings(gpustream_run_dir=tmp_path / "new", config_dir=settings.config_dir)
    files.put_back(elsewhere, tmp_path / "backup", told, (files.SECRETS, files.STATE, files.UPLOADS))
    assert (tmp_path / "new" / "secrets" / "token").read_text() == "secrets/token"
    assert (tmp_path / "new" / "secrets" / "token").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new" / "uploads" / "log.txt").read_text() == "GPU-Z"
    assert not (tmp_path / "new" / "config").exists()


def test_progress_is_copied_whole_while_it_is_written(settings: Settings, tmp_path: Path) -> None:
    with closing(sqlite3.connect(settings.state_dir / "producer.sqlite", isolation_level=None)) as progress:
        progress.execute("pragma journal_mode = wal")
        progress.execute("create table passes (rows integer)")
        progress.execute("insert into passes values (41)")
        told = saved(settings, tmp_path / "backup")
        progress.execute("insert into passes values (42)")
    assert [each.path for each in told.below("state")] == ["state/demo", "state/producer.sqlite"]
    with closing(sqlite3.connect(tmp_path / "backup" / "state" / "producer.sqlite")) as copy:
        assert copy.execute("select rows from passes").fetchall() == [(41,)]


def test_other_configuration_is_named(settings: Settings, tmp_path: Path) -> None:
    told = saved(settings, tmp_path / "backup")
    told = told.model_copy(update={"items": [each for each in told.items if each.path != "environment/env"]})
    assert files.other_configuration(settings, tmp_path / "backup", told) == []
    (settings.config_dir / "alerts.yaml").write_text("rules: {mine: {}}")
    assert files.other_configuration(settings, tmp_path / "backup", told) == ["config/alerts.yaml"]
