"""A wall clock of its own for single processes (libfaketime): the machine's clock is never touched."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from telemetry.timestamp import SECOND

_LIBRARY = "*/faketime/libfaketimeMT.so.1"


class FakeClock:
    """Off by ``seconds``, which may change while the processes run: they notice within a second."""

    def __init__(self, file: Path, seconds: int = 0) -> None:
        self._file = file
        self.jump(seconds)

    def jump(self, seconds: int) -> None:
        self._say(f"{seconds:+d}")

    def stand(self, at: int) -> None:
        """At this instant (microseconds UTC), for as long as nobody says otherwise."""
        self._say(f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%d %H:%M:%S}")

    def _say(self, words: str) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{words}\n")
        new.replace(self._file)

    @property
    def settings(self) -> dict[str, str]:
        library = next(Path("/usr/lib").glob(_LIBRARY), None)
        assert library, "found no libfaketime, expected it below /usr/lib; do: apt-get install libfaketime"
        return {
            "LD_PRELOAD": str(library),
            "TZ": "UTC",
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            # Waiting and time-outs are not what a wall clock is for.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Without it a JVM's timed waits, which go by that clock, end at once and spin.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }
