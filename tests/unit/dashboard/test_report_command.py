"""``./start.sh report``: a card of a log, a report of the lake, or one line that says why there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.engines import free_ports

ROOT = Path(__file__).parents[3]


def report(*arguments: str) -> tuple[int, str, str]:
    command = ["bash", "start.sh", "--native", "report", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_card_is_headed_by_the_name_of_the_log(tmp_path: Path) -> None:
    target = tmp_path / "card.html"
    status, out, error = report("data/samples/demo-failing-fan.txt", "--html", str(target))
    assert (status, error) == (0, "")
    assert "demo-failing-fan.txt\nGPU local:0  (GPU-Z log)\n" in out
    assert "<h1>demo-failing-fan.txt</h1>" in target.read_text(encoding="utf-8")


def test_rows_that_were_lost_are_told_beside_the_card() -> None:
    status, out, error = report("data/samples/quirks/bad-rows.txt")
    assert status == 0
    assert "40 rows" in out or "41 rows" in out
    assert "rejected: bad_time=1, not_a_row=1, ragged_row=2" in error


def test_log_of_another_tool_is_one_line(tmp_path: Path) -> None:
    log = tmp_path / "hwinfo.csv"
    log.write_text("Date,Time,CPU [C],\n23.11.2026,10:17:08,45.0,\n", encoding="utf-8")
    status, out, error = report(str(log))
    assert (status, out, error.count("\n")) == (2, "", 1)
    assert "HWiNFO writes such logs" in error


def test_without_a_log_it_asks_the_lake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GPUSTREAM_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("HDFS_PORT", str(free_ports(1)[0]))
    status, out, error = report("--date", "2026-11-22")
    assert (status, out) == (1, "")
    assert error.startswith("dashboard: HDFS: http://127.0.0.1:")
    status, out, error = report("--date=yesterday", "--html", str(tmp_path / "report.html"))
    assert (status, out) == (2, "")
    assert "--date: found 'yesterday'; expected a date such as 2026-11-22" in error


def test_log_without_a_row_that_can_be_read_says_why(tmp_path: Path) -> None:
    log = tmp_path / "piece.txt"
    log.write_text("2023-06-16 10:17:08 ,  1995.0 ,\n", encoding="utf-8")
    status, out, error = report(str(log))
    assert (status, out) == (2, "")
    assert "no_header: no header in the whole log says what its columns are: config/sources.yaml can" in error
