"""However the records are cut into batches, and however often a kill makes Kafka send them again: the same rows."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_consumers.alerts import config
from kafka_consumers.alerts.judge import Judge
from kafka_consumers.alerts.message import message_of
from kafka_consumers.alerts.track import Track
from kafka_consumers.alerts.transaction import (
    Arrival,
    Partition,
    TrackKey,
    Transaction,
    judge_batch,
    keys_of,
    tick_all,
)
from support.alert_cases import CATALOGUE, ROOT, START, anomaly_of
from support.readings import made_up
from telemetry.messages import AlertChange
from telemetry.timestamp import SECOND, format_time

JUDGE = Judge(config.load(ROOT / "config/alerts.yaml", CATALOGUE))
TEMPERATURES = [60.0] * 10 + [97.0] * 40 + [60.0] * 60 + [97.0] * 20


def arrivals() -> list[Arrival]:
    """Two GPUs in one partition, and a finding about one of them in another topic."""
    given_arrivals: list[Arrival] = []
    for row, value in enumerate(TEMPERATURES):
        time = START + row * SECOND
        for host in ("desk", "tower"):
            reading = made_up(row, time, gpu=f"{host}:0", host=host, metrics={"gpu_temperature": value})
            given_arrivals.append(Arrival("gpu-metrics", 0, len(given_arrivals), time, reading))
    found = anomaly_of({"anomaly": {"at": "5s", "severity": "critical"}})
    given_arrivals.insert(30, Arrival("gpu-anomalies", 1, 7, START + 20 * SECOND, found))
    return given_arrivals


ARRIVALS = arrivals()


class Stored:
    """What a store holds: only whole transactions, tracks as the JSON that they are stored as."""

    def __init__(self) -> None:
        self.tracks: dict[TrackKey, bytes] = {}
        self.positions: dict[Partition, int] = {}
        self.messages: list[AlertChange] = []

    def commit(self, made: Transaction) -> None:
        self.tracks |= {key: track.encode() for key, track in made.tracks.items()}
        self.positions |= made.positions
        self.messages += [message_of(change) for change in made.changes]

    def judge(self, batch: Sequence[Arrival]) -> Transaction:
        known = {key: Track.decode(self.tracks[key]) for key in keys_of(batch) if key in self.tracks}
        return judge_batch(JUDGE, known, self.positions, batch)


def in_one_batch() -> Stored:
    stored = Stored()
    stored.commit(stored.judge(ARRIVALS))
    return stored


def test_a_batch_is_judged_into_rows_and_messages() -> None:
    stored = in_one_batch()
    told = [(each.gpu, each.rule, each.state) for each in stored.messages if each.gpu == "desk:0"]
    assert told == [
        ("desk:0", "anomaly", "firing"),
        ("desk:0", "gpu_temperature_critical", "firing"),
        ("desk:0", "temperature_jump", "firing"),
        ("desk:0", "gpu_temperature_warning", "firing"),
        ("desk:0", "temperature_jump", "resolved"),
        ("desk:0", "gpu_temperature_critical", "resolved"),
        ("desk:0", "gpu_temperature_warning", "resolved"),
        ("desk:0", "gpu_temperature_critical", "firing"),
    ]
    assert stored.positions == {("gpu-metrics", 0): 2 * len(TEMPERATURES), ("gpu-anomalies", 1): 8}


def test_a_message_says_all_that_a_reader_needs() -> None:
    first = next(each for each in in_one_batch().messages if each.rule == "gpu_temperature_critical")
    assert AlertChange.decode(first.encode()) == first
    assert (first.state, first.reason, first.metric, first.value) == ("firing", "held", "gpu_temperature", 97.0)
    assert first.started == format_time(START + 10 * SECOND)
    assert first.time == format_time(START + 15 * SECOND)
    assert first.action == "migrate workload"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.booleans(), st.integers(0, 80)), min_size=1, max_size=30))
def test_batches_and_kills_make_no_difference(cuts: list[tuple[int, bool, int]]) -> None:
    stored, at = Stored(), 0
    for length, killed, again in [*cuts, (len(ARRIVALS), False, 0)]:
        begun = max(0, at - again)  # Kafka's own position may lag behind the store's
        made = stored.judge(ARRIVALS[begun : at + length])
        if not killed:
            stored.commit(made)
            at += length
    whole = in_one_batch()
    assert stored.messages == whole.messages
    assert stored.tracks == whole.tracks
    assert stored.positions == whole.positions


def test_time_alone_ends_what_nobody_knows_any_more() -> None:
    stored = in_one_batch()
    tracks = {key: Track.decode(raw) for key, raw in stored.tracks.items()}
    made = tick_all(JUDGE, tracks, START + 86_400 * SECOND)
    ended = {(change.alert.subject.gpu, change.alert.rule, change.alert.reason) for change in made.changes}
    assert ("desk:0", "gpu_temperature_critical", "no_data") in ended
    assert ("desk:0", "anomaly", "cleared") in ended
    assert tick_all(JUDGE, made.tracks, START + 2 * 86_400 * SECOND).changes == []
