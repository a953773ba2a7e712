"""The command line of the simulator, and that data/samples/ is what it makes."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from kafka_producer.simulate import command
from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.quirks import QUIRKS
from kafka_producer.simulate.samples import SAMPLES, make
from kafka_producer.simulate.scenarios import SCENARIOS
from telemetry.errors import Misconfigured

SAMPLE_FOLDER = Path(__file__).parents[4] / "data" / "samples"


def simulate(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.write(parser.parse_args(["gpuz", *arguments]))


def test_list_names_everything_in_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate("--list") == 0
    listed = capsys.readouterr().out.splitlines()
    for name in (*SCENARIOS, *CARDS, *QUIRKS):
        assert sum(line.split()[:1] == [name] for line in listed) == 1


def test_log_goes_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert simulate("--duration", "3", "--start", "2024-02-29 23:59:58") == 0
    rows = capfdbinary.readouterr().out.split(b"\r\n")
    assert len(rows) == 5
    assert rows[3].startswith(b"2024-03-01 00:00:00 ,")


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("6m", 360), ("1h30m", 5400), ("24h", 86_400), ("45s", 45)])
def test_duration_is_seconds_or_words(text: str, seconds: int, tmp_path: Path) -> None:
    out = tmp_path / "log.txt"
    assert simulate("--duration", text, "--interval", "15", "--out", str(out)) == 0
    assert len(out.read_bytes().splitlines()) == seconds // 15 + 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--duration", "soon"), "found 'soon', expected seconds or 6m"),
        (("--duration", "0"), "expected more than nothing"),
        (("--interval", "0"), "expected seconds from 0.05"),
        (("--start", "yesterday"), "found 'yesterday', expected YYYY-MM-DD"),
        (("--start", "2024-01-01T00:00:00+01:00"), "without a zone"),
        (("--quirk", "teapot"), "invalid choice: 'teapot'"),
    ],
)
def test_bad_argument_gets_a_clear_line(
    arguments: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        simulate(*arguments)
    assert stop.value.code == 2
    assert complaint in capsys.readouterr().err


def test_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="a file that can be written"):
        simulate("--out", str(tmp_path / "no" / "such" / "folder.txt"))


def test_less_than_an_interval_is_refused() -> None:
    with pytest.raises(Misconfigured, match="at least one interval"):
        simulate("--duration", "3", "--interval", "5")


@pytest.mark.parametrize("name", SAMPLES)
def test_committed_sample_is_what_the_simulator_makes(name: str, tmp_path: Path) -> None:
    assert (SAMPLE_FOLDER / name).read_bytes() == make(name, tmp_path).read_bytes(), "run scripts/make-samples.sh"


def test_no_sample_is_left_over_and_all_are_small() -> None:
    files = [path for path in SAMPLE_FOLDER.rglob("*") if path.is_file()]
    assert {str(path.relative_to(SAMPLE_FOLDER)) for path in files} == set(SAMPLES)
    assert sum(path.stat().st_size for path in files) < 1_200_000
