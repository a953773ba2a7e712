"""The queries of what the nightly reports tell (measurement gpu_daily), in Flux."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.grafana.flux import GPUS, HISTORY_BUCKET, RANGE, SERIES, any_of, dictionary, text


def daily(field: str, name: str = "", report: str = "daily_statistics") -> str:
    """A number of a nightly report per day; ``name`` of a metric, empty for the GPU as a whole."""
    metric = f'r.metric == "{name}"' if name else "not exists r.metric"
    return f"""from(bucket: "{HISTORY_BUCKET}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_daily" and r.report == "{report}" and r._field == "{field}")
  |> filter(fn: (r) => {metric} and {GPUS})
  |> set(key: "_field", value: "{name or field}")
  {SERIES}"""


def hours(name: str) -> str:
    """A metric's mean by day and by hour of the day, over the GPUs: a series per hour, "00" to "23". Without
    _measurement, which would stand behind each hour on the axis."""
    return f"""from(bucket: "{HISTORY_BUCKET}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_daily" and r.report == "hourly_patterns" and r.metric == "{name}")
  |> filter(fn: (r) => {GPUS} and r._field =~ {any_of(["avg", "hour", "date"])})
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> map(fn: (r) => ({{
    _time: time(v: r.date + "T00:00:00Z"),
    _field: (if r.hour < 10.0 then "0" else "") + string(v: int(v: r.hour)),
    _value: r.avg,
  }}))
  |> group(columns: ["_field", "_time"])
  |> mean()
  |> group(columns: ["_field"])
  |> sort(columns: ["_time"])"""


def spikes() -> str:
    """The peak of each spike at its start, a series per GPU and temperature."""
    return f"""from(bucket: "{HISTORY_BUCKET}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_daily" and r.report == "temperature_spikes" and r._field == "peak")
  |> filter(fn: (r) => {GPUS})
  |> keep(columns: ["_time", "_value", "_field", "_measurement", "gpu", "metric"])"""


def daily_tags(tag: str, where: str = "", known: Mapping[str, str] | None = None) -> str:
    """A variable: the GPUs of the nightly report, or its metrics as in :func:`metrics`."""
    labels = dictionary({name: text(label) for name, label in (known or {}).items()})
    named = 'dict.get(dict: known, key: r._value, default: "999|" + r._value + "|" + r._value)'
    labelled = f"\n  |> map(fn: (r) => ({{_value: {named}}}))"
    schema = 'import "influxdata/influxdb/schema"\n'
    package = f'import "dict"\n{schema}known = {labels}\n' if known else schema
    return f"""{package}schema.tagValues(
  bucket: "{HISTORY_BUCKET}",
  tag: "{tag}",
  predicate: (r) => r._measurement == "gpu_daily"{where},
  start: v.timeRangeStart,
  stop: v.timeRangeStop,
)
  |> filter(fn: (r) => r._value != ""){labelled if known else ""}
  |> sort()"""
