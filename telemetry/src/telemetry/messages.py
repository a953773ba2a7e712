"""What stands on the topics besides readings. One model per topic; low rates, so pydantic judges them."""

from __future__ import annotations

import base64
import hashlib
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from telemetry.errors import Rejected
from telemetry.reading import SCHEMA, Mode
from telemetry.timestamp import parse_time

Finite = Annotated[float, Field(allow_inf_nan=False)]
PAYLOAD_LIMIT = 64 * 1024
TAKEN_BACK = "Taken back"
"""How the last sentence of an anomaly begins that late readings have turned into another one."""


class Message(BaseModel):
    """Base of all: JSON on the wire, unknown keys kept out, schema checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_version: Literal[1] = Field(default=SCHEMA, alias="schema")

    def encode(self) -> bytes:
        return self.model_dump_json(by_alias=True).encode()

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """Raises Rejected(``bad_message``) with the fields that are wrong."""
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise Rejected("bad_message", f"{cls.__name__} {place}: {first['msg']}") from error


class OfGpu(Message):
    """A message about one GPU."""

    gpu: str
    host: str
    source: str
    mode: Mode


class Aggregate(BaseModel):
    """One metric over one window, in the catalogue's unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    avg: Finite
    min: Finite
    max: Finite
    count: int


class Window(OfGpu):
    """Topic ``gpu-windows``: 30 s (a setting) of one GPU. The latest message of a (gpu, start) is the right one."""

    start: str
    end: str
    readings: int
    metrics: dict[str, Aggregate]

    _times = field_validator("start", "end")(lambda value: parse_time(value) is not None and value)


class Anomaly(OfGpu):
    """Topic ``gpu-anomalies``: something a person may want to look at, in one sentence."""

    id: str
    metric: str
    kind: str
    bit: int = 0
    """Of a bit mask, that it is about; else 0."""
    severity: Literal["info", "warning", "critical"]
    value: Finite | None = None
    limit: Finite | None = None
    score: Finite | None = None
    start: str
    end: str | None = None
    sentence: str

    _times = field_validator("start", "end")(lambda value: (value is None or parse_time(value) is not None) and value)

    @property
    def is_taken_back(self) -> bool:
        """It never was: no evidence of anything."""
        return self.sentence.startswith(TAKEN_BACK)


class AlertChange(OfGpu):
    """Topic ``gpu-alerts``: an alert entered a state."""

    id: str
    rule: str
    state: Literal["pending", "firing", "acknowledged", "resolved"]
    severity: Literal["info", "warning", "critical"]
    reason: str = ""
    """Why it entered this state, one of a small set of words."""
    time: str
    started: str | None = None
    """The first reading in breach."""
    metric: str = ""
    """Empty where it is about the GPU as a whole."""
    value: Finite | None = None
    threshold: Finite | None = None
    message: str
    action: str = ""
    """What to do about it."""
    acknowledged_by: str | None = None

    _times = field_validator("time", "started")(
        lambda value: (value is None or parse_time(value) is not None) and value
    )


class GpuEvent(Message):
    """Topic ``gpu-events``: what happened to a device, a burst of the same as one. The latest message of an ``id``, the
    one with the highest ``count`` (of equal ones the latest ``last``), is the right one."""

    id: str
    kind: Literal["xid", "sxid", "ecc", "remap", "throttle", "lost"]
    """The first two come from the kernel's log or DCGM, the others from what changes between two readings."""
    number: int = Field(ge=0)
    """Of an Xid or SXid its own; of ``throttle`` the bit of the reason; of ``lost`` 0, of a whole node 1; of ``ecc`` 1
    corrected, 2 not; of ``remap`` 1 correctable, 2 uncorrectable, 3 failed, 4 pending."""
    host: str
    device: str
    """PCI address in small letters, such as 0000:3b:00; of an event out of readings, the ``gpu``."""
    gpu: str | None = None
    """``host:index`` where the source knows it."""
    uuid: str | None = None
    source: str
    mode: Mode
    name: str
    """In words, by config/xid.yaml."""
    action: str
    severity: Literal["info", "warning", "critical"]
    text: str
    """What the newest line says."""
    first: str
    last: str
    count: int = Field(ge=1)
    """Lines, none further than three minutes from the one before it."""

    _times = field_validator("first", "last")(lambda value: parse_time(value) is not None and value)


class ReportRow(Message):
    """Topic ``gpu-reports``: one row of a nightly report. ``metric`` is None for rows about the GPU as a whole."""

    report: str
    date: str
    day_start: str
    """The UTC instant at which the report's day begins (REPORT_TIMEZONE)."""
    time: str | None = None
    """When in the day, of a report that has several rows of one GPU and metric; None: the day as a whole."""
    gpu: str
    host: str
    demo: bool
    metric: str | None = None
    values: dict[str, Finite]

    _times = field_validator("day_start")(lambda value: parse_time(value) is not None and value)
    _own_time = field_validator("time")(lambda value: value and parse_time(value) is not None and value)


MOST_TARGETS = 5_000
"""Of a report: 300 KB. Of more, those that do not answer and the slowest stand there."""


class Scrape(BaseModel):
    """How a collector's last question to one target went."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: Finite
    """It took, or has taken so far."""
    success: bool
    """There was an answer."""


class PipelineReport(Message):
    """Topic ``gpu-pipeline``: what a process says of itself each 10 s. Counts run from the start of the process."""

    process: str
    instance: str
    host: str
    time: str
    started: str
    starts: int
    received: int
    sent: int
    rejected: dict[str, int]
    lag: int | None = None
    """Records not yet processed, over all partitions; None where there is no queue before the process."""
    latency_seconds: Finite | None = None
    """From Kafka's timestamp to the acknowledgement of the store, the newest batch's slowest record."""
    memory_bytes: int
    gauges: dict[str, Finite] = {}
    """What the process measured of what it reads from or writes to, by name."""
    targets: dict[str, Scrape] = Field(default={}, max_length=MOST_TARGETS)
    """Of a collector alone: every target that it asks."""

    _times = field_validator("time", "started")(lambda value: parse_time(value) is not None and value)

    def encode(self) -> bytes:
        # Left out where there are none: an older reader takes such a report as it always has.
        return self.model_dump_json(by_alias=True, exclude=None if self.targets else {"targets"}).encode()


class FileOrigin(BaseModel):
    """Where in a file a dead letter lay; ``offset`` in bytes of the file as stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    offset: int


class TopicOrigin(BaseModel):
    """Where in Kafka a dead letter lay."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: str
    partition: int
    offset: int


class DeadLetter(Message):
    """Topic ``gpu-dead-letters``: a record that could not be used, whole up to 64 KiB, with the reason."""

    reason: str
    detail: str
    rejected_by: str
    time: str
    origin: FileOrigin | TopicOrigin
    length: int
    sha256: str
    payload_base64: str

    _times = field_validator("time")(lambda value: parse_time(value) is not None and value)

    @classmethod
    def of(cls, raw: bytes, error: Rejected, rejected_by: str, time: str, origin: FileOrigin | TopicOrigin) -> Self:
        return cls(
            reason=error.reason,
            detail=error.detail[:2000],
            rejected_by=rejected_by,
            time=time,
            origin=origin,
            length=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
            payload_base64=base64.b64encode(raw[:PAYLOAD_LIMIT]).decode(),
        )

    def payload(self) -> bytes:
        """The first 64 KiB of the record."""
        return base64.b64decode(self.payload_base64)

    def is_whole(self) -> bool:
        """Whether :meth:`payload` is the whole record, so that it can be driven again."""
        return self.length <= PAYLOAD_LIMIT
