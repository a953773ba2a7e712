"""A wall clock of its own for single processes (libfaketime): the machine's clock is never touched."""

from __future__ import annotations

from pathlib import Path

_LIBRARY = "*/faketime/libfaketimeMT.so.1"


class FakeClock:
    """Off by ``seconds``, which may change while the processes run: they notice within a second."""

    def __init__(self, file: Path, seconds: int = 0) -> None:
        self._file = file
        self.jump(seconds)

    def jump(self, seconds: int) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(self._file)

    @property
    def settings(self) -> dict[str, str]:
        library = next(Path("/usr/lib").glob(_LIBRARY), None)
        assert library, "found no libfaketime, expected it below /usr/lib; do: apt-get install libfaketime"
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            # Waiting and time-outs are not what a wall clock is for.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Without it a JVM's timed waits, which go by that clock, end at once and spin.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }
