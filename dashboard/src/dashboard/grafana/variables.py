"""The variables of the dashboards: where readings come from, whose they are, which metrics there are."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import CustomVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableHide, VariableOption, VariableRefresh

from dashboard.grafana import flux, flux_daily, flux_health
from dashboard.grafana.query import datasource
from telemetry.catalogue import Catalogue, Metric

BUCKETS = {"Live": "gpu-metrics", "Imports": "gpu-imports"}
_LABELLED = r"/^\d+\|(?<text>[^|]*)\|(?<value>.*)$/"
_LAST = "999"
_OF_HOSTS = " and r.host =~ /^(?:${host:regex})$/"
_STATISTICS = ' and r.report == "daily_statistics"'


def bucket() -> CustomVariable:
    options = [VariableOption(number == 0, *each) for number, each in enumerate(BUCKETS.items())]
    return (
        CustomVariable("bucket")
        .label("Source")
        .description("Live and demo readings, or imported logs.")
        .values(", ".join(f"{text} : {value}" for text, value in BUCKETS.items()))
        .options(options)
        .current(options[0])
    )


def host() -> QueryVariable:
    return _several("host", "Host", flux.tag_values("host"))


def gpus() -> QueryVariable:
    return _several("gpu", "GPU", _gpus_of_hosts())


def gpu(name: str = "gpu", label: str = "GPU") -> QueryVariable:
    """Exactly one."""
    return _query(name, label, _gpus_of_hosts())


def metrics(catalogue: Catalogue, chosen: Sequence[Metric] | None = None) -> QueryVariable:
    """Those of ``chosen`` that the GPUs report, for a panel to repeat over; without it every metric by its kind,
    those that the catalogue does not know included and bit masks not, and a choice for people."""
    variable = _several("metric", "Metric", _metrics_query(catalogue, chosen)).regex(_LABELLED)
    return variable if chosen is None else variable.hide(VariableHide.HIDE_VARIABLE)


def metric(catalogue: Catalogue) -> QueryVariable:
    """Exactly one of all that the GPUs report."""
    return _query("metric", "Metric", _metrics_query(catalogue, None)).regex(_LABELLED)


def scored_hosts() -> QueryVariable:
    """Those whose GPUs have a health score."""
    return _several("host", "Host", flux_health.tag_values("host"))


def scored_gpus() -> QueryVariable:
    return _several("gpu", "GPU", flux_health.tag_values("gpu", _OF_HOSTS))


def reported_gpus() -> QueryVariable:
    """Without "all", the sum that the report has of them."""
    return _several("gpu", "GPU", flux_daily.daily_tags("gpu", _STATISTICS + ' and r.gpu != "all"'))


def reported_metrics(catalogue: Catalogue) -> QueryVariable:
    known = {metric.name: f"{number:03}|{metric.label}|{metric.name}" for number, metric in enumerate(catalogue)}
    return _several("metric", "Metric", flux_daily.daily_tags("metric", _STATISTICS, known)).regex(_LABELLED)


def _gpus_of_hosts() -> str:
    return flux.tag_values("gpu", _OF_HOSTS)


def _metrics_query(catalogue: Catalogue, chosen: Sequence[Metric] | None) -> str:
    every = chosen is None
    kinds = list(catalogue.kinds)
    measured = [metric for metric in catalogue if not metric.bits]
    listed = sorted(measured, key=lambda metric: kinds.index(metric.kind)) if chosen is None else chosen
    prefixes = {metric.name: f"{catalogue.kinds[metric.kind]}: " if every else "" for metric in listed}
    entries = {
        metric.name: f"{number:03}|{prefixes[metric.name]}{metric.label}" for number, metric in enumerate(listed)
    }
    others = f"{_LAST}|Other sensors: " if every else ""
    return flux.metrics(entries, others, [metric.name for metric in catalogue if metric.bits])


def _several(name: str, label: str, query: str) -> QueryVariable:
    everything = VariableOption(selected=True, text=["All"], value=["$__all"])
    return _query(name, label, query).multi(True).include_all(True).current(everything)


def _query(name: str, label: str, query: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(label)
        .datasource(datasource())
        .query({"query": query, "refId": name})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )
