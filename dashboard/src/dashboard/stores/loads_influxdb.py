"""InfluxDB's side of the loads."""

from __future__ import annotations

from dashboard.stores.flux import Flux
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
        found: dict[str, dict[str, int]] = {}
        script = _HELD.format(bucket=LIVE_BUCKET, days=self._days, host=host_of(load))
        for row in self._flux.ask(script):
            found.setdefault(row["gpu"], {})[row["result"]] = int(row["_value"])
        return {gpu: Held(**each) for gpu, each in found.items()}
