"""The queries, in Flux, with Grafana's variables in them.

${bucket}, ${gpu}, ${host}, ${metric} are variables of the dashboards; v.timeRangeStart, v.timeRangeStop and
v.windowPeriod are put in by Grafana. Every series keeps _measurement and _field: Grafana names its frames by them.
What a filter compares with stands in a variable of the script, which InfluxDB's planner resolves, so that filters and
aggregates run inside the storage engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LIVE_BUCKET = "gpu-metrics"
HISTORY_BUCKET = "gpu-history"
LONG = "6h"
"""Ranges beyond this read the 30 s windows. Panels ask for at most POINTS points: one window each at that range."""
POINTS = 720
STEPS = 4
"""Of an interval of a long range, for what the storage engine cannot aggregate over all of it."""
GAP = "10s"
"""From this interval on, an interval without a reading is a gap; no source is slower."""
NO_REASON = "none"
LAST_READING = "last reading"

GPUS = "r.gpu =~ /^(?:${gpu:regex})$/"
RANGE = "|> range(start: v.timeRangeStart, stop: v.timeRangeStop)"
SERIES = '|> keep(columns: ["_time", "_value", "_field", "_measurement", "gpu"])'
SOURCE = f"""long = int(v: v.timeRangeStop) - int(v: v.timeRangeStart) > int(v: {LONG})
place = if long then "{HISTORY_BUCKET}" else "${{bucket}}"
measurement = if long then "gpu_windows" else "gpu_metrics\""""


def text(value: str) -> str:
    """A string literal."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def dictionary(entries: Mapping[str, str]) -> str:
    """A literal; the values are Flux already."""
    return "[" + ", ".join(f"{text(key)}: {value}" for key, value in entries.items()) + "]"


def any_of(names: Sequence[str]) -> str:
    return f"/^(?:{'|'.join(names)})$/"


def chosen(shown: Mapping[str, str]) -> str:
    """Which aggregate of ${metric} is drawn: of a metric with limits the one that can break them."""
    entries = dictionary({name: text(aggregate) for name, aggregate in shown.items()})
    return f'dict.get(dict: {entries}, key: "${{metric}}", default: "avg")'


def history(shown: str, name: str = "${metric}", gpus: str = GPUS, shift: str = "") -> str:
    """A metric over time, a series per GPU. ``shown``: Flux of "avg", "min" or "max"; ``shift``: how long ago."""
    span, moved, packages = RANGE, "", 'import "dict"'
    if shift:
        packages = 'import "date"\n' + packages
        begin, end = (f"date.sub(d: {shift}, from: v.timeRange{end})" for end in ("Start", "Stop"))
        span, moved = f"|> range(start: {begin}, stop: {end})", f"\n  |> timeShift(duration: {shift})"
    return f"""{packages}
shown = {shown}
{SOURCE}
field = if long then "{name}_" + shown else "{name}"
aggregate = if shown == "max" then max else if shown == "min" then min else mean
gaps = int(v: v.windowPeriod) >= int(v: {GAP})
from(bucket: place)
  {span}
  |> filter(fn: (r) => r._measurement == measurement and r._field == field and {gpus})
  |> aggregateWindow(every: v.windowPeriod, fn: aggregate, createEmpty: gaps, timeSrc: "_start"){moved}
  |> set(key: "_field", value: "{name}")
  {SERIES}"""


def newest(names: Sequence[str]) -> str:
    """The newest value of each of these metrics, in their order: Grafana shows tables in the order of their keys, and
    capitals come before the underscore."""
    order = dictionary({name: str(number) for number, name in enumerate(names)})
    return f"""import "dict"
order = {order}
from(bucket: "${{bucket}}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field =~ {any_of(names)} and {GPUS})
  |> last()
  |> map(fn: (r) => ({{r with Order: dict.get(dict: order, key: r._field, default: 0)}}))
  |> group(columns: ["Order", "_measurement", "_field", "gpu"])
  |> keep(columns: ["_time", "_value", "_field", "_measurement", "gpu", "Order"])"""


def reasons(name: str, bits: Mapping[int, str]) -> str:
    """A bit mask in words over time: all bits that were set in the interval. Of a window, and over long ranges of a
    quarter of the interval, the smallest and the greatest mask are known: what is shown did happen, and what came only
    between the two is not shown."""
    return f"""{_in_words(bits)}
{SOURCE}
step = if long then duration(v: int(v: v.windowPeriod) / {STEPS}) else 1s
lowest = if long then "{name}_min" else "{name}"
greatest = if long then "{name}_max" else "{name}"
masks = (field, fn) => from(bucket: place)
  {RANGE}
  |> filter(fn: (r) => r._measurement == measurement and r._field == field and {GPUS})
  |> aggregateWindow(every: step, fn: fn, createEmpty: false, timeSrc: "_start")
together = (column, tables=<-) => tables
  |> distinct(column: column)
  |> reduce(
    identity: {{_value: 0}},
    fn: (r, accumulator) => ({{_value: bitwise.sor(a: int(v: r._value), b: accumulator._value)}}),
  )
union(tables: [masks(field: lowest, fn: min), masks(field: greatest, fn: max)])
  |> group(columns: ["_measurement", "gpu"])
  |> aggregateWindow(every: v.windowPeriod, fn: together, createEmpty: false, timeSrc: "_start")
  |> map(fn: (r) => ({{r with _value: named(r: r)}}))
  |> set(key: "_field", value: "{name}")
  |> group(columns: ["_measurement", "_field", "gpu"])
  {SERIES}"""


def newest_reasons(name: str, bits: Mapping[int, str]) -> str:
    """The newest of a bit mask, in words."""
    return f"""{_in_words(bits)}
from(bucket: "${{bucket}}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "{name}" and {GPUS})
  |> last()
  |> map(fn: (r) => ({{r with _value: named(r: {{_value: int(v: r._value)}})}}))
  {SERIES}"""


def _in_words(bits: Mapping[int, str]) -> str:
    """Defines named(r) of a mask r._value."""
    words = " + ".join(
        f'(if bitwise.sand(a: r._value, b: {bit}) > 0 then {text(", " + meaning)} else "")'
        for bit, meaning in bits.items()
    )
    return f"""import "bitwise"
import "strings"
known = (r) => {words}
named = (r) =>
  if r._value == 0 then "{NO_REASON}"
  else if known(r: r) == "" then "bits " + string(v: r._value)
  else strings.trimPrefix(v: known(r: r), prefix: ", ")"""


def last_reading() -> str:
    """When the GPU was heard of last, in milliseconds as Grafana counts time."""
    return f"""from(bucket: "${{bucket}}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "row" and {GPUS})
  |> last()
  |> map(fn: (r) => ({{r with _value: int(v: r._time) / 1000000, _field: "{LAST_READING}"}}))
  {SERIES}"""


def anomalies() -> str:
    """Annotations: one table with time, text and tags. Without those that are no fault, and those that were taken back
    when late readings came (docs/anomalies.md)."""
    return f"""from(bucket: "{HISTORY_BUCKET}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_anomalies" and {GPUS})
  |> filter(fn: (r) => r._field == "sentence" or r._field == "severity")
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => r.severity != "info" and r.sentence !~ /^Taken back/)
  |> group()
  |> map(fn: (r) => ({{_time: r._time, text: r.sentence, tags: r.gpu + "," + r.severity + "," + r.metric}}))
  |> sort(columns: ["_time"])"""


def alerts() -> str:
    """Annotations: alerts that began to fire, or ended."""
    return f"""from(bucket: "{HISTORY_BUCKET}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_alerts" and r._field == "message" and {GPUS})
  |> filter(fn: (r) => r.state == "firing" or r.state == "resolved")
  |> group()
  |> map(fn: (r) => ({{_time: r._time, text: r.state + ": " + r._value, tags: r.gpu + "," + r.severity}}))
  |> sort(columns: ["_time"])"""


def tag_values(tag: str, where: str = "") -> str:
    """A variable: the hosts, the GPUs."""
    return f"""import "influxdata/influxdb/schema"
schema.tagValues(
  bucket: "${{bucket}}",
  tag: "{tag}",
  predicate: (r) => r._measurement == "gpu_metrics"{where},
  start: v.timeRangeStart,
  stop: v.timeRangeStop,
)
  |> sort()"""


def metrics(entries: Mapping[str, str], others: str = "", without: Sequence[str] = ()) -> str:
    """A variable: those metrics that the GPUs report, as ``order|label|name``. ``entries``: name -> ``order|label``;
    ``others``: the same for a metric that is neither among them nor in ``without``; empty: no such metric."""
    known = f"dict.get(dict: known, key: r._value, default: {text(others)} + r._value)" if others else ""
    keep = f"r._value !~ {any_of(['row', *without])}" if others else f"r._value =~ {any_of(list(entries))}"
    known = known or 'dict.get(dict: known, key: r._value, default: "")'
    return f"""import "dict"
import "influxdata/influxdb/schema"
known = {dictionary({name: text(label) for name, label in entries.items()})}
schema.fieldKeys(
  bucket: "${{bucket}}",
  predicate: (r) => r._measurement == "gpu_metrics" and {GPUS},
  start: v.timeRangeStart,
  stop: v.timeRangeStop,
)
  |> filter(fn: (r) => {keep})
  |> map(fn: (r) => ({{_value: {known} + "|" + r._value}}))
  |> sort()"""


def readings(name: str) -> str:
    """A rule: the readings of a metric, a series per GPU. A demonstration GPU is nobody's."""
    return f"""from(bucket: "{LIVE_BUCKET}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "{name}" and r.host !~ /^demo-/)
  {SERIES}"""
