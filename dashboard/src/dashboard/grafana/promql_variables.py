"""The variables of the dashboards that read Prometheus."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableHide, VariableOption, VariableRefresh, VariableSort

from dashboard.grafana import promql
from dashboard.prometheus import cards


def host() -> QueryVariable:
    return _several("host", "Host", f"label_values({cards.of('model')}, host)")


def card() -> QueryVariable:
    return _several("card", "GPU", f'label_values({cards.of("model")}{{host=~"$host"}}, card)')


def instance() -> QueryVariable:
    """Machines: those of which a node exporter tells."""
    return _several("instance", "Machine", "label_values(node_uname_info, instance)")


def stage() -> QueryVariable:
    """Processes that say how long a record took to come through them; for a panel to repeat over."""
    query = "label_values(gpustream_stage_latency_seconds_count, process)"
    return _several("stage", "Stage", query).hide(VariableHide.HIDE_VARIABLE)


def _several(name: str, label: str, query: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(label)
        .datasource(promql.source())
        .query({"query": query, "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.NATURAL_ASC)
        .multi(True)
        .include_all(True)
        .current(VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
