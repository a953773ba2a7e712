"""The command line of ``replay --dry-run``: what is printed, and what bad input is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from kafka_producer.main import main
from support.gpuz_logs import REPOSITORY, header, row
from telemetry.reading import decode

NEVER = 2**62
LOG = header("GPU Load [%]") + row(1, 50) + row(1, 51) + "rubbish\r\n" + row(2, "-")


@pytest.fixture(autouse=True)
def _configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONFIG_DIR", str(REPOSITORY / "config"))
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))


def write(path: Path, content: str = LOG) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="latin-1", newline="")
    return path


def test_readings_are_printed_and_summed_up(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--dry-run", str(write(tmp_path / "log.txt"))]) == 0
    out, err = capfd.readouterr()
    readings = [decode(line.encode(), NEVER) for line in out.splitlines()]
    assert [reading.row for reading in readings] == [0, 1, 2]
    assert {reading.gpu for reading in readings} == {"local:0"}
    assert "rows=4 readings=3 rejected=1" in err
    assert "not_a_row=1" in err
    assert "failed_read=1" in err
    assert not (tmp_path / "state").exists()


def test_a_look_at_a_log_loads_no_client_of_a_server(tmp_path: Path) -> None:
    """Each of them would make it wait as long as ten thousand rows do."""
    log = write(tmp_path / "log.txt")
    program = (
        "import sys; from kafka_producer.main import main; main(sys.argv[1:])\n"
        "print(sorted({'kafka', 'rich', 'sqlite3', 'pynvml', 'kafka_producer.simulate'} & set(sys.modules)))"
    )
    run = [sys.executable, "-c", program, "replay", "--dry-run", str(log)]
    out = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert out.splitlines()[-1] == "[]"


def test_time_zone_of_the_settings_says_when_a_row_was(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = str(write(tmp_path / "log.txt"))

    def first_hour() -> int:
        assert main(["replay", "--dry-run", "--time", "original", log]) == 0
        reading = orjson.loads(capfd.readouterr().out.splitlines()[0])
        return int(reading["time"][11:13])

    monkeypatch.setenv("TIME_ZONE", "UTC")
    hour = first_hour()
    monkeypatch.setenv("TIME_ZONE", "Asia/Tokyo")
    assert (hour - first_hour()) % 24 == 9


def test_files_side_by_side_are_a_gpu_each(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logs = [str(write(tmp_path / name)) for name in ("a.txt", "b.txt")]
    assert main(["replay", "--dry-run", *logs, "--gpu", "lab:3"]) == 0
    assert [orjson.loads(line)["gpu"] for line in capfd.readouterr().out.splitlines()] == ["lab:3"] * 3 + ["lab:4"] * 3


def test_a_folder_is_searched_and_what_is_no_log_is_passed_over(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "logs" / "rig" / "1" / "log.txt")
    write(tmp_path / "logs" / "notes.txt", "buy milk\n")
    write(tmp_path / "logs" / "picture.png", "no")
    assert main(["replay", "--dry-run", str(tmp_path / "logs")]) == 0
    out, err = capfd.readouterr()
    assert {orjson.loads(line)["gpu"] for line in out.splitlines()} == {"rig:1"}
    assert "notes.txt" in err
    assert "picture.png" not in err


def test_the_zone_is_the_one_that_was_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--dry-run", str(write(tmp_path / "log.txt")), "--timezone", "Asia/Tokyo"]) == 0
    first = orjson.loads(capfd.readouterr().out.splitlines()[0])
    assert (first["recorded"], first["time"]) == ("2023-06-16T10:00:01", "2023-06-16T01:00:01.000Z")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.txt", None, "no such file"),
        ("empty.txt", "", "nothing stands in it"),
        ("notes.txt", "buy milk\n", "begins 'buy milk'"),
        ("hwinfo.csv", "Date,Time,CPU [C]\n1.1.2026,10:00:00,5\n", "HWiNFO"),
        ("folder", "folder", "no sensor log"),
        ("/dev/zero", None, "neither a file nor a folder"),
    ],
)
def test_bad_input_is_told_in_one_line(
    name: str, content: str | None, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if content == "folder":
        (tmp_path / name).mkdir()
    elif content is not None:
        write(tmp_path / name, content)
    assert main(["replay", "--dry-run", str(tmp_path / name)]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--speed", "0"],
        ["--speed", "fast"],
        ["--timezone", "Mars"],
        ["--gpu", "nohost"],
        ["--loop"],
        ["--loop", "--time", "now", "--dry-run"],
    ],
)
def test_options_that_cannot_be_are_refused(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["replay", "log.txt", *arguments])
    assert end.value.code == 2
    assert "error" in capfd.readouterr().err


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    log = write(tmp_path / "log.txt", header("GPU Load [%]") + "".join(row(n % 3600, n) for n in range(20_000)))
    command = f"{Path(sys.executable).with_name('kafka-producer')} replay --dry-run {log} | head -n 1 | wc -l"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, env=os.environ, check=False
    )
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("1", "", 0)
