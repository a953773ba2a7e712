"""The catalogue as columns of PostgreSQL. Pure: catalogue -> SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from telemetry.catalogue import Catalogue, Metric

READINGS = "gpu_metrics"
IMPORTS = "gpu_imports"
LATEST_VIEW = "v_latest_gpu_metrics"
OVERVIEW_VIEW = "v_fleet_overview"

FIXED = {
    "time": "timestamptz NOT NULL",
    "gpu": "text NOT NULL",
    "host": "text NOT NULL",
    "source": "text NOT NULL",
    "model": "text",
    "mode": "text NOT NULL",
    "origin": "text NOT NULL",
    '"row"': "bigint NOT NULL",
    "recorded": "text",
    "more": "jsonb",
    "flags": "jsonb",
    "labels": "jsonb",
}
"""Column (as SQL writes it) -> type: what every reading has. ``more``: sensors that are no column; ``flags``: why a
metric is absent; (``origin``, ``gpu``, ``row``) is the reading's identity."""
_NAMES = frozenset(name.strip('"') for name in FIXED)
_LONGEST = 63 - len("_avg")
"""PostgreSQL cuts longer names off, silently."""
_FUNCTIONS = ("avg", "min", "max")


class Step(NamedTuple):
    """One granularity of the aggregates."""

    name: str
    width: str
    seconds: int
    kept: bool = False
    """For ever, whatever POSTGRES_AGGREGATES_DAYS says."""

    @property
    def table(self) -> str:
        return f"{READINGS}_{self.name}"


STEPS = (Step("1min", "1 minute", 60), Step("5min", "5 minutes", 300), Step("1h", "1 hour", 3600, kept=True))


def metrics_of(catalogue: Catalogue) -> dict[str, Metric]:
    """The metrics that are columns. One whose name is too long, or is a column of every reading, goes into ``more``."""
    return {metric.name: metric for metric in catalogue if len(metric.name) <= _LONGEST and metric.name not in _NAMES}


def quoted(names: Iterable[str]) -> str:
    """Names of columns, of which some may be words of SQL. Metric names have no quotes (METRIC_NAME)."""
    return ", ".join(f'"{name}"' for name in names)


def of_reading(metrics: Iterable[str]) -> str:
    """The columns of a table of readings, with their types."""
    fixed = [f"{name} {kind}" for name, kind in FIXED.items()]
    return ",\n".join([*fixed, *(f'"{name}" double precision' for name in metrics)])


def aggregates_of(metric: str) -> dict[str, str]:
    """Column -> its expression: of one metric over one step."""
    return {f"{metric}_{function}": f'{function}("{metric}")' for function in _FUNCTIONS}


def aggregates(metrics: Iterable[str]) -> dict[str, str]:
    """Column -> its expression over the readings of one GPU and one step."""
    found = {"host": "max(host)", "source": "max(source)", "mode": "max(mode)", "readings": "count(*)"}
    for metric in metrics:
        found |= aggregates_of(metric)
    return found


def overview(metrics: Iterable[str]) -> str:
    """The query of ``v_fleet_overview``: a row per host. ``metrics``: those that have limits, whose values matter."""
    values = "".join(f',\n    avg("{name}") AS "{name}_avg", max("{name}") AS "{name}_max"' for name in metrics)
    return f"""SELECT host, max(mode) AS mode, count(*) AS gpus,
    count(*) FILTER (WHERE time > now() - interval '2 minutes') AS reporting, max(time) AS newest,
    min(score) AS worst_health, max(probability) AS highest_failure_risk{values}
FROM {LATEST_VIEW} AS latest
LEFT JOIN LATERAL (SELECT score FROM gpu_health_scores AS h
    WHERE h.gpu = latest.gpu AND h.time > now() - interval '1 day'
    ORDER BY h.time DESC LIMIT 1) AS health ON true
LEFT JOIN LATERAL (SELECT probability FROM gpu_failure_predictions AS p
    WHERE p.gpu = latest.gpu AND p.time > now() - interval '2 days'
    ORDER BY p.time DESC, probability DESC LIMIT 1) AS risk ON true
GROUP BY host"""


def with_limits(metrics: Mapping[str, Metric]) -> list[str]:
    """Those of which the catalogue says when they deserve a look."""
    return [name for name, metric in metrics.items() if metric.limits or metric.limits_by_model]
