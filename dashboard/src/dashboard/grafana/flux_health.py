"""The queries of health, failure risk, advice and events, in Flux."""

from __future__ import annotations

from dashboard.grafana.flux import GPUS, HISTORY_BUCKET, RANGE, SERIES

_FROM = f"""from(bucket: "{HISTORY_BUCKET}")
  {RANGE}"""
_NO_COMPONENT = "/^(?:score|mode|version|reasons)$/"
"""Fields of gpu_health beside the components' own scores."""


def _of(measurement: str, field: str, gpus: str = f" and {GPUS}") -> str:
    return f'{_FROM}\n  |> filter(fn: (r) => r._measurement == "{measurement}" and {field}{gpus})'


def tag_values(tag: str, where: str = "") -> str:
    """A variable: what has a score in the time range."""
    return f"""import "influxdata/influxdb/schema"
schema.tagValues(
  bucket: "{HISTORY_BUCKET}",
  tag: "{tag}",
  predicate: (r) => r._measurement == "gpu_health"{where},
  start: v.timeRangeStart,
  stop: v.timeRangeStop,
)
  |> sort()"""


def worst_scores(most: int, gpus: str = f" and {GPUS}") -> str:
    """The newest score of each GPU, the worst first: Grafana shows tables in the order of their keys."""
    return f"""{_of("gpu_health", 'r._field == "score"', gpus)}
  |> last()
  |> group(columns: ["gpu"])
  |> sort(columns: ["_time"])
  |> last()
  |> group()
  |> sort(columns: ["_value", "gpu"])
  |> limit(n: {most})
  |> map(fn: (r) => ({{r with Order: int(v: r._value * 10.0)}}))
  |> group(columns: ["Order", "_measurement", "_field", "gpu"])
  |> keep(columns: ["_time", "_value", "_field", "_measurement", "gpu", "Order"])"""


def below(level: float, name: str) -> str:
    """How many GPUs have a newest score below ``level``, as a series called ``name``."""
    return f"""{_of("gpu_health", 'r._field == "score"', "")}
  |> last()
  |> group(columns: ["gpu"])
  |> sort(columns: ["_time"])
  |> last()
  |> group()
  |> map(fn: (r) => ({{r with _value: if r._value < {level:.1f} then 1 else 0}}))
  |> sum()
  |> map(fn: (r) => ({{_value: r._value, _time: v.timeRangeStop, _field: "{name}", _measurement: "gpu_health"}}))
  |> group(columns: ["_measurement", "_field"])"""


def scores() -> str:
    """Over time, a series per GPU: the lowest of each interval."""
    return _over_time("gpu_health", 'r._field == "score"', "min", SERIES)


def components() -> str:
    """The newest of each component of each GPU, called by the component's name."""
    return f"""import "strings"
{_of("gpu_health", f"r._field !~ {_NO_COMPONENT}")}
  |> last()
  |> map(fn: (r) => ({{r with _field: strings.trimSuffix(v: r._field, suffix: "_score")}}))
  |> group(columns: ["_measurement", "_field", "gpu"])
  {SERIES}"""


def reasons() -> str:
    """Why points are missing, in words over time; an interval without a reason is none."""
    return _over_time("gpu_health", 'r._field == "reasons" and r._value != ""', "last", SERIES)


def risks() -> str:
    """The probability of a failure over time, a series per GPU and horizon."""
    columns = '"_time", "_value", "_field", "_measurement", "gpu", "horizon_hours"'
    return _over_time("gpu_predictions", 'r._field == "probability"', "last", f"|> keep(columns: [{columns}])")


def actions() -> str:
    """What to do over time, a series per GPU."""
    return _over_time("gpu_decisions", 'r._field == "action"', "last", SERIES)


def costs() -> str:
    """What each action would cost in a year, by the newest advice; called by the action's name."""
    return f"""import "strings"
{_of("gpu_decisions", "r._field =~ /_yearly_cost$/")}
  |> last()
  |> map(fn: (r) => ({{r with _field: strings.trimSuffix(v: r._field, suffix: "_yearly_cost")}}))
  |> group(columns: ["_measurement", "_field", "gpu"])
  {SERIES}"""


def events() -> str:
    """How often something happened in each interval, a series per GPU and kind."""
    columns = '"_time", "_value", "_field", "_measurement", "gpu", "kind"'
    return f"""{_of("gpu_events", 'r._field == "count"')}
  |> group(columns: ["_measurement", "_field", "gpu", "kind"])
  |> aggregateWindow(every: v.windowPeriod, fn: sum, createEmpty: false, timeSrc: "_start")
  |> keep(columns: [{columns}])"""


def _over_time(measurement: str, field: str, aggregate: str, columns: str) -> str:
    return f"""{_of(measurement, field)}
  |> aggregateWindow(every: v.windowPeriod, fn: {aggregate}, createEmpty: false, timeSrc: "_start")
  {columns}"""
