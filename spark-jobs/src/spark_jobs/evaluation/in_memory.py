"""Readings -> anomalies by the detectors of the stream, all in memory: no lake, no Spark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean, median

from spark_jobs.detectors.changes import Episode
from spark_jobs.detectors.episodes import episodes
from spark_jobs.detectors.findings import Finding
from spark_jobs.detectors.of_readings import Suspect, of_readings
from spark_jobs.detectors.of_windows import LEAST_WINDOWS, Known, Usual, WindowJudge, metrics_judged
from spark_jobs.detectors.series import GpuWindow, Stats
from spark_jobs.load_bands import LOAD, band
from spark_jobs.spans import Span
from telemetry.catalogue import Catalogue
from telemetry.reading import IMPLAUSIBLE, Reading
from telemetry.timestamp import SECOND


def anomalies(
    readings: Iterable[Reading], catalogue: Catalogue, seconds: int, known: Known | None = None
) -> list[Episode]:
    """All anomalies of ``readings``, as if they were all that there is; ``known``: baselines."""
    found = episodes(found_in(readings, catalogue, seconds, known or {}))
    return sorted(found, key=lambda each: (each.gpu, each.start, each.kind, each.metric))


def found_in(readings: Iterable[Reading], catalogue: Catalogue, seconds: int, known: Known) -> list[Finding]:
    """What the anomalies are made of."""
    judge = WindowJudge(catalogue, seconds)
    found: list[Finding] = []
    for gpu, rows in _of_gpu(readings).items():
        found += of_readings(map(suspect, rows), catalogue)
        if made := windows(rows, catalogue, seconds):
            found += judge.findings(gpu, made, known, [Span(made[0].start, made[-1].end)])
    return found


def baselines(readings: Iterable[Reading], catalogue: Catalogue, seconds: int) -> dict[tuple[str, str, str], Usual]:
    """As the nightly batch makes them (:mod:`spark_jobs.reports.baselines`) of the metrics that are judged by them."""
    metrics = [each.name for each in catalogue if each.usual_at_load]
    averages: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for gpu, rows in _of_gpu(readings).items():
        for window in windows(rows, catalogue, seconds):
            for name in metrics:
                if name in window.metrics and LOAD in window.metrics:
                    averages[gpu, name, band(window.metrics[LOAD].avg)].append(window.metrics[name].avg)
    made: dict[tuple[str, str, str], Usual] = {}
    for key, values in averages.items():
        if len(values) >= LEAST_WINDOWS:
            middle = median(values)
            made[key] = Usual(middle, median(abs(value - middle) for value in values))
    return made


def _of_gpu(readings: Iterable[Reading]) -> dict[str, list[Reading]]:
    """GPU -> its readings in order."""
    of_gpu: dict[str, list[Reading]] = defaultdict(list)
    for each in sorted(readings, key=lambda each: (each.gpu, each.time, each.row)):
        of_gpu[each.gpu].append(each)
    return of_gpu


def windows(readings: Sequence[Reading], catalogue: Catalogue, seconds: int) -> list[GpuWindow]:
    """Those of one GPU that the detectors look at, of ``readings`` in the order of time; as
    :func:`spark_jobs.transforms.windows.windows` makes them."""
    width = seconds * SECOND
    of_start: dict[int, list[Reading]] = defaultdict(list)
    for each in readings:
        of_start[each.time // width * width].append(each)
    names = metrics_judged(catalogue)
    fast = {name for name in names if catalogue[name].fastest_change}
    made: list[GpuWindow] = []
    for start, rows in sorted(of_start.items()):
        values = {name: [each.metrics[name] for each in rows if name in each.metrics] for name in names}
        metrics = {
            name: Stats(fmean(shown), min(shown), max(shown), _change(name, rows) if name in fast else None)
            for name, shown in values.items()
            if shown
        }
        place = (max(each.host for each in rows), max(each.source for each in rows), max(each.mode for each in rows))
        made.append(GpuWindow(start, start + width, *place, metrics))
    return made


def _change(name: str, rows: Iterable[Reading]) -> float | None:
    """The fastest change from one reading to the next, per second; a second is the least."""
    fastest: float | None = None
    before: Reading | None = None
    for each in rows:
        if name not in each.metrics:
            continue
        if before is not None:
            elapsed = max((each.time - before.time) / SECOND, 1.0)
            change = abs(each.metrics[name] - before.metrics[name]) / elapsed
            fastest = change if fastest is None else max(fastest, change)
        before = each
    return fastest


def suspect(reading: Reading) -> Suspect:
    dropped = tuple(name for name, flag in reading.flags.items() if flag == IMPLAUSIBLE)
    place = (reading.gpu, reading.host, reading.source, reading.mode, reading.model)
    return Suspect(*place, reading.time, dict(reading.metrics), dropped)
