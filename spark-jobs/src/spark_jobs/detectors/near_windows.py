"""The windows near those that a batch touched, kept in memory, so that the lake is not read again in each batch.

The stream alone writes the table of windows, and tells this memory of each that it writes. So where the memory has
looked once, it stays right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from spark_jobs.detectors import regions
from spark_jobs.detectors.findings import Finding
from spark_jobs.detectors.regions import Regions
from spark_jobs.detectors.series import GpuWindow
from spark_jobs.spans import Span
from telemetry.timestamp import SECOND

T = TypeVar("T")
Read = Callable[[Regions], Iterable[tuple[str, GpuWindow]]]
"""(gpu, window) of all windows of the lake that begin in the regions; more do no harm."""

AHEAD = 3600 * SECOND
"""What is read is longer by this than what was asked for: live data come there next, and nothing is read again."""
MOST_WINDOWS = 400_000
"""Beyond, the GPUs that were quiet longest are forgotten: 10,000 live GPUs are remembered."""


class _Gpu:
    def __init__(self) -> None:
        self.known: list[Span] = []
        self.windows: dict[int, GpuWindow] = {}
        self.judged: list[Span] = []
        self.findings: dict[int, list[Finding]] = {}
        """Start of a judged window -> what was found in it."""


class NearWindows:
    """Per GPU: its windows in some spans, and what was found in those that have been judged."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._gpus: dict[str, _Gpu] = {}

    def put(self, written: Iterable[tuple[str, GpuWindow]]) -> None:
        """Those that were made anew. The lake has them too, or will have once they are whole."""
        for gpu, window in written:
            self._gpus.setdefault(gpu, _Gpu()).windows[window.start] = window

    def of(self, wanted: Regions) -> dict[str, list[GpuWindow]]:
        """The windows of each GPU that begin in ``wanted``, rising."""
        missing: dict[str, list[Span]] = {}
        for gpu, spans in wanted.items():
            # The GPUs of this batch come last, and so are forgotten last.
            memory = self._gpus[gpu] = self._gpus.pop(gpu, _Gpu())
            if holes := regions.without(spans, memory.known):
                missing[gpu] = regions.widened(holes, 0, AHEAD)
        if missing:
            for gpu, window in self._read(missing):
                if gpu in missing and regions.holds(missing[gpu], window.start):
                    # What was put is younger.
                    self._gpus[gpu].windows.setdefault(window.start, window)
            for gpu, spans in missing.items():
                self._gpus[gpu].known = regions.united([*self._gpus[gpu].known, *spans])
        return {
            gpu: [window for start, window in sorted(self._gpus[gpu].windows.items()) if regions.holds(spans, start)]
            for gpu, spans in wanted.items()
        }

    def found(self, gpu: str, spans: Sequence[Span]) -> list[Finding]:
        """What :meth:`remember` was told of the windows that begin in ``spans``."""
        known = self._gpus[gpu].findings
        return [each for start, found in known.items() if regions.holds(spans, start) for each in found]

    def unjudged(self, gpu: str, spans: Iterable[Span]) -> list[Span]:
        """The parts of ``spans`` of which nothing was remembered."""
        memory = self._gpus.get(gpu)
        return regions.without(spans, memory.judged if memory else [])

    def remember(self, gpu: str, judged: list[Span], found: Iterable[Finding]) -> None:
        """``found`` in all windows that begin in ``judged``, in the place of what was found there before."""
        memory = self._gpus[gpu]
        kept = {start: each for start, each in memory.findings.items() if not regions.holds(judged, start)}
        for each in found:
            kept.setdefault(each.peak, []).append(each)
        memory.findings = kept
        memory.judged = regions.united([*memory.judged, *judged])

    def forget(self, used: Mapping[str, list[Span]]) -> None:
        """All but what the last batch ``used`` (gpu -> spans), and of that no more than MOST_WINDOWS."""
        for gpu, spans in used.items():
            memory = self._gpus[gpu]
            kept = regions.widened(spans, 0, AHEAD)
            memory.known = regions.inside(memory.known, kept)
            memory.judged = regions.inside(memory.judged, spans)
            memory.windows = _inside(memory.windows, memory.known)
            memory.findings = _inside(memory.findings, memory.judged)
        total = sum(len(memory.windows) + len(memory.findings) for memory in self._gpus.values())
        for gpu in list(self._gpus):
            if total <= MOST_WINDOWS:
                break
            gone = self._gpus.pop(gpu)
            total -= len(gone.windows) + len(gone.findings)


def _inside(of_start: dict[int, T], spans: list[Span]) -> dict[int, T]:
    return {start: each for start, each in of_start.items() if regions.holds(spans, start)}
