"""Readings -> findings that each reading shows by itself: limits, throttle reasons, implausible values."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.detectors import findings
from spark_jobs.transforms import windows
from telemetry import reading
from telemetry.catalogue import Catalogue, Limits, Metric

_DETAIL = ("kind", "metric", "bit", "rank", "badness", "value", "limit")


def of_readings(readings: DataFrame, catalogue: Catalogue, seconds: int) -> DataFrame:
    """At most one row of :data:`findings.FINDING` per (gpu, window of ``seconds``, kind, metric, bit).

    ``readings`` in the columns of :func:`spark_jobs.schema.readings`.
    """
    shown = F.concat(_of_metrics(catalogue), _of_flags())
    of_gpu = ("gpu", "host", "source", "mode")
    each = readings.select(
        *of_gpu,
        windows.start_of(seconds).alias("window"),
        F.col("time").alias("peak"),
        F.explode(shown).alias("finding"),
    ).select(*of_gpu, "window", "peak", "finding.*", F.lit(None).cast("double").alias("score"))
    joined = each.groupBy(*findings.KEY, "window").agg(
        *(F.max(name).alias(name) for name in ("host", "source", "mode")),
        F.min("peak").alias("start"),
        F.max("peak").alias("end"),
        findings.worst().alias("worst"),
    )
    places = (*of_gpu, "kind", "metric", "bit", "start", "end")
    return joined.select(*places, *findings.of_worst("worst")).select(*findings.FINDING.names)


def severity_rank(metric: Metric, value: Column, model: Column) -> Column:
    """:data:`findings.RANKS` of ``Limits.judge`` with the limits of this model; null where the value is within."""
    return _by_model(metric, model, lambda limits: _rank(limits, value))


def crossed(metric: Metric, value: Column, model: Column) -> Column:
    """The level that ``value`` is beyond, the worse first; null where it is within."""
    return _by_model(metric, model, lambda limits: _level(limits, value))


def _by_model(metric: Metric, model: Column, of_limits: Callable[[Limits], Column]) -> Column:
    judged: Column = of_limits(metric.limits) if metric.limits else F.lit(None)
    lowered = F.lower(F.coalesce(model, F.lit("")))
    for entry in reversed(metric.limits_by_model):
        judged = F.when(F.contains(lowered, F.lit(entry.model.lower())), of_limits(entry)).otherwise(judged)
    return judged


def _rank(limits: Limits, value: Column) -> Column:
    ranks = findings.RANKS
    usual = ranks["info"] if limits.expected else None
    return _levels(limits, value, lambda name, _: ranks[name] if usual is None else usual)


def _level(limits: Limits, value: Column) -> Column:
    return _levels(limits, value, lambda _, level: level)


def _levels(limits: Limits, value: Column, of_level: Callable[[str, float], float]) -> Column:
    judged: Column = F.lit(None)
    for name, level in (("warning", limits.warning), ("critical", limits.critical)):
        if level is not None:
            beyond = value > level if limits.direction == "above" else value < level
            judged = F.when(beyond, F.lit(of_level(name, level))).otherwise(judged)
    return judged


def _of_metrics(catalogue: Catalogue) -> Column:
    shown = [each for metric in catalogue for each in (*_limit(metric), *_throttle(metric))]
    return F.array_compact(F.array(*shown))


def _limit(metric: Metric) -> Iterator[Column]:
    if metric.limits is None and not metric.limits_by_model:
        return
    value, model = F.col(metric.name), F.col("model")
    rank = severity_rank(metric, value, model)
    detail = _detail(
        findings.LIMIT,
        F.lit(metric.name),
        rank=rank,
        badness=_by_model(metric, model, lambda limits: value if limits.direction == "above" else -value),
        value=value,
        limit=crossed(metric, value, model),
    )
    yield F.when(rank.isNotNull(), detail)


def _throttle(metric: Metric) -> Iterator[Column]:
    value = F.col(metric.name)
    for bit in metric.throttling:
        severity = "info" if bit in metric.expected_throttling else "warning"
        detail = _detail(
            findings.THROTTLE,
            F.lit(metric.name),
            rank=findings.rank(severity),
            badness=F.lit(0.0),
            value=F.lit(float(bit)),
            bit=F.lit(bit),
        )
        yield F.when(value.cast("long").bitwiseAND(F.lit(bit)) != 0, detail)


def _of_flags() -> Column:
    flagged = F.map_filter(F.coalesce("flags", F.create_map().cast("map<string,string>")), _is_implausible)
    return F.transform(
        F.map_keys(flagged),
        lambda metric: _detail(findings.IMPLAUSIBLE, metric, rank=findings.rank("warning"), badness=F.lit(0.0)),
    )


def _is_implausible(_metric: Column, flag: Column) -> Column:
    return flag == reading.IMPLAUSIBLE


def _detail(
    kind: str,
    metric: Column,
    *,
    rank: Column,
    badness: Column,
    value: Column | None = None,
    limit: Column | None = None,
    bit: Column | None = None,
) -> Column:
    columns = {
        "kind": F.lit(kind),
        "metric": metric,
        "bit": F.lit(0) if bit is None else bit,
        "rank": rank,
        "badness": badness,
        "value": F.lit(None) if value is None else value,
        "limit": F.lit(None) if limit is None else limit,
    }
    types = {field.name: field.dataType for field in findings.FINDING}
    return F.struct(*(columns[name].cast(types[name]).alias(name) for name in _DETAIL))
