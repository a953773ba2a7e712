"""What is done once per interval: whether it is time, by a clock that may be set back."""

from __future__ import annotations


def is_due(now: int, due: int, every: int) -> bool:
    """Whether what is done ``every`` so often, the next time at ``due``, is to be done now."""
    # A clock that was set back must not silence us until it has caught up.
    return not due - every <= now < due
