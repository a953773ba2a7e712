"""config/sources.yaml: whose GPU a log is, what a log cannot say of itself, and which live GPUs are read."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import starmap
from pathlib import Path, PurePath
from typing import Final, Literal, Self, get_args
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kafka_producer import duration
from telemetry import config_file
from telemetry.errors import Misconfigured, Rejected
from telemetry.reading import gpu_name, label_fault, split_gpu

_MOST_LABELS: Final = 12
"""Of a rule; the rest of MOST_LABELS is left for what a source knows itself."""
DCGM_PORT: Final = 9400
"""On which dcgm-exporter serves its page."""


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
    day_first: bool = False
    """In dates with slashes, where the log's first row leaves it open: 5/6/2023 is the fifth of June."""

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

    source: Literal["nvml", "dcgm", "nvidia_smi"]
    interval: str = "1s"
    host: str | None = None
    """nvml, nvidia_smi: without it the name of this machine."""
    gpus: tuple[str, ...] = ()
    """nvml, nvidia_smi: indices and UUIDs; empty: all."""
    targets: tuple[str, ...] = ()
    """dcgm: pages of dcgm-exporters, as ``http://node-1:9400/metrics``; short ``node-1`` and ``node-1:9400``."""
    timeout: str = "5s"
    """dcgm, nvidia_smi: an answer that is not there by then counts as lost."""
    command: str = Field(default="nvidia-smi", min_length=1)
    """nvidia_smi: its name or path."""
    host_sensors: bool = False
    """nvml, nvidia_smi: with each reading what the machine did: processor, memory, disks, network."""
    labels: dict[str, str] = Field(default_factory=dict, max_length=_MOST_LABELS)
    """Of all its GPUs, on each reading: ``{cluster: a, rack: r12}``."""

    @field_validator("interval", "timeout")
    @classmethod
    def _interval(cls, value: str) -> str:
        duration.parse(value)
        return value

    @field_validator("labels", mode="before")
    @classmethod
    def _numbers_too(cls, value: object) -> object:
        # rack: 12 is a number for YAML; yes or a date is not what was meant.
        if not isinstance(value, dict):
            return value
        return {name: str(each) if type(each) in {int, float} else each for name, each in value.items()}

    @field_validator("labels")
    @classmethod
    def _fit(cls, value: dict[str, str]) -> dict[str, str]:
        if fault := next(filter(None, starmap(label_fault, value.items())), None):
            raise ValueError(fault)
        return value

    @field_validator("host")
    @classmethod
    def _host(cls, value: str | None) -> str | None:
        try:
            return split_gpu(gpu_name(value, "0"))[0] if value is not None else None
        except Rejected as error:
            raise ValueError(error.detail) from error

    @field_validator("targets")
    @classmethod
    def _pages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(page_of, value))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.source == "dcgm" and not self.targets:
            raise ValueError("targets: [node-1, node-2, ...], the machines whose dcgm-exporter is to be read")
        if foreign := sorted(self.model_fields_set & _ONLY_OF[self.source]):
            raise ValueError(f"no {', '.join(foreign)} with source {self.source}")
        return self

    @field_validator("gpus", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        return [str(each) for each in value] if isinstance(value, list) else value


_ONLY_OF = {
    "nvml": {"targets", "timeout", "command"},
    "dcgm": {"host", "gpus", "command", "host_sensors"},
    "nvidia_smi": {"targets"},
}
"""Source -> keys that only others know."""


def page_of(target: str) -> str:
    """The address of an exporter's page. Raises ValueError for what is no machine and no address."""
    is_address = "://" in target
    try:
        parts = urlsplit(target if is_address else f"http://{target}")
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{target!r}: {error}") from error
    host = parts.netloc.rpartition("@")[2]
    is_right = parts.scheme in {"http", "https"} and parts.hostname and port != 0 and not host.endswith(":")
    # Patterns are for logs; no page can be asked for under such a name.
    if not is_right or host.startswith(("*", ".")) or parts.fragment or re.search(r"\s", target):
        raise ValueError(f"a machine (node-1, node-1:9400) or a page (http://node-1:9400/metrics), not {target!r}")
    place = parts.netloc.removesuffix(host) + host.lower()
    if not is_address and port is None:
        place = f"{place}:{DCGM_PORT}"
    path = "/metrics" if parts.path in {"", "/"} else parts.path
    return urlunsplit((parts.scheme, place, path, parts.query, ""))


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
        on this machine. Raises Misconfigured where there is no rule for a ``source`` that needs one."""
        chosen = tuple(rule for rule in self.collect if source in {None, rule.source})
        if not chosen and source == "dcgm":
            expected = f"a rule with source: {source} (docs/recipes/{source}.md)"
            raise Misconfigured("config/sources.yaml: collect", "none for it", expected)
        return chosen or (LiveRule(source="nvidia_smi" if source == "nvidia_smi" else "nvml"),)

    @model_validator(mode="after")
    def _once(self) -> Self:
        pages = [page for rule in self.collect for page in rule.targets]
        if twice := next((page for page in pages if pages.count(page) > 1), None):
            raise ValueError(f"each page once; {twice} is there again")
        return self


def load(path: Path) -> Sources:
    """Raises Misconfigured with file, key and value."""
    return config_file.load(path, Sources)
