"""What the numbers in NVIDIA's Xid messages mean: config/xid.yaml, and over it config/xid.local.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from telemetry import config_file

Action = Literal[
    "ignore", "restart_app", "restart_vm", "reset_gpu", "reboot",
    "check_power", "update_software", "contact_support", "follow_up", "look_up",
]  # fmt: skip
Severity = Literal["info", "warning", "critical"]
Subsystem = Literal[
    "memory", "pcie", "nvlink", "thermal", "power", "engine", "firmware", "driver", "security", "inforom",
]  # fmt: skip


class Xid(BaseModel):
    """One number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=3)
    action: Action
    severity: Severity
    subsystem: Subsystem
    sources: dict[str, str] = Field(min_length=1)
    """Who says what."""
    choice: str = ""
    """Where they disagree: what was chosen, and why."""

    @model_validator(mode="after")
    def _chosen(self) -> Xid:
        if self.choice and len(self.sources) < 2:
            raise ValueError("choice: two sources at least that disagree")
        return self


_UNKNOWN = Xid(name="unknown", action="look_up", severity="warning", subsystem="driver", sources={"nobody": "unknown"})


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    xids: dict[int, dict[str, Any]]


class XidTable:
    """All numbers that are known."""

    def __init__(self, rows: Mapping[int, Xid]) -> None:
        self.rows = rows

    def of(self, number: int) -> Xid:
        """An unknown number is worth a look."""
        return self.rows.get(number) or _UNKNOWN.model_copy(update={"name": f"Xid {number}"})


def load(directory: Path) -> XidTable:
    """The table of a configuration folder; keys of ``xid.local.yaml`` there replace those of ``xid.yaml``.

    Raises Misconfigured with file, key and value.
    """
    path, own = directory / "xid.yaml", directory / "xid.local.yaml"
    rows = config_file.load(path, _File).xids
    where = dict.fromkeys(rows, path)
    if own.exists():
        for number, keys in config_file.load(own, _File).xids.items():
            rows[number] = {"sources": {"local": "decided here"}, **rows.get(number, {}), **keys}
            where[number] = own
    return XidTable({number: _row(where[number], number, keys) for number, keys in rows.items()})


def _row(path: Path, number: int, keys: dict[str, Any]) -> Xid:
    try:
        return Xid.model_validate(keys)
    except ValidationError as error:
        raise config_file.misconfigured(f"{path}: xids.{number}", error) from error
