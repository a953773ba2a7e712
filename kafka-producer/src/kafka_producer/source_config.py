"""config/sources.yaml: whose GPU a log is, what a log cannot say of itself, and which live GPUs are read."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kafka_producer import duration
from telemetry import config_file
from telemetry.errors import Rejected
from telemetry.reading import gpu_name, split_gpu


class LogRule(BaseModel):
    """What holds for logs whose path matches ``pattern``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pattern: str = Field(min_length=1)
    """With * and ?, matched against the end of the path, case ignored: ``rig-7*.txt``, ``lab/*/GPU-Z*.txt``."""
    gpu: str | None = None
    model: str | None = Field(default=None, max_length=200)
    time_zone: str | None = None
    header: str | None = None
    """The header line of logs that have none."""

    @field_validator("gpu")
    @classmethod
    def _gpu(cls, value: str | None) -> str | None:
        try:
            return gpu_name(*split_gpu(value)) if value is not None else None
        except Rejected as error:
            raise ValueError(error.detail) from error

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        try:
            return ZoneInfo(value).key if value is not None else None
        except (ValueError, OSError, KeyError) as error:
            raise ValueError("a zone of the IANA database such as Europe/Berlin") from error

    def matches(self, path: PurePath) -> bool:
        pattern = self.pattern.casefold().strip("/")
        text = path.as_posix().casefold()
        return fnmatchcase(text, pattern) or fnmatchcase(text, f"*/{pattern}")


class LiveRule(BaseModel):
    """Live GPUs that ``collect`` reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["nvml"]
    interval: str = "1s"
    host: str | None = None
    """Without it: the name of this machine."""
    gpus: tuple[str, ...] = ()
    """Indices and UUIDs; empty: all."""

    @field_validator("interval")
    @classmethod
    def _interval(cls, value: str) -> str:
        duration.parse(value)
        return value

    @field_validator("host")
    @classmethod
    def _host(cls, value: str | None) -> str | None:
        try:
            return split_gpu(gpu_name(value, "0"))[0] if value is not None else None
        except Rejected as error:
            raise ValueError(error.detail) from error

    @field_validator("gpus", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        return [str(each) for each in value] if isinstance(value, list) else value


LIVE_SOURCES = get_args(LiveRule.model_fields["source"].annotation)


class Sources(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    logs: tuple[LogRule, ...] = ()
    collect: tuple[LiveRule, ...] = ()

    def rule_for(self, path: PurePath) -> LogRule:
        """The first rule that matches; one that says nothing where none does."""
        return next((rule for rule in self.logs if rule.matches(path)), LogRule(pattern="*"))

    def live(self, source: str | None) -> tuple[LiveRule, ...]:
        """What ``collect`` reads: the file's rules, of ``source`` alone where one is named; without any, all there is
        on this machine."""
        chosen = tuple(rule for rule in self.collect if source in {None, rule.source})
        return chosen or (LiveRule(source="nvml"),)


def load(path: Path) -> Sources:
    """Raises Misconfigured with file, key and value."""
    return config_file.load(path, Sources)
