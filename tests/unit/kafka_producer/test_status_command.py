"""What ``kafka-producer status`` says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kafka_producer.chain import Head, head_of
from kafka_producer.drop_folder import Signature
from kafka_producer.ledger import File, Ledger
from kafka_producer.main import main
from kafka_producer.pass_state import PassState, Stream
from kafka_producer.position import Position
from kafka_producer.progress import Progress
from kafka_producer.sessions import Session
from kafka_producer.sources.logs.decode import Lines
from support.gpuz_logs import REPOSITORY, row

NOW = 1_700_000_000_000_000


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("CONFIG_DIR", str(REPOSITORY / "config"))
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def a_head(load: int) -> Head:
    found = head_of([Lines(0, [row(1, load).encode()])])
    assert found is not None
    return found


def remember(state: Path) -> None:
    progress = Progress(state)
    ledger = Ledger(progress)
    for number, (name, rows, sent) in enumerate([("a.txt", 100, 40), ("b.txt", 5, 5), ("played.txt", 9, 9)]):
        fingerprint = ledger.recognise(a_head(number)).fingerprint
        gpu = f"pc:{number}"
        ledger.assign(fingerprint, gpu, (Session(1, 2),), 1 if name == "a.txt" else None)
        stream = Stream(fingerprint, gpu, "original")
        progress.begin(stream, PassState(0, 0, "max", "UTC", "import", 0, None, False), name, NOW)
        progress.acknowledge(stream, 0, Position(sent, 0), 1, NOW)
        following, signature = name == "a.txt", Signature(1000, 1, 1, 1)
        if name != "played.txt":
            kind = "following" if following else "done"
            file = File(name, name, signature, kind, fingerprint, gpu, read=400, rows=rows, updated=NOW)  # type: ignore[arg-type]
            ledger.keep("/data", file)
    bad = File(
        "x.txt", "x.txt", Signature(9, 1, 1, 2), "rejected", reason="not_a_log", detail="it begins 'x'", updated=NOW
    )
    ledger.keep("/data", bad)
    progress.close()


def test_nothing_was_dropped_yet(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert "Nothing was dropped yet" in capsys.readouterr().out
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "logs": []}
    assert not state.exists()


def test_each_log_has_a_line(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remember(state)
    assert main(["status"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1][:8] == ["a.txt", "pc:0", "live", "40", "100", "40", "%", "following"]
    assert lines[2][:8] == ["b.txt", "pc:1", "import", "5", "5", "100", "%", "done"]
    assert lines[3][:2] == ["x.txt", "-"]
    assert "rejected: not_a_log (it begins 'x')" in " ".join(lines[3])
    assert lines[4][:4] == ["played.txt", "pc:2", "import", "9"]


def test_the_same_for_a_program(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remember(state)
    assert main(["status", "--json"]) == 0
    first, *_ = json.loads(capsys.readouterr().out)["logs"]
    assert first == {
        "file": "a.txt",
        "folder": "/data",
        "gpu": "pc:0",
        "mode": "live",
        "rows_sent": 40,
        "rows": 100,
        "bytes_read": 400,
        "bytes": 1000,
        "begin": "1970-01-01T00:00:00.000001Z",
        "end": "1970-01-01T00:00:00.000002Z",
        "state": "following",
        "reason": None,
        "detail": "",
        "changed": "2023-11-14T22:13:20.000Z",
    }


def test_a_log_that_is_played_again_and_again_is_listed_once(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(state)
    stream = Stream("f" * 16, "demo-desk:0", "now")
    for number in range(50):
        begun = PassState(number, NOW, "1", "UTC", "demo", 0, None, False)
        progress.begin(stream, begun, "demo.txt", NOW + 2 * number)
        progress.acknowledge(stream, number, Position(360 if number < 49 else 7, 0), 1, NOW + 2 * number)
        if number < 49:
            progress.finish(stream, number, NOW + 2 * number + 1)
    progress.close()
    assert main(["status", "--json"]) == 0
    (log,) = json.loads(capsys.readouterr().out)["logs"]
    assert (log["file"], log["rows_sent"], log["state"]) == ("demo.txt", 7, "unfinished")


def test_a_renamed_file_is_listed_once(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remember(state)
    progress = Progress(state)
    ledger = Ledger(progress)
    (file,) = [file for file in ledger.files("/data") if file.name == "b.txt"]
    ledger.keep("/data", file._replace(name="c.txt", archive="c.txt"))
    ledger.gone("/data", "b.txt", NOW)
    ledger.gone("/data", "x.txt", NOW)
    progress.close()
    main(["status", "--json"])
    logs = json.loads(capsys.readouterr().out)["logs"]
    assert [log["file"] for log in logs] == ["a.txt", "c.txt", "played.txt"]
