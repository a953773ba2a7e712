"""One process at a time sends a log: a lock that the system lets go of even after kill -9."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telemetry.errors import Rejected


@contextmanager
def held(state_dir: Path, name: str) -> Iterator[None]:
    """Raises Rejected(``in_use``) where another process holds ``name``."""
    directory = state_dir / "locks"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{name.replace(':', '_')}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Rejected("in_use", "another process is sending this log") from error
        yield
