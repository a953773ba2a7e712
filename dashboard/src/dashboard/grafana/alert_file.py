"""What config/alerts.yaml says of the catalogue's limits: for how long, how bad, what to do. ``kafka-consumers alerts
--check`` judges that file; here only the rules of a single limit for every GPU are read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from telemetry.catalogue import Catalogue, Severity
from telemetry.errors import Misconfigured

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_PART = re.compile(r"(\d+)(ms|s|m|h|d)")


class LimitRule(NamedTuple):
    """What a rule adds to a limit of the catalogue."""

    severity: Severity
    seconds: float
    summary: str
    action: str


LimitRules = Mapping[tuple[str, str], LimitRule]
"""(metric, level) -> its rule; the first in the file, where several name one limit."""


def load(path: Path, catalogue: Catalogue) -> LimitRules:
    """Raises Misconfigured where the file is no list of rules at all."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        rules, usual = content["rules"], content.get("defaults", {}).get("for", "10s")
        made: dict[tuple[str, str], LimitRule] = {}
        for rule in rules.values():
            for place in _limits(rule, catalogue):
                made.setdefault(place, _made(rule, usual))
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise Misconfigured(
            str(path), repr(error), "rules as docs/alerts.md says: kafka-consumers alerts --check"
        ) from error
    return made


def _limits(rule: Mapping[str, Any], catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if not isinstance(limit := rule["when"].get("limit"), str) or rule.get("match"):
        return
    pattern, level = limit.split()
    yield from ((metric.name, level) for metric in catalogue if fnmatchcase(metric.name, pattern))


def _made(rule: Mapping[str, Any], usual: Any) -> LimitRule:
    spelled = str(rule.get("for", usual))
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(spelled))
    return LimitRule(rule["severity"], seconds, rule.get("summary", ""), rule.get("action", ""))
