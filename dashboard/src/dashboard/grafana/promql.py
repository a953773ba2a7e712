"""The data source Prometheus, and its queries as panels take them."""

from __future__ import annotations

from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

DATASOURCE_UID = "gpustream-prometheus"
"""Never to be changed: Grafana keeps the old one and stops reading the file."""
RATE = "$__rate_interval"
"""Grafana's: four scrapes at least, more where a point of the panel stands for more."""


def source() -> DataSourceRef:
    return DataSourceRef("prometheus", DATASOURCE_UID)


def over_time(expr: str, legend: str, ref_id: str = "A") -> Dataquery:
    """Series over the range of time. ``legend``: such as ``{{process}}``."""
    return _query(expr, ref_id).range().format(PromQueryFormat.TIME_SERIES).legend_format(legend)


def now(expr: str, legend: str, ref_id: str = "A") -> Dataquery:
    """The newest value of each series."""
    return _query(expr, ref_id).instant().format(PromQueryFormat.TIME_SERIES).legend_format(legend)


def table(expr: str) -> Dataquery:
    """The newest values, a row per series and a column per label."""
    return _query(expr, "A").instant().format(PromQueryFormat.TABLE)


def buckets(expr: str) -> Dataquery:
    """A histogram over time: of the label ``le``."""
    return _query(expr, "A").range().format(PromQueryFormat.HEATMAP).legend_format("{{le}}")


def rate(counter: str) -> str:
    """So many a second."""
    return f"rate({counter}[{RATE}])"


def _query(expr: str, ref_id: str) -> Dataquery:
    made = Dataquery().ref_id(ref_id).datasource(source()).expr(expr)
    return made.editor_mode(QueryEditorMode.CODE)
