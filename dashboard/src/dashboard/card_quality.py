"""How far the sensors of a session can be believed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from dashboard.card import Flagged, Quality, Sensor
from dashboard.card_builder import CardBuilder
from dashboard.card_track import Track
from dashboard.card_words import clean, counted, share

WHY = {
    "failed_read": "the card did not answer",
    "false_zero": "a zero that cannot be",
    "implausible": "a value that cannot be",
    "not_a_number": "no number",
    "assumed_layout": "rows without a header of their own",
}
"""Flags of readings in words; others are shown as they are."""

_SILENCE = frozenset({"failed_read"})
"""A sensor that says nothing tells no lie."""
_ENOUGH_ROWS = 30
_SILENT_AT_ZERO = frozenset({"load", "bus", ""})
"""Kinds in which a zero all the time is nothing to remark: what is not used shows it."""
_CONTRADICTION_SHARE = 0.1
_LIE_SHARE = 0.5


def quality_of(builder: CardBuilder, sensors: dict[str, Sensor]) -> Quality:
    return Quality(
        rows=builder.rows,
        flagged_rows=builder.flagged_rows,
        missing_rows=builder.missing_rows,
        flags=tuple(_flags(builder)),
        lies=tuple(lie for track in builder.tracks.values() for lie in _lies(builder, track)),
        notes=tuple(_notes(builder, sensors)),
    )


def _flags(builder: CardBuilder) -> Iterator[Flagged]:
    sensors: dict[str, Counter[str]] = defaultdict(Counter)
    for track in builder.tracks.values():
        for flag, count in track.flags.items():
            sensors[flag][_label(track)] += count
    for flag, readings in builder.flag_rows.most_common():
        names = sensors[flag]
        labels = tuple(label for label, _ in names.most_common())
        yield Flagged(_why(flag), names.total(), readings, labels)


def _why(flag: str) -> str:
    return WHY.get(flag) or clean(flag.replace("_", " "))


def _label(track: Track) -> str:
    return track.metric.label if track.metric else track.name.replace("_", " ")


def _lies(builder: CardBuilder, track: Track) -> Iterator[str]:
    flag, flagged = track.flags.most_common(1)[0] if track.flags else ("", 0)
    told = track.count + track.flags.total()
    if told >= _ENOUGH_ROWS and flagged > _LIE_SHARE * told and flag not in _SILENCE:
        yield f"{_label(track)} cannot be believed: {_why(flag)} in {share(flagged, told)} of the rows."
    if track.metric and track.metric.part_of and track.more_than_whole > _CONTRADICTION_SHARE * track.count:
        whole = builder.catalogue.get(track.metric.part_of)
        name = whole.label if whole else track.metric.part_of
        often = share(track.more_than_whole, track.count)
        yield f"{_label(track)} shows more than {name}, of which it is a part, in {often} of the rows: one lies."


def _notes(builder: CardBuilder, sensors: dict[str, Sensor]) -> Iterator[str]:
    """Sensors that never moved from 0 where others of their kind would."""
    still = [
        sensor.label
        for sensor in sensors.values()
        if sensor.count >= _ENOUGH_ROWS
        and sensor.lowest.value == sensor.highest.value == 0
        and sensor.kind not in _SILENT_AT_ZERO
    ]
    if still:
        yield f"0 all the time, so switched off or not measured by this card: {', '.join(still)}."
    if len(builder.step_moments) and builder.rows < _ENOUGH_ROWS:
        yield f"With {counted(builder.rows, 'row')} this log is too short to say much."
