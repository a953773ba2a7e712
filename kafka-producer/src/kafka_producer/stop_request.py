"""The wish to stop, as a command of ours hears it."""

from __future__ import annotations

import signal
from types import FrameType


class StopRequest:
    """SIGTERM and Ctrl-C set it; the loop asks for it where it can stop without loss."""

    def __init__(self) -> None:
        self.signal: int | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._handle)

    def check(self) -> None:
        """Raises Stopped."""
        if self.signal is not None:
            from kafka_producer.publish import Stopped

            raise Stopped

    def exit_status(self) -> int:
        """0 after SIGTERM, which is how supervisors end a process that is well; 130 after Ctrl-C."""
        return 130 if self.signal == signal.SIGINT else 0

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
