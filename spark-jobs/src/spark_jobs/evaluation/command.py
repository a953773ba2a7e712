"""``spark-jobs evaluate anomalies``: how well the detectors find what the labels say, beside two simpler ways."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from spark_jobs.evaluation import in_memory
from spark_jobs.evaluation.document import put
from spark_jobs.evaluation.labels import Label, labels
from spark_jobs.evaluation.rivals import Rival, rivals
from spark_jobs.evaluation.score import Score, scores
from spark_jobs.evaluation.series_file import DEFAULT_GPU, readings
from telemetry import catalogue
from telemetry.catalogue import Catalogue
from telemetry.errors import Misconfigured
from telemetry.reading import Reading
from telemetry.settings import Settings

MARK = "anomalies"
_HEAD = ("series", "detector", "kind", "labels", "found", "recall", "alarms", "true", "precision", "delay, s")


class Case(NamedTuple):
    name: str
    readings: list[Reading]
    labels: list[Label]


def add_to(parser: argparse.ArgumentParser) -> None:
    series = "a series: time, perhaps gpu and model, and metrics by name; or a GPU-Z log; repeatable"
    parser.add_argument("--csv", type=Path, action="append", required=True, metavar="FILE", help=series)
    truth = "what should be found in it: gpu,kind,metric,start,end; one for each --csv"
    parser.add_argument("--labels", type=Path, action="append", required=True, metavar="FILE", help=truth)
    usual = "a healthy series of the same GPUs, for what is usual (default: the catalogue's prior)"
    parser.add_argument("--baseline", type=Path, metavar="FILE", help=usual)
    whose = "whose series without a column gpu are (default: %(default)s)"
    parser.add_argument("--gpu", default=DEFAULT_GPU, help=whose)
    parser.add_argument("--into", type=Path, metavar="FILE", help="also write the table between the marks in FILE")
    mark = "the marks in FILE are those of scripts/evaluate-NAME.sh (default: %(default)s)"
    parser.add_argument("--mark", default=MARK, metavar="NAME", help=mark)
    parser.add_argument("--note", default="", help="a line above the table")


def run(arguments: argparse.Namespace, settings: Settings) -> str:
    """The table in Markdown. Raises Misconfigured."""
    if len(arguments.csv) != len(arguments.labels):
        counted = f"{len(arguments.csv)} --csv and {len(arguments.labels)} --labels"
        raise Misconfigured("evaluate anomalies", counted, "as many of one as of the other")
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    cases = [
        _case(series, truth, metrics, arguments.gpu)
        for series, truth in zip(arguments.csv, arguments.labels, strict=True)
    ]
    usual = readings(arguments.baseline, metrics, arguments.gpu) if arguments.baseline else []
    known = in_memory.baselines(usual, metrics, settings.window_seconds)
    text = table(cases, rivals(metrics, settings.window_seconds, known))
    if arguments.into:
        put(arguments.into, arguments.mark, "\n\n".join(part for part in (arguments.note, text) if part))
    return text


def table(cases: Iterable[Case], compared: Iterable[Rival]) -> str:
    """A row per series and detector; and a row per kind of gpustream's own. Below it, where gpustream loses."""
    rivals_ = list(compared)
    rows = [_HEAD, ("---",) * len(_HEAD)]
    together: dict[str, list[Score]] = {rival.name: [] for rival in rivals_}
    lost: list[str] = []
    for case in cases:
        for rival in rivals_:
            found = scores(rival.alarms(case.readings), case.labels)
            together[rival.name].append(found["all"])
            rows += (_row(case.name, rival.name, kind, score) for kind, score in _shown(found))
        ours, *others = ((rival.name, together[rival.name][-1]) for rival in rivals_)
        lost += (f"- {case.name}: {words}" for name, score in others if (words := _loses(ours[1], name, score)))
    if all(len(each) > 1 for each in together.values()):
        rows += (_row("**all series**", name, "all", _sum(each)) for name, each in together.items())
    drawn = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([drawn, "", f"Where {rivals_[0].name} loses:", "", *lost] if lost else [drawn])


def _loses(ours: Score, name: str, theirs: Score) -> str:
    """Why ``theirs`` are better; empty where they are not."""
    precision = f"at a precision of {_share(theirs.precision)}"
    if theirs.found > ours.found:
        return f"{name} finds {theirs.found} of {ours.labels} labels, not {ours.found}, {precision}."
    if theirs.found < ours.found:
        return ""
    if theirs.delay is not None and ours.delay is not None and theirs.delay < ours.delay - 1:
        return f"{name} is quicker, {theirs.delay:.0f} s against {ours.delay:.0f}, {precision}."
    if (theirs.precision or 0) > (ours.precision or 0):
        return f"{name} has the better precision, {_share(theirs.precision)} against {_share(ours.precision)}."
    return ""


def _case(series: Path, truth: Path, metrics: Catalogue, gpu: str) -> Case:
    case = Case(series.stem, readings(series, metrics, gpu), labels(truth))
    known = {each.gpu for each in case.readings}
    if unknown := sorted({each.gpu for each in case.labels} - known):
        raise Misconfigured(
            str(truth), f"gpu {unknown[0]!r}", f"one of {series}: {', '.join(sorted(known))} (or say --gpu)"
        )
    return case


def _shown(found: dict[str, Score]) -> Iterator[tuple[str, Score]]:
    """All together, and by kind where there is more than one."""
    kinds = [(kind, score) for kind, score in found.items() if kind != "all" and (score.labels or score.alarms)]
    yield "all", found["all"]
    knows_kinds = sum(score.alarms for _, score in kinds) == found["all"].alarms
    if knows_kinds and len(kinds) > 1:
        yield from kinds


def _sum(parts: list[Score]) -> Score:
    delays = sorted(part.delay for part in parts if part.delay is not None)
    middle = delays[len(delays) // 2] if delays else None
    found, told = sum(part.found for part in parts), sum(part.alarms for part in parts)
    true = sum(part.true_alarms for part in parts)
    return Score(sum(part.labels for part in parts), found, told, true, middle)


def _row(series: str, detector: str, kind: str, score: Score) -> tuple[str, ...]:
    counts = (str(score.labels), str(score.found), _share(score.recall), str(score.alarms), str(score.true_alarms))
    delay = "" if score.delay is None else f"{score.delay:.0f}"
    return series, detector, kind, *counts, _share(score.precision), delay


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
