"""Whether the console lives, whether it can answer, and its figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from dashboard.access import Viewer
from dashboard.exporter.processes import Processes
from dashboard.measured import Requests
from dashboard.problems import response
from dashboard.routes.words import TheStores
from dashboard.stores.all import Stores
from telemetry.pipeline import memory_bytes
from telemetry.timestamp import SECOND

router = APIRouter()


@router.get("/healthz", summary="The process lives", include_in_schema=False)
async def healthz() -> dict[str, str]:
    """Asks nobody."""
    return {"status": "ok"}


@router.get("/readyz", summary="It can show what happens now", include_in_schema=False)
async def readyz(request: Request) -> Response:
    """503 while the live feed is not there. A store that is away makes its own pages say so, and is no reason here:
    a console that cannot show reports still shows GPUs."""
    stores: Stores = request.app.state.stores
    state = stores.live.state()
    if state.state != "live":
        return response(503, state.detail or state.state, {"Retry-After": "5"}, store="Kafka")
    return Response('{"status":"ready"}', media_type="application/json")


@router.get("/metrics", summary="Figures for Prometheus", include_in_schema=False)
async def metrics(request: Request, stores: TheStores, _: Viewer) -> Response:
    """What is in memory: a scrape asks no store."""
    registry = CollectorRegistry()
    registry.register(_Figures(stores))
    measured: Requests = request.app.state.requests
    page = generate_latest(registry) + generate_latest(measured.registry)
    return Response(page, media_type=CONTENT_TYPE_LATEST)


class _Figures:
    """prometheus_client's collector protocol."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def collect(self) -> Iterator[Metric]:
        yield from Processes(self._stores.live, self._stores.pipeline).collect()
        yield _one("gpustream_console_memory_bytes", "Resident memory of the console.", memory_bytes())
        arrived = GaugeMetricFamily(
            "gpustream_gpu_last_arrival_seconds", "When a reading of the GPU came last.", labels=("gpu", "mode")
        )
        for latest in self._stores.live.gpus():
            arrived.add_metric((latest.gpu, latest.mode), latest.arrived / SECOND)
        yield arrived


def _one(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=float(value))
