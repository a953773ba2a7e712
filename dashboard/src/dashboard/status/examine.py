"""Runs every check at once; one that hangs is given up, and the others are told all the same."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread

from dashboard.status.check import Check, Finding, Line
from telemetry.errors import GpustreamError


@dataclass(frozen=True)
class Examined:
    """One check and what came of it; ``answered`` is False where it raised or was given up."""

    title: str
    finding: Finding
    answered: bool

    @property
    def key(self) -> str:
        return self.title.lower().replace(" ", "_")

    @property
    def problems(self) -> list[Line]:
        return [line for line in self.finding.lines if line.state == "bad"]


def examine(checks: Sequence[Check], seconds: float) -> list[Examined]:
    """In the order of ``checks``, after at most ``seconds``."""
    results: dict[int, Examined] = {}

    def look(number: int, check: Check) -> None:
        try:
            results[number] = Examined(check.title, check.look(), answered=True)
        except GpustreamError as error:
            results[number] = _failed(check, str(error))
        except Exception as error:  # a check must not take the others with it, whatever its client raises
            results[number] = _failed(check, f"{type(error).__name__}: {error}")

    # Daemon threads, and no pool: Python waits for a pool's threads at its end, hanging ones included.
    threads = [Thread(target=look, args=each, daemon=True) for each in enumerate(checks)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [
        results.get(number) or _failed(check, f"no answer within {seconds:g} s") for number, check in enumerate(checks)
    ]


def _failed(check: Check, what: str) -> Examined:
    first = what.splitlines()[0][:200] if what else "no reason given"
    return Examined(check.title, Finding((Line("bad", "no answer", first, check.do),)), answered=False)
