"""The reading: one GPU at one time, as it stands on the topic ``gpu-metrics``.

Identity is (``origin``, ``gpu``, ``row``); ``time`` is one-to-one with it for ever, so every store can drop a
reading that was sent twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, get_args

import orjson

from telemetry.errors import Rejected
from telemetry.timestamp import SECOND, format_time, parse_time

SCHEMA: Final = 1
Mode = Literal["live", "demo", "import"]
MODES = frozenset(get_args(Mode))
DEMO_HOST_PREFIX = "demo-"

FUTURE_TOLERANCE = 3600 * SECOND
"""A reading may be this far ahead of our clock (microseconds); beyond it the sender's clock is wrong."""

IMPORT_AGE = 3600 * SECOND
"""A source whose newest reading is older than this when it is read is an import, not live (microseconds)."""

WHOLE_READING = "*"
"""The key in ``flags`` that speaks of the reading as a whole rather than of one metric."""

IMPLAUSIBLE: Final = "implausible"
"""The flag of a metric that was dropped because its value cannot be."""

METRIC_NAME = re.compile(r"[a-z][a-z0-9_]{0,95}")
LABEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
MOST_LABELS = 16
LONGEST_LABEL = 253
"""Characters of a label's value: as long as the name of a pod may be (Kubernetes: object names, DNS subdomains)."""
NO_LABELS: Final[Mapping[str, str]] = {}
GPU_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}:[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_known_names: set[str] = set()  # names that have passed METRIC_NAME: a set look-up instead of a match per value


class Reading(NamedTuple):
    """One GPU at one time. A tuple, because a producer makes tens of thousands of them a second."""

    origin: str
    """Content fingerprint of the log, a slash and the pass; for a live source its name."""
    row: int
    """Ordinal of the data row in its log, from 0; for a live source the time in milliseconds."""
    mode: Mode
    time: int
    """Microseconds since 1970-01-01 UTC, unique per GPU."""
    recorded: str | None
    """What the source wrote, in its own zone; None where it wrote none."""
    gpu: str
    """``host:index``, safe in a URL."""
    host: str
    source: str
    model: str | None
    metrics: Mapping[str, float]
    """Metric name -> value in the catalogue's unit. Absent where unknown: never null, never a false zero."""
    flags: Mapping[str, str]
    """Metric name (or ``*``) -> why it is absent or suspect."""
    labels: Mapping[str, str] = NO_LABELS
    """Where the GPU stands and what it works for (cluster, rack, pod, job, ...); few, see :func:`label_fault`."""


def encode(reading: Reading) -> bytes:
    """The reading as JSON, keys in the order of the contract; ``labels`` only where there are some."""
    # Unpacked once, which is cheaper than twelve attributes.
    origin, row, mode, time, recorded, gpu, host, source, model, metrics, flags, labels = reading
    document: dict[str, object] = {
        "schema": SCHEMA,
        "origin": origin,
        "row": row,
        "mode": mode,
        "time": format_time(time),
        "recorded": recorded,
        "gpu": gpu,
        "host": host,
        "source": source,
        "model": model,
        "metrics": metrics,
        "flags": flags,
    }
    if labels:
        document["labels"] = labels
    return orjson.dumps(document)


def decode(raw: bytes, now: int) -> Reading:
    """The reading in ``raw``; ``now`` (microseconds UTC) is the judge of a time in the future.

    Raises Rejected: ``not_json``, ``unknown_schema``, ``missing_field``, ``wrong_type``, ``bad_value`` or
    ``future_time``.
    """
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Rejected("not_json", str(error)) from error
    if type(document) is not dict:
        raise Rejected("not_json", f"expected an object, found {type(document).__name__}")
    schema = document.get("schema")
    if type(schema) is not int or schema != SCHEMA:  # True and 1.0 equal 1
        raise Rejected("unknown_schema", f"found {schema!r}, this version reads {SCHEMA}")
    flags, labels = document.get("flags"), document.get("labels")
    try:
        reading = Reading(
            document["origin"],
            document["row"],
            document["mode"],
            _time(document["time"]),
            document.get("recorded"),
            document["gpu"],
            document["host"],
            document["source"],
            document.get("model"),
            document["metrics"],
            {} if flags is None else flags,
            NO_LABELS if labels is None else labels,
        )
    except KeyError as error:
        raise Rejected("missing_field", str(error.args[0])) from error
    _check(reading, now)
    return reading


def _time(text: Any) -> int:
    if type(text) is not str:
        raise Rejected("wrong_type", f"time: expected text, found {type(text).__name__}")
    try:
        return parse_time(text)
    except ValueError as error:
        raise Rejected("bad_value", f"time: {error}") from error


def _check(reading: Reading, now: int) -> None:
    for name in ("origin", "gpu", "host", "source", "mode"):
        value = getattr(reading, name)
        if type(value) is not str:
            raise Rejected("wrong_type", f"{name}: expected text, found {type(value).__name__}")
        if not 0 < len(value) <= 200 or not value.isprintable():
            raise Rejected("bad_value", f"{name}: expected 1 to 200 printable characters, found {value[:40]!r}")
    for name in ("recorded", "model"):
        value = getattr(reading, name)
        if value is not None and type(value) is not str:
            raise Rejected("wrong_type", f"{name}: expected text or null, found {type(value).__name__}")
    if type(reading.row) is not int:
        raise Rejected("wrong_type", f"row: expected an integer, found {type(reading.row).__name__}")
    if not 0 <= reading.row < 2**63:
        raise Rejected("bad_value", f"row: expected 0 to 2^63 - 1, found {reading.row}")
    if reading.mode not in MODES:
        raise Rejected("bad_value", f"mode: expected one of {sorted(MODES)}, found {reading.mode!r}")
    if GPU_NAME.fullmatch(reading.gpu) is None:
        raise Rejected("bad_value", f"gpu: expected host:index, found {reading.gpu[:80]!r}")
    if reading.time > now + FUTURE_TOLERANCE:
        raise Rejected("future_time", f"{format_time(reading.time)} is more than an hour ahead of {format_time(now)}")
    _check_metrics(reading.metrics)
    if type(reading.flags) is not dict or not all(type(flag) is str for flag in reading.flags.values()):
        raise Rejected("wrong_type", "flags: expected an object of texts")
    if reading.labels is not NO_LABELS:
        _check_labels(reading.labels)


def _check_labels(labels: Any) -> None:
    if type(labels) is not dict or not all(type(value) is str for value in labels.values()):
        raise Rejected("wrong_type", "labels: expected an object of texts")
    if len(labels) > MOST_LABELS:
        raise Rejected("bad_value", f"labels: found {len(labels)}, expected at most {MOST_LABELS}")
    for name, value in labels.items():
        if fault := label_fault(name, value):
            raise Rejected("bad_value", f"labels: {fault}")


def label_fault(name: str, value: str) -> str | None:
    """What is wrong with a label, in words; None where nothing is."""
    if LABEL_NAME.fullmatch(name) is None:
        return f"{name[:80]!r} is no name of a label ({LABEL_NAME.pattern})"
    if not 0 < len(value) <= LONGEST_LABEL or not value.isprintable():
        return f"{name}: expected 1 to {LONGEST_LABEL} printable characters, found {value[:40]!r}"
    return None


def _check_metrics(metrics: Any) -> None:
    if type(metrics) is not dict:
        raise Rejected("wrong_type", f"metrics: expected an object, found {type(metrics).__name__}")
    if not _known_names.issuperset(metrics):
        for name in metrics:
            if METRIC_NAME.fullmatch(name) is None:
                raise Rejected("bad_value", f"metrics: {name[:120]!r} is no metric name ({METRIC_NAME.pattern})")
        if len(_known_names) < 10_000:
            _known_names.update(metrics)
    for name, value in metrics.items():
        if type(value) is not float and type(value) is not int:
            raise Rejected("wrong_type", f"metrics.{name}: expected a number, found {type(value).__name__}")
        if not -1e300 < value < 1e300:
            raise Rejected("bad_value", f"metrics.{name}: {value} is not finite")


def gpu_name(host: str, index: str) -> str:
    """``host:index``; raises Rejected where the two do not make a name that is safe in a URL."""
    name = f"{host}:{index}"
    if GPU_NAME.fullmatch(name) is None:
        raise Rejected("bad_value", f"{name[:80]!r} is no GPU name: expected host:index of letters, digits, . _ -")
    return name


def split_gpu(gpu: str) -> tuple[str, str]:
    """(host, index) of a GPU name."""
    host, _, index = gpu.partition(":")
    return host, index


def mode_of(host: str, newest: int, now: int) -> Mode:
    """The mode of a whole log, from its newest reading; both times in microseconds UTC. Decided once per pass."""
    if host.startswith(DEMO_HOST_PREFIX):
        return "demo"
    return "import" if newest < now - IMPORT_AGE else "live"
