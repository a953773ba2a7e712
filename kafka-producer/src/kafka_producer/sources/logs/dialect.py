"""How one program writes its logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kafka_producer.sources.logs.layout import Headers
from telemetry.catalogue import Catalogue


class Dialect(NamedTuple):
    """All that tells the logs of one program from those of another; what they share is done elsewhere."""

    source: str
    """As in the catalogue's spellings, and in the readings."""
    program: str
    """What people call it."""
    header: str
    """How its logs begin."""
    how_to: str
    """How to get one."""
    is_header: Callable[[bytes], bool]
    """Whether a line begins a header of this program; no two dialects say so of one line."""
    headers: Callable[[Catalogue, bool], Headers]
    """For one walk over one log; the flag: in dates with slashes the day comes first."""
    has_cards: bool = False
    """Whether a log may show several cards, and tells them apart."""
    is_native: bool = False
    """Whether its dates are read as they stand, without going through ``stamps``."""
