"""InfluxDB's side of the loads."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.stores.away import Away
from dashboard.stores.flux import STORE, Answer, Flux
from dashboard.stores.influxdb import LIVE_BUCKET
from dashboard.stores.loads import Held
from telemetry.loads import host_of
from telemetry.settings import Settings

# One question, four answers: each says in `result` which of them it is.
_HELD = """rows = from(bucket: "{bucket}") |> range(start: -{days}d, stop: 1h)
  |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "row" and r.host == "{host}")
  |> group(columns: ["gpu"])
rows |> count() |> yield(name: "readings")
rows |> distinct() |> count() |> yield(name: "distinct")
rows |> min() |> yield(name: "first")
rows |> max() |> yield(name: "last")"""
_PATIENCE = 120.0


class InfluxDBLoads:
    """The bucket of what is not imported."""

    name = "InfluxDB"

    def __init__(self, settings: Settings) -> None:
        self._flux = Flux(settings, _PATIENCE)
        self._days = settings.influxdb_retention_days

    def held(self, load: str) -> dict[str, Held]:
        script = _HELD.format(bucket=LIVE_BUCKET, days=self._days, host=host_of(load))
        return of_answers(self._flux.ask(script))


def of_answers(answers: Iterable[Answer]) -> dict[str, Held]:
    """GPU -> what is held of it. Raises Away where one of the four answers about it is missing."""
    found: dict[str, dict[str, int]] = {}
    for row in answers:
        found.setdefault(row["gpu"], {})[row["result"]] = int(row["_value"])
    # A server that is ended in the middle of an answer may end it in due form.
    if any(each.keys() != set(Held._fields) for each in found.values()):
        raise Away(STORE, "its answer ended too early")
    return {gpu: Held(**each) for gpu, each in found.items()}
