"""The command ``dashboard card``: readings in, a card out, a clear line for everything else."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import BinaryIO

import pytest

from dashboard import card_command
from dashboard.main import main
from support.sessions import START, session, simulated
from telemetry.reading import encode

ROOT = Path(__file__).parents[3]


class _Pipe:
    """Standard input as a pipe gives it."""

    def __init__(self, raw: bytes) -> None:
        self.buffer: BinaryIO = io.BytesIO(raw)

    def isatty(self) -> bool:
        return False


class _Clock:
    def now(self) -> int:
        return START

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing to wait for")


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for name in ("CONFIG_DIR", "ENERGY_PRICE_PER_KWH", "ENERGY_CURRENCY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def run(raw: bytes, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.stdin", _Pipe(raw))
    return main(["card", *arguments])


def demonstration() -> bytes:
    return b"".join(encode(reading) + b"\n" for reading in simulated("rtx-3080", "failing-fan", rows=360))


def test_card_is_printed_and_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "card.html"
    assert run(demonstration(), monkeypatch, "--html", str(target), "--price", "1,5", "--currency", "CHF") == 0
    printed = capsys.readouterr()
    assert "GPU local:0" in printed.out
    assert "0.03 CHF" in printed.out
    assert printed.err == ""
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_price_comes_from_the_settings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ENERGY_PRICE_PER_KWH", "10")
    monkeypatch.setenv("ENERGY_CURRENCY", "SEK")
    assert run(demonstration(), monkeypatch) == 0
    assert "0.23 SEK" in capsys.readouterr().out


def test_colours_only_when_asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(demonstration(), monkeypatch) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert run(demonstration(), monkeypatch, "--colour", "always") == 0
    assert "\x1b[" in capsys.readouterr().out


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"no JSON\n", b'{"schema": 1}\n'])
def test_no_reading_gets_a_clear_line(
    raw: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(raw, monkeypatch) == 2
    error = capsys.readouterr().err
    assert "standard input: found no reading; expected at least one" in error
    assert "Traceback" not in error


def test_what_is_no_reading_is_counted_and_the_rest_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(b"oops\n" + demonstration() + b'{"schema": 99}\noops\n', monkeypatch) == 0
    printed = capsys.readouterr()
    assert "left out what is no reading: 2 not_json, 1 unknown_schema" in printed.err
    assert "360 rows" in printed.out


def test_file_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(demonstration(), monkeypatch, "--html", str(tmp_path / "no" / "card.html")) == 2
    assert "a file that can be written" in capsys.readouterr().err


@pytest.mark.parametrize("price", ["free", "-1", "nan", "inf"])
def test_wrong_price_is_refused(
    price: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        run(b"", monkeypatch, f"--price={price}")
    assert stop.value.code == 2
    assert "expected a price per kWh" in capsys.readouterr().err


def test_line_without_end_is_skipped_in_constant_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_command, "_LONGEST_LINE", 1000)
    (good,) = (encode(reading) + b"\n" for reading in session([(0, {"gpu_load": 1.0})]))
    refused: Counter[str] = Counter()
    raw = io.BytesIO(good + b"x" * 5432 + b"\n" + good + b"y" * 3000)
    found = list(card_command.readings(raw, _Clock(), refused))
    assert len(found) == 2
    assert refused == Counter(line_too_long=2)
