"""A wall clock of its own for single processes: the machine's clock is never touched."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("fake_clock.c")


class FakeClock:
    """Off by ``seconds``, which may change while the processes run: they notice at once."""

    def __init__(self, folder: Path, seconds: int = 0) -> None:
        folder.mkdir()
        self._library = folder / "fake_clock.so"
        command = ["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(self._library), str(_SOURCE), "-ldl"]
        subprocess.run(command, check=True)
        self._file = folder / "order"
        self._file.write_bytes(bytes(16))
        self.jump(seconds)

    def jump(self, seconds: int) -> None:
        self._say(seconds * 1_000_000_000, 0)

    def stand(self, at: int) -> None:
        """At this instant (microseconds UTC), for as long as nobody says otherwise."""
        self._say(0, at * 1000)

    def _say(self, ahead: int, stands: int) -> None:
        # In place: the processes have this file in their memory.
        with self._file.open("r+b") as file:
            file.write(struct.pack("=qq", ahead, stands))

    @property
    def settings(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "FAKE_CLOCK": str(self._file)}
