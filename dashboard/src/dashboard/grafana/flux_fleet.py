"""The queries of a fleet as a whole, in Flux."""

from __future__ import annotations

from dashboard.grafana.flux import GPUS, RANGE, SERIES, SOURCE


def newest() -> str:
    """The newest value of ${metric}, a series per GPU."""
    return f"""from(bucket: "${{bucket}}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "${{metric}}" and {GPUS})
  |> last()
  {SERIES}"""


def by_host(shown: str) -> str:
    """The chosen metric over time, a series per machine. ``shown``: Flux of "avg", "min" or "max", of all its GPUs."""
    return f"""import "dict"
shown = {shown}
{SOURCE}
field = if long then "${{metric}}_" + shown else "${{metric}}"
aggregate = if shown == "max" then max else if shown == "min" then min else mean
from(bucket: place)
  {RANGE}
  |> filter(fn: (r) => r._measurement == measurement and r._field == field and {GPUS})
  |> group(columns: ["_measurement", "host"])
  |> aggregateWindow(every: v.windowPeriod, fn: aggregate, createEmpty: false, timeSrc: "_start")
  |> set(key: "_field", value: "${{metric}}")
  |> group(columns: ["_measurement", "_field", "host"])
  |> keep(columns: ["_time", "_value", "_field", "_measurement", "host"])"""


def count() -> str:
    """How many GPUs sent a reading."""
    return f"""from(bucket: "${{bucket}}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "row" and {GPUS})
  |> last()
  |> group(columns: ["gpu"])
  |> first()
  |> group()
  |> count()
  |> map(fn: (r) => ({{_value: r._value, _time: v.timeRangeStop, _field: "GPUs", _measurement: "gpu_metrics"}}))
  |> group(columns: ["_measurement", "_field"])"""


def total(name: str) -> str:
    """The newest values of a metric, all GPUs together."""
    return f"""from(bucket: "${{bucket}}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "{name}" and {GPUS})
  |> last()
  |> group()
  |> sum()
  |> map(fn: (r) => ({{_value: r._value, _time: v.timeRangeStop, _field: "{name}", _measurement: "gpu_metrics"}}))
  |> group(columns: ["_measurement", "_field"])"""
