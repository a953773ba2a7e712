"""Windows -> findings that need an average or a neighbour: rate of change, stuck, hot for its load, level shift.

All frames are rows of one (gpu, metric) in the order of time, and hold only where they span no gap. A window is judged
once another follows it: until then it is still filling, and a finding of it could vanish with the next reading.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, WindowSpec
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from spark_jobs.detectors import findings
from spark_jobs.load_bands import LOAD, band_of
from telemetry.catalogue import Catalogue

_LOOSE = 1.5
"""A frame of n windows may span n times this many, so that a lost window does not blind the detectors."""
_STUCK_LOAD = 30.0
"""The windows' load must have moved by this many points: a sensor of an idle card may well stay."""
_WARM_SECONDS = 600
"""A cooler stays warm for so long after work: what is usual at the highest load of that time is usual."""
_HOT_WINDOWS = 4
_HOT_SCORE = 3.5
"""Iglewicz and Hoaglin (1993): a modified z-score above 3.5 is an outlier."""
_VERY_HOT_SCORE = 7.0
_Z = 0.6745
"""MAD over standard deviation of a normal distribution."""
_SHIFT_BEFORE, _SHIFT_BETWEEN, _SHIFT_AFTER = 8, 2, 4
"""Windows on either side of a step, and how long it may take."""
_SHIFT_LOAD = 10.0
"""Points by which the load may differ over all of them: beyond, the load explains the step."""


def look_back(seconds: int) -> int:
    """No frame reaches further back from the start of its window: seconds, for windows of ``seconds``."""
    return max(15 * 60, 30 * seconds)


def follows(seconds: int) -> int:
    """A window is closed by another that begins at most so many seconds after it."""
    return max(120, 4 * seconds)


def metrics_judged(catalogue: Catalogue) -> list[str]:
    """The metrics whose windows :func:`of_windows` wants to see."""
    rules = ("fastest_change", "stuck_after", "level_shift", "usual_at_load")
    return sorted({LOAD, *(each.name for each in catalogue if any(getattr(each, rule) for rule in rules))})


def of_windows(windows: DataFrame, baselines: DataFrame, catalogue: Catalogue, seconds: int) -> DataFrame:
    """Rows of :data:`findings.FINDING`, for every window of ``windows`` that is closed.

    ``windows`` in the columns of :data:`spark_jobs.schema.WINDOWS`, of :func:`metrics_judged` and longer by the
    look-back than what is asked for; ``baselines``: gpu, metric, band, median, mad of those that are known.
    """
    in_order = W.partitionBy("gpu", "metric").orderBy("start")
    warm = in_order.rowsBetween(1 - math.ceil(_WARM_SECONDS / seconds), 0)
    banded = _with_load(windows, seconds).withColumn("band", band_of(F.max("load").over(warm)))
    rows = banded.join(F.broadcast(baselines), on=["gpu", "metric", "band"], how="left")
    findings_of = (_rate(catalogue), _stuck(catalogue, in_order, seconds), _hot(catalogue, in_order, seconds))
    shown = F.array_compact(F.array(*findings_of, _shift(catalogue, in_order, seconds)))
    day = F.date_trunc("day", "start")
    return (
        rows.select("gpu", "host", "source", "mode", "metric", "start", "end", "closed", shown.alias("shown"))
        .filter(F.col("closed") & (F.size("shown") > 0))
        .select("gpu", "host", "source", "mode", "metric", "start", "end", F.explode("shown").alias("finding"))
        .select(
            *("gpu", "host", "source", "mode", "finding.kind", "metric"),
            F.lit(0).cast("long").alias("bit"),
            # An anomaly lies in one date.
            F.greatest("finding.since", day).alias("start"),
            *("end", "finding.rank", "finding.badness"),
            F.col("start").alias("peak"),
            *("finding.value", "finding.limit", "finding.score"),
        )
        .select(*findings.FINDING.names)
    )


def _with_load(windows: DataFrame, seconds: int) -> DataFrame:
    """With the average load beside every metric of the window, and whether the window is closed."""
    of_gpu = W.partitionBy("gpu").orderBy(F.unix_seconds("start")).rangeBetween(1, follows(seconds))
    follower = F.max(F.unix_seconds("start")).over(of_gpu)
    together = W.partitionBy("gpu", "start")
    load = F.max(F.when(F.col("metric") == LOAD, F.col("avg"))).over(together)
    # One shuffle for all that follows, because each groups at least by gpu.
    return windows.repartition("gpu").withColumns({"load": load, "closed": follower.isNotNull()})


def _rate(catalogue: Catalogue) -> Column:
    fastest = _table({each.name: each.fastest_change.per_second for each in catalogue if each.fastest_change})
    return F.when(
        F.col("change") > fastest,
        _finding(findings.RATE, "warning", F.col("start"), value=F.col("change"), limit=fastest),
    )


def _stuck(catalogue: Catalogue, in_order: WindowSpec, seconds: int) -> Column:
    lengths = {each.name: each.stuck_after.minutes for each in catalogue if each.stuck_after}
    judged = F.lit(None)
    for minutes in sorted(set(lengths.values())):
        number = math.ceil(minutes * 60 / seconds)
        frame = in_order.rowsBetween(1 - number, 0)
        one_value = F.min("min").over(frame) == F.max("max").over(frame)
        moved = F.max("load").over(frame) - F.min("load").over(frame) >= _STUCK_LOAD
        finding = _finding(findings.STUCK, "warning", F.min("start").over(frame), value=F.col("avg"))
        names = [name for name, of_metric in lengths.items() if of_metric == minutes]
        stuck = F.col("metric").isin(names) & _is_whole(frame, number, seconds) & one_value & moved
        judged = F.when(stuck, finding).otherwise(judged)
    return judged


def _hot(catalogue: Catalogue, in_order: WindowSpec, seconds: int) -> Column:
    usual = {each.name: each.usual_at_load for each in catalogue if each.usual_at_load}
    least = _table({name: each.least_mad for name, each in usual.items()})
    prior = F.try_element_at(_prior(catalogue), F.concat_ws(" ", "metric", "band"))
    median = F.coalesce(F.col("median"), prior["median"])
    score = _Z * (F.col("avg") - median) / F.greatest(F.coalesce(F.col("mad"), prior["mad"]), least)
    frame = in_order.rowsBetween(1 - _HOT_WINDOWS, 0)
    warm = math.ceil(_WARM_SECONDS / seconds)
    known = _is_whole(in_order.rowsBetween(1 - warm, 0), warm, seconds)
    all_hot = (F.min(score).over(frame) > _HOT_SCORE) & (F.count(score).over(frame) == _HOT_WINDOWS)
    rank = F.when(score > _VERY_HOT_SCORE, findings.rank("critical")).otherwise(findings.rank("warning"))
    finding = _finding(
        findings.HOT,
        rank,
        F.min("start").over(frame),
        value=F.col("avg"),
        limit=median,
        score=score,
    )
    return F.when(known & all_hot, finding)


def _prior(catalogue: Catalogue) -> Column:
    """ "metric band" -> median and MAD of the catalogue."""
    entries: list[Column] = []
    for metric in catalogue:
        for band, usual in metric.usual_at_load.bands.items() if metric.usual_at_load else ():
            values = F.struct(F.lit(usual.median).alias("median"), F.lit(usual.mad).alias("mad"))
            entries += [F.lit(f"{metric.name} {band}"), values]
    return F.create_map(*entries) if entries else F.create_map().cast("map<string,struct<median:double,mad:double>>")


def _shift(catalogue: Catalogue, in_order: WindowSpec, seconds: int) -> Column:
    least = _table({each.name: each.level_shift.least for each in catalogue if each.level_shift})
    number = _SHIFT_BEFORE + _SHIFT_BETWEEN + _SHIFT_AFTER
    whole = in_order.rowsBetween(1 - number, 0)
    before = in_order.rowsBetween(1 - number, _SHIFT_BEFORE - number)
    after = in_order.rowsBetween(1 - _SHIFT_AFTER, 0)
    same_load = F.max("load").over(whole) - F.min("load").over(whole) <= _SHIFT_LOAD
    # The two sides do not even touch: no average of a noisy metric passes for a step.
    rise = F.min("avg").over(after) - F.max("avg").over(before)
    fall = F.min("avg").over(before) - F.max("avg").over(after)
    step = F.greatest(rise, fall)
    finding = _finding(
        findings.SHIFT,
        "warning",
        F.min("start").over(after),
        value=F.avg("avg").over(after),
        limit=F.avg("avg").over(before),
        score=step / least,
    )
    return F.when(_is_whole(whole, number, seconds) & same_load & (step >= least), finding)


def _is_whole(frame: WindowSpec, number: int, seconds: int) -> Column:
    starts = F.unix_seconds("start")
    spanned = F.max(starts).over(frame) - F.min(starts).over(frame)
    longest = min(_LOOSE * number * seconds, look_back(seconds))
    return (F.count(starts).over(frame) == number) & (spanned <= longest)


def _table(numbers: Mapping[str, float]) -> Column:
    """Metric -> number as a look-up; null for all others."""
    if not numbers:
        return F.lit(None).cast("double")
    entries = [part for name, number in numbers.items() for part in (F.lit(name), F.lit(float(number)))]
    return F.try_element_at(F.create_map(*entries), F.col("metric"))


def _finding(
    kind: str,
    severity: str | Column,
    since: Column,
    *,
    value: Column,
    limit: Column | None = None,
    score: Column | None = None,
) -> Column:
    badness = value if score is None else score
    nothing = F.lit(None).cast("double")
    return F.struct(
        F.lit(kind).alias("kind"),
        since.alias("since"),
        (findings.rank(severity) if isinstance(severity, str) else severity).cast("int").alias("rank"),
        badness.cast("double").alias("badness"),
        value.cast("double").alias("value"),
        (nothing if limit is None else limit).cast("double").alias("limit"),
        (nothing if score is None else score).cast("double").alias("score"),
    )
