"""One batch at a time: two would sweep away what the other is making. The system lets go of it even after kill -9."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)


@contextmanager
def alone(state_dir: Path) -> Iterator[None]:
    """Waits, and says so, while another run of the batch on the same STATE_DIR goes on."""
    directory = state_dir / "locks"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "batch.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.warning("another batch is running: this one begins when it has ended")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
