"""All resources, in the order of the OpenAPI document: one is added by its file and its entry here."""

from __future__ import annotations

from dashboard.routes import (
    alerts,
    anomalies,
    cards,
    catalogue,
    export,
    gpu_events,
    gpu_health,
    gpus,
    logs,
    metrics,
    nodes,
    pipeline,
    reports,
    silences,
    stream,
    uploads,
    windows,
)

ROUTERS = tuple(
    module.router
    for module in (
        nodes,
        gpus,
        catalogue,
        metrics,
        export,
        windows,
        anomalies,
        gpu_health,
        gpu_events,
        alerts,
        silences,
        reports,
        cards,
        pipeline,
        logs,
        uploads,
        stream,
    )
)
