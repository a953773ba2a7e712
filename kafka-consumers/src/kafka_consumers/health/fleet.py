"""All tracks that may still change, as the store has them, and what time does to them. Pure, but for the tracks.

Only the engine writes tracks, and no second one works meanwhile. Who could not store a change must
:meth:`~Fleet.forget` it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from kafka_consumers.events import lost
from kafka_consumers.events.lost import Sign
from kafka_consumers.health.judge import Judge
from kafka_consumers.health.track import Track
from kafka_consumers.health.transaction import TrackKey, Transaction

ReadTracks = Callable[[Collection[TrackKey]], Mapping[TrackKey, Track]]


class Fleet:
    """``read_all`` asks the store for every track of GPUs, ``read`` for those of imported logs, which come and go."""

    def __init__(self, read_all: Callable[[], Mapping[TrackKey, Track]], read: ReadTracks) -> None:
        self._read_all = read_all
        self._read = read
        self._tracks: dict[TrackKey, Track] | None = None

    def of(self, keys: Iterable[TrackKey]) -> Mapping[TrackKey, Track]:
        """Has those of ``keys`` that the store has."""
        if self._tracks is None:
            self._tracks = dict(self._read_all())
        logs = [key for key in keys if key not in self._tracks and key[1].startswith("import/")]
        if logs:
            self._tracks |= self._read(logs)
        return self._tracks

    def keep(self, made: Transaction) -> None:
        """The store has these now."""
        if self._tracks is not None:
            self._tracks |= made.tracks

    def forget(self) -> None:
        self._tracks = None

    def pass_time(self, judge: Judge, now: int, *, may_lose: bool, kept: int) -> Transaction:
        """Nothing that Kafka took before ``now`` is still to be judged. Tracks that were silent for ``kept`` leave."""
        made = Transaction()
        tracks = self.of(())
        for key, track in tracks.items():
            if judge.is_due(track, now):
                made.add(judge.pass_time(track, now))
                made.tracks[key] = track
        if may_lose:
            self._look_for_lost(judge, now, made)
        assert self._tracks is not None
        for key in [key for key, track in tracks.items() if key not in made.tracks and _is_over(track, now, kept)]:
            del self._tracks[key]
        return made

    def _look_for_lost(self, judge: Judge, now: int, made: Transaction) -> None:
        rule = judge.rules.events.lost
        nodes: dict[tuple[str, str], dict[str, list[tuple[TrackKey, Track]]]] = {}
        for key, track in (self._tracks or {}).items():
            # A part of a divided GPU (MIG) goes when somebody divides it otherwise.
            if track.mode != "import" and track.source in rule.sources and "." not in track.gpu.rpartition(":")[2]:
                nodes.setdefault((track.source, track.mode), {}).setdefault(track.host, []).append((key, track))
        for hosts in nodes.values():
            signs = {host: [_sign(track) for _, track in of_host] for host, of_host in hosts.items()}
            if lost.is_collector(signs.values(), now, rule):
                continue
            for host, of_host in hosts.items():
                by_gpu = {track.gpu: (key, track) for key, track in of_host}
                for found in lost.of_node(signs[host], now, rule, may_vanish=of_host[0][1].mode == "live"):
                    gone = [by_gpu[gpu] for gpu in found.gpus]
                    if found.is_node:
                        event = judge.lost_node([track for _, track in gone], found, now)
                        made.events[event.id] = event
                    for key, track in gone:
                        made.add(judge.lost(track, found, now))
                        made.tracks[key] = track


def _sign(track: Track) -> Sign:
    return Sign(track.gpu, track.arrived, track.every, track.lost is not None)


def _is_over(track: Track, now: int, kept: int) -> bool:
    """Of an import, that its last minute is closed: the store has it, should more of it come."""
    silent = now - track.arrived
    return silent > kept or (track.mode == "import" and not track.is_open and silent > _LOG_WAITS)


_LOG_WAITS = 120_000_000
