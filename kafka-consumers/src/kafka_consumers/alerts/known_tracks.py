"""The tracks that were judged last, as the store has them, so that a batch need not read again what the last one wrote.

Only the engine writes tracks, and no second one works meanwhile. Who has lost the store, if only for a moment, must
:meth:`~KnownTracks.forget`: another engine may have worked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from kafka_consumers.alerts.track import Track
from kafka_consumers.alerts.transaction import TrackKey

MOST = 5000
"""Some kilobytes each; of a larger fleet those that were judged longest ago are read again."""


class KnownTracks:
    """``read`` asks the store; of what it does not have it gives nothing."""

    def __init__(self, read: Callable[[Collection[TrackKey]], Mapping[TrackKey, Track]], most: int = MOST) -> None:
        self._read = read
        self._most = most
        self._known: dict[TrackKey, Track | None] = {}

    def of(self, keys: Collection[TrackKey]) -> dict[TrackKey, Track]:
        """Those of ``keys`` that the store has."""
        if missing := [key for key in keys if key not in self._known]:
            found = self._read(missing)
            self._known |= {key: found.get(key) for key in missing}
        return {key: track for key in keys if (track := self._known[key]) is not None}

    def keep(self, written: Mapping[TrackKey, Track]) -> None:
        """The store has these now."""
        for key, track in written.items():
            # Moved to the end: the front has been still for longest.
            self._known.pop(key, None)
            self._known[key] = track
        for key in list(self._known)[: max(0, len(self._known) - self._most)]:
            del self._known[key]

    def forget(self) -> None:
        self._known.clear()
