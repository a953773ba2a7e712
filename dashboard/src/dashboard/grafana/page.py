"""What the dashboards have in common: addresses, links to each other, annotations."""

from __future__ import annotations

from enum import StrEnum

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, DashboardLink
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType

from dashboard.grafana import fields, flux
from dashboard.grafana.query import Query, datasource

TAG = "gpustream"


class Uid(StrEnum):
    """Part of every address that people have kept: never to be changed. Also the names of the files."""

    OVERVIEW = "gpustream-overview"
    DETAIL = "gpustream-detail"
    COMPARE = "gpustream-compare"
    PIPELINE = "gpustream-pipeline"
    NIGHTLY = "gpustream-nightly"
    FLEET = "gpustream-fleet"
    HEALTH = "gpustream-health"
    INFRASTRUCTURE = "gpustream-infrastructure"
    SERVICES = "gpustream-services"
    GPU_PROMETHEUS = "gpustream-gpu-prometheus"


def page(uid: Uid, title: str, description: str) -> Dashboard:
    return (
        Dashboard(title)
        .uid(uid)
        .description(f"{description} Made by scripts/generate.sh: what is changed here is lost.")
        .tags([TAG, "generated"])
        .readonly()
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("10s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .variables([])
        .annotations([])
        .link(
            DashboardLink("gpustream")
            .type(DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
    )


def annotated(page: Dashboard) -> Dashboard:
    """With anomalies and alerts on every time series."""
    return page.annotation(_annotation("Anomalies", flux.anomalies(), fields.WARNING)).annotation(
        _annotation("Alerts", flux.alerts(), fields.CRITICAL)
    )


def _annotation(name: str, query: str, colour: str) -> AnnotationQuery:
    target = Query(query, name)
    return AnnotationQuery().name(name).datasource(datasource()).enable(True).icon_color(colour).target(target)


def built(page: Dashboard) -> models.Dashboard:
    """With numbers on its panels: links to a panel name them."""
    made = page.build()
    for number, panel in enumerate(made.panels or [], 1):
        panel.id_val = number
    return made
