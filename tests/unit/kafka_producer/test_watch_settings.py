"""What the watch makes of files that it knows when it is started with other settings."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kafka_producer.source_config import LogRule, Sources
from support.gpuz_logs import header, row
from support.intake_run import Watching

ROWS = "".join(f"2023/06/16 10:17:{n:02}.000, 0, {40 + n}, 180.{n:02}\n" for n in range(20))
LATER = ROWS.replace("10:17", "10:18")
RIGHT = "timestamp, index, temperature.gpu, power.draw [W]"
SHORT = "timestamp, index, temperature.gpu"


def watching(directory: Path, header: str | None) -> Watching:
    return Watching(directory, Sources(logs=(LogRule(pattern="smi*", header=header),)))


def ended(watching: Watching) -> tuple[int, int]:
    """How many readings and dead letters there were, once the process is ended."""
    watching.run.kill()
    assert all(reading.metrics.keys() == {"gpu_temperature", "board_power_draw"} for reading in watching.outbox.sent)
    return len(watching.outbox.sent), len(watching.outbox.letters)


def leave(path: Path) -> None:
    """As it is."""


@pytest.mark.parametrize("how", [leave, os.utime])
def test_a_header_that_is_set_right_holds_for_what_was_dropped_before(
    tmp_path: Path, how: Callable[[Path], None]
) -> None:
    first = watching(tmp_path, SHORT)
    (log := first.run.folder / "smi.csv").write_text(ROWS)
    first.until(lambda: first.is_done("smi.csv"))
    assert ended(first) == (0, 20)
    how(log)
    second = watching(tmp_path, RIGHT)
    second.until(lambda: len(second.outbox.sent) == 20)
    second.until(lambda: second.is_done("smi.csv"))
    assert ended(second) == (20, 0)
    # For good, also where no rule speaks of the file any more.
    log.write_text(ROWS + LATER)
    third = watching(tmp_path, None)
    third.until(lambda: len(third.outbox.sent) == 20)
    assert ended(third) == (20, 0)


def test_a_file_that_was_refused_is_read_once_a_rule_gives_its_header(tmp_path: Path) -> None:
    first = watching(tmp_path, None)
    (first.run.folder / "smi.csv").write_text(ROWS)
    first.until(lambda: first.state("smi.csv") == "rejected")
    assert ended(first) == (0, 1)
    again = watching(tmp_path, None)
    again.until(lambda: again.clock.time > first.clock.time)
    assert ended(again) == (0, 0)
    second = watching(tmp_path, RIGHT)
    second.until(lambda: second.is_done("smi.csv"))
    assert ended(second) == (20, 0)


def test_what_was_read_is_left_alone_beside_what_was_refused(tmp_path: Path) -> None:
    first = watching(tmp_path, None)
    with zipfile.ZipFile(first.run.folder / "two.zip", "w") as archive:
        archive.writestr("gpuz.txt", header("GPU Temperature [°C]", "Board Power Draw [W]") + row(1, 45, 180))
        archive.writestr("smi.csv", ROWS)
    first.until(lambda: first.is_done("two.zip/gpuz.txt") and first.state("two.zip/smi.csv") == "rejected")
    assert ended(first) == (1, 1)
    second = watching(tmp_path, RIGHT)
    ended_before: list[str] = []
    second.watch._on_end = lambda found, follower: ended_before.append(found.content.name)
    second.until(lambda: second.is_done("two.zip/smi.csv"))
    assert ended(second) == (20, 0)
    assert ended_before == ["two.zip/smi.csv"]
