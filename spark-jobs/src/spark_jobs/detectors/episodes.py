"""Findings that lie side by side -> episodes: one anomaly each. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from hashlib import sha256

from spark_jobs.detectors.changes import Episode
from spark_jobs.detectors.findings import Finding
from telemetry.timestamp import SECOND

GAP_SECONDS = 300
"""Two findings of one kind and metric that are no further apart are one: a card near its limit crosses it often."""
EXPECTED_GAP_SECONDS = 900
"""The same for what is worth knowing and no fault: a loading screen does not make an evening of games two."""
DAY = 86_400 * SECOND
_ID_LENGTH = 16


def episodes(found: Iterable[Finding]) -> list[Episode]:
    """One per anomaly, none beside another.

    An episode ends with its date (UTC) at the latest, and what goes on is another on the next: so the work of a batch
    is bounded, and an anomaly lies in one partition. The result does not depend on the order of what is given, and
    episodes may take part in the place of the findings that they were made of.
    """
    together: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for each in found:
        together[(*each.key, each.is_expected, each.start // DAY)].append(each)
    return [_episode(part) for pieces in together.values() for part in _parts(pieces)]


def _parts(pieces: list[Finding]) -> list[list[Finding]]:
    pieces.sort(key=lambda each: (each.start, each.end))
    gap = (EXPECTED_GAP_SECONDS if pieces[0].is_expected else GAP_SECONDS) * SECOND
    parts = [[pieces[0]]]
    latest = pieces[0].end
    for piece in pieces[1:]:
        if piece.start - latest > gap:
            parts.append([])
        parts[-1].append(piece)
        latest = max(latest, piece.end)
    return parts


def _episode(pieces: list[Finding]) -> Episode:
    whole = reduce(Finding.with_, pieces)
    words = [*(str(part) for part in whole.key), str(whole.is_expected).lower(), str(whole.start)]
    return Episode(sha256("|".join(words).encode()).hexdigest()[:_ID_LENGTH], *whole)
