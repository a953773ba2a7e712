"""The queries of what processes say of themselves (measurement pipeline), in Flux."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from dashboard.grafana.flux import LIVE_BUCKET, RANGE, any_of, text

Count = Literal["", "rate", "growth"]
"""What is made of a number that only counts up: nothing, so many a second, or by how much it grew."""


def pipeline(fields: str, *, made: Count = "") -> str:
    """What processes say of themselves, a series per process and host. Counts begin anew with each start: where one
    falls there is no rate. Names such as rejected_not_json and lake_bytes become words."""
    # Before the intervals are made: the first and the last of them are shorter than the others.
    derived, of_interval = {
        "": ("", "last"),
        "rate": ("\n  |> derivative(unit: 1s, nonNegative: true)", "mean"),
        "growth": ("\n  |> difference(nonNegative: true)", "sum"),
    }[made]
    return f"""import "strings"
words = (name) => strings.replaceAll(v: strings.trimPrefix(v: name, prefix: "rejected_"), t: "_", u: " ")
from(bucket: "{LIVE_BUCKET}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "pipeline" and r._field =~ {any_of([fields])}){derived}
  |> aggregateWindow(every: v.windowPeriod, fn: {of_interval}, createEmpty: false, timeSrc: "_start")
  |> keep(columns: ["_time", "_value", "_field", "_measurement", "process", "host"])
  |> map(fn: (r) => ({{r with _field: words(name: r._field)}}))"""


def newest_of_pipeline(field: str) -> str:
    """The newest that each process said of itself."""
    return f"""{pipeline_points(field)}
  |> last()"""


def pipeline_points(field: str) -> str:
    """A rule: what processes say of themselves, as they said it."""
    return f"""from(bucket: "{LIVE_BUCKET}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "pipeline" and r._field == "{field}")
  |> keep(columns: ["_time", "_value", "_field", "_measurement", "process", "host"])"""


def growth(field: str) -> str:
    """A rule: by how much a count of each process grew from one report to the next; a restart is no growth."""
    return f"""{pipeline_points(field)}
  |> difference(nonNegative: true)"""


def silence(processes: Sequence[str]) -> str:
    """A rule: for how many seconds each of these processes has said nothing; of one that is not heard of at all, the
    whole range."""
    rows = ", ".join(f"{{process: {text(name)}, age: whole}}" for name in processes)
    return f"""import "array"
seconds = (since) => float(v: int(v: v.timeRangeStop) - int(v: since)) / 1000000000.0
whole = seconds(since: v.timeRangeStart)
heard = from(bucket: "{LIVE_BUCKET}")
  {RANGE}
  |> filter(fn: (r) => r._measurement == "pipeline" and r._field == "memory_bytes")
  |> filter(fn: (r) => r.process =~ {any_of(processes)})
  |> group(columns: ["process"])
  |> last()
  |> map(fn: (r) => ({{process: r.process, age: seconds(since: r._time)}}))
union(tables: [heard, array.from(rows: [{rows}])])
  |> group(columns: ["process"])
  |> min(column: "age")
  |> map(fn: (r) => ({{_time: v.timeRangeStop, _value: r.age, process: r.process}}))
  |> set(key: "_field", value: "silence")
  |> set(key: "_measurement", value: "pipeline")
  |> group(columns: ["_measurement", "_field", "process"])"""
