"""What the engine remembers of the store: never read twice, never older than what was written, never without bound."""

from __future__ import annotations

from collections.abc import Collection

from kafka_consumers.alerts.known_tracks import KnownTracks
from kafka_consumers.alerts.matcher import Subject
from kafka_consumers.alerts.track import Track

A, B, C = ("a:0", "live"), ("b:0", "live"), ("c:0", "live")


def track(clock: int) -> Track:
    return Track("live", Subject("a:0", "a", "nvml", None), "live", clock, clock)


class Shelf:
    """A store that counts how often it is asked."""

    def __init__(self, **tracks: Track) -> None:
        self.tracks = {(f"{name}:0", "live"): each for name, each in tracks.items()}
        self.asked: list[list[tuple[str, str]]] = []

    def read(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Track]:
        self.asked.append(sorted(keys))
        return {key: self.tracks[key] for key in keys if key in self.tracks}


def test_what_was_read_or_written_is_not_read_again() -> None:
    shelf = Shelf(a=track(1))
    known = KnownTracks(shelf.read)
    assert known.of([A, B]) == {A: track(1)}
    known.keep({A: track(2), C: track(3)})
    assert known.of([A, B, C]) == {A: track(2), C: track(3)}
    assert shelf.asked == [[A, B]]


def test_after_a_loss_the_store_alone_knows() -> None:
    shelf = Shelf(a=track(1))
    known = KnownTracks(shelf.read)
    known.keep({A: track(9)})
    known.forget()
    assert known.of([A]) == {A: track(1)}


def test_those_that_were_judged_longest_ago_are_read_again() -> None:
    shelf = Shelf(a=track(1), b=track(2))
    known = KnownTracks(shelf.read, most=2)
    known.keep({A: track(1), B: track(2)})
    known.keep({A: track(1)})
    known.keep({C: track(3)})
    assert known.of([A, C]) == {A: track(1), C: track(3)}
    assert shelf.asked == []
    assert known.of([B]) == {B: track(2)}
    assert shelf.asked == [[B]]
