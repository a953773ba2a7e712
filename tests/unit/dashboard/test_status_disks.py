from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.status.disks import Disks


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    for name in ("kafka", "influxdb"):
        (tmp_path / "data" / name).mkdir(parents=True)
    return tmp_path


def test_servers_of_one_disk_are_one_line(run_dir: Path) -> None:
    found = Disks(run_dir, free=lambda _: 7_000_000_000).look()
    assert [(line.state, line.text) for line in found.lines] == [("ok", "7.0 GB left for influxdb, kafka")]
    assert found.data == {"free_bytes": {"influxdb": 7_000_000_000, "kafka": 7_000_000_000}}


def test_full_disk_names_who_stops_and_where_to_make_room(run_dir: Path) -> None:
    (line,) = Disks(run_dir, free=lambda _: 3_000_000).look().lines
    assert line.state == "bad"
    assert line.text == f"only 3 MB left for influxdb, kafka below {run_dir}/data"
    assert "free some space there" in line.do


def test_nothing_was_started_here(tmp_path: Path) -> None:
    assert Disks(tmp_path).look().lines == ()


def test_free_space_is_the_disk_s_own(run_dir: Path) -> None:
    (free,) = set(Disks(run_dir).look().data["free_bytes"].values())
    assert free > 0
