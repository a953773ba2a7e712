"""Logging of a process: one ``key=value`` line per batch or change of state, on stderr."""

from __future__ import annotations

import logging
import sys
import time


def configure(process: str, level: str = "INFO") -> None:
    """Called once, by ``main``. UTC times, so that the logs of several machines can be laid side by side."""
    formatter = logging.Formatter(f"%(asctime)sZ %(levelname)s {process} %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # The client says every try to reconnect, as warning and error, while a broker is away; we say it once.
    logging.getLogger("kafka").setLevel(logging.ERROR)
    for name in ("cluster", "net.connection", "net.manager", "net.transport", "producer.kafka"):
        logging.getLogger(f"kafka.{name}").setLevel(logging.CRITICAL)
