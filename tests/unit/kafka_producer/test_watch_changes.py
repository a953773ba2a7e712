"""What the watch makes of a file that becomes another one while it is read, and of a clock that is set back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kafka_producer.drop_folder import Entry
from support.gpuz_logs import header, row
from support.intake_run import Watching
from telemetry.timestamp import SECOND

HEADER = header("GPU Load [%]", "GPU Temperature [°C]").encode("latin-1")
ROWS = 6000
"""Several pieces of what is read at a time."""


def a_log(first: int, count: int = ROWS) -> bytes:
    return HEADER + b"".join(row(first + n, n % 100, 40 + n % 7).encode() for n in range(count))


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    watching = Watching(tmp_path)
    yield watching
    watching.run.kill()


@pytest.mark.parametrize("how", ["renamed", "written over"])
@pytest.mark.parametrize("rows", [ROWS - 1, ROWS, 2 * ROWS])
def test_a_log_that_takes_the_place_of_one_that_is_read_is_read(watching: Watching, rows: int, how: str) -> None:
    """However long: a longer one could be the first, grown."""
    log, other = watching.run.folder / "log.txt", watching.run.folder / ".other"
    log.write_bytes(a_log(0))
    watching.until(lambda: len(watching.outbox.sent) > 0)
    begun = len(watching.outbox.sent)
    assert begun < ROWS - 1, "it was read in one piece"
    if how == "renamed":
        other.write_bytes(a_log(10 * ROWS, rows))
        other.rename(log)
    else:
        log.write_bytes(a_log(10 * ROWS, rows))
    watching.until(lambda: len(watching.outbox.sent) >= begun + rows and watching.is_done("log.txt"))
    found = defaultdict(list)
    for reading in watching.outbox.sent:
        found[reading.origin].append(reading.row)
    first, second = found.values()
    assert first == list(range(len(first)))
    assert second == list(range(rows))


@pytest.mark.parametrize("when", ["before", "while it is looked at", "when it was read"])
def test_a_clock_that_is_set_back_hides_no_log(watching: Watching, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Path] = []
    examine = watching.run.examiner.examine

    def counted(entry: Entry, *given: Any) -> Any:
        looks.append(entry.path)
        return examine(entry, *given)

    monkeypatch.setattr(watching.run.examiner, "examine", counted)
    log = watching.run.folder / "log.txt"
    watching.watch.turn()
    if when == "while it is looked at":
        log.write_bytes(HEADER[:20])  # no log yet: it is given some seconds
        watching.soon(lambda: bool(looks))
    elif when == "when it was read":
        log.write_bytes(a_log(0))
        watching.until(lambda: len(watching.outbox.sent) == ROWS)
    watching.clock.time -= 2 * 3600 * SECOND
    if when != "when it was read":
        log.write_bytes(a_log(0))
    watching.soon(lambda: watching.is_done("log.txt"))
    assert len(watching.outbox.sent) == ROWS
    file = watching.run.ledger.file(str(watching.run.folder.absolute()), "log.txt")
    assert file is not None
    assert file.rows == ROWS
