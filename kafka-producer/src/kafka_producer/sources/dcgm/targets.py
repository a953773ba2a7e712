"""The pages of dcgm-exporters as targets of Prometheus (`file_sd_configs`), which then reads them itself, too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from kafka_producer.source_config import LiveRule

_OWN = frozenset({"job", "instance", "cluster"})
"""Labels of a rule that are left out. Prometheus' rules know a GPU by cluster, host and index, and gpustream's own page
tells of the same GPU without a cluster: one fault would be two alerts."""


def text(rules: Iterable[LiveRule]) -> str:
    """JSON; a target for each page. Pages whose address has a password are left out: see :func:`left_out`."""
    return json.dumps([_target(page, rule) for rule, page in _pages(rules) if not _has_password(page)], indent=1) + "\n"


def left_out(rules: Iterable[LiveRule]) -> list[str]:
    """Machines whose page asks for a password, which such a file cannot hold."""
    return [urlsplit(page).netloc.rpartition("@")[2] for _, page in _pages(rules) if _has_password(page)]


def _pages(rules: Iterable[LiveRule]) -> Iterator[tuple[LiveRule, str]]:
    for rule in rules:
        for page in rule.targets if rule.source == "dcgm" else ():
            yield rule, page


def _has_password(page: str) -> bool:
    return "@" in urlsplit(page).netloc


def _target(page: str, rule: LiveRule) -> dict[str, Any]:
    parts = urlsplit(page)
    # Several pages of one address, as the simulated fleet has them, are several instances.
    instance = parts.netloc if parts.path == "/metrics" else parts.netloc + parts.path
    labels = {name: value for name, value in rule.labels.items() if name not in _OWN}
    labels |= {"instance": instance, "__scheme__": parts.scheme, "__metrics_path__": parts.path}
    labels |= {f"__param_{name}": value for name, value in parse_qsl(parts.query)}
    return {"targets": [parts.netloc], "labels": labels}
