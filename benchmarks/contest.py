"""Two programs that do the same work, in turns: what each of them took, and the ratio of the two.

The ratio is the median over pairs. Two runs one after the other see the same machine, which a minute later is another
one: its other tenants come and go.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Run(NamedTuple):
    """One run of a program."""

    command: Sequence[str]
    environment: Mapping[str, str] = {}


class Cost(NamedTuple):
    """What one process took."""

    seconds: float
    cpu: float
    """Seconds of processor time: a busy machine disturbs it less than the clock on the wall."""
    mebibytes: float
    """Most memory at a time."""


class Contest(NamedTuple):
    """``plain`` is what ours is compared with; the costs of each, in the order in which they ran."""

    plain: str
    plain_costs: list[Cost]
    ours: str
    our_costs: list[Cost]

    def speed(self, field: str) -> float:
        """Of ours, the other's being 1; ``field`` is ``seconds`` or ``cpu``."""
        pairs = zip(self.plain_costs, self.our_costs, strict=True)
        return median(float(getattr(plain, field)) / float(getattr(own, field)) for plain, own in pairs)

    def show(self, unit: str, count: int) -> None:
        """Prints both, for ``count`` times ``unit``, and the ratios."""
        print(f"{'':28}{'wall s':>8}{'cpu s':>8}{f'{unit}/s':>13}{f'{unit}/cpu s':>17}{'peak MiB':>10}")
        for name, taken in ((self.plain, self.plain_costs), (self.ours, self.our_costs)):
            wall, cpu, peak = (median(values) for values in zip(*taken, strict=True))
            print(f"{name:28}{wall:8.2f}{cpu:8.2f}{count / wall:13,.0f}{count / cpu:17,.0f}{peak:10.1f}")
        wall, cpu = self.speed("seconds"), self.speed("cpu")
        print(f"speed of ours, median of the pairs: {wall:.2f} x by the wall clock, {cpu:.2f} x by processor time")


def cost_of(run: Run) -> Cost:
    """Runs it once; what it prints goes nowhere. Raises SystemExit where it fails."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        run.command, env=os.environ | run.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return _waited_for(process, lambda: time.perf_counter() - begin)


def ended(process: subprocess.Popen[bytes], seconds: float) -> Cost:
    """Ends one that would run for ever, and whose work took ``seconds``. Raises SystemExit where it fails."""
    process.terminate()
    return _waited_for(process, lambda: seconds)


def _waited_for(process: subprocess.Popen[bytes], seconds: Callable[[], float]) -> Cost:
    _, status, usage = os.wait4(process.pid, 0)
    taken = seconds()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{process.args!r} ended with {process.returncode}")
    return Cost(taken, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def in_turns(plain: str, plain_run: Callable[[], Run], ours: str, our_run: Callable[[], Run], pairs: int) -> Contest:
    """Each ``pairs`` times, and once before, which fills caches and writes bytecode."""
    contest = Contest(plain, [], ours, [])
    for number in range(pairs + 1):
        costs = cost_of(plain_run()), cost_of(our_run())
        if number:
            contest.plain_costs.append(costs[0])
            contest.our_costs.append(costs[1])
    return contest
