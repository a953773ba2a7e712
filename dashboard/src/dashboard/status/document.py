"""What was found, for a program. docs/operations.md describes the document; ``schema`` changes when it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.status.examine import Examined

SCHEMA = 1


def document(examined: Sequence[Examined], when: str, mode: str) -> dict[str, Any]:
    """One key per check, what it found; ``null`` where it got no answer. ``problems`` says what to do."""
    return {
        "schema": SCHEMA,
        "time": when,
        "mode": mode,
        "healthy": not any(each.problems for each in examined),
        "problems": [
            {"check": each.key, "what": f"{line.label}: {line.text}", "do": line.do}
            for each in examined
            for line in each.problems
        ],
        **{each.key: dict(each.finding.data) if each.answered else None for each in examined},
    }
