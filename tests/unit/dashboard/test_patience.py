"""Work that never ends is given up, and what it says otherwise is passed on."""

from __future__ import annotations

from threading import Event

import pytest

from dashboard.stores.patience import in_time
from telemetry.errors import Unavailable


def test_what_it_returns_or_raises() -> None:
    assert in_time(lambda: 7, 60, "the lake") == 7
    assert in_time(lambda: None, 60, "the lake") is None
    with pytest.raises(ValueError, match="int"):
        in_time(lambda: int("seven"), 60, "the lake")


def test_work_that_never_ends() -> None:
    never = Event()
    with pytest.raises(Unavailable, match="the lake did not answer within"):
        in_time(never.wait, 0.05, "the lake")
    never.set()
