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
    Request,
    TrackKey,
    Transaction,
    answer,
    judge_batch,
    keys_of,
    look_around,
    tick_all,
)
from support.alert_cases import CATALOGUE, ROOT, START, anomaly_of, config_of
from support.readings import made_up
from telemetry.messages import AlertChange
from telemetry.timestamp import SECOND, format_time

JUDGE = Judge(config.load(ROOT / "config/alerts.yaml", CATALOGUE))
MISSING = {"missing": {"when": {"silent": "expected"}, "severity": "critical", "summary": "Not there.", "for": "5m"}}
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


def test_people_are_answered_and_only_an_open_alert_moves() -> None:
    stored = in_one_batch()
    tracks = {key: Track.decode(raw) for key, raw in stored.tracks.items()}
    alert = tracks["desk:0", "live"].alerts["gpu_temperature_critical"]
    asked = [
        Request(1, alert.id, "acknowledge", "ann"),
        Request(2, alert.id, "acknowledge", "ben"),
        Request(3, alert.id, "resolve", "ben"),
        Request(4, alert.id, "resolve", "ann"),
        Request(5, "no-such-alert", "acknowledge", "ann"),
    ]
    made = answer(JUDGE, tracks, asked, START + 3600 * SECOND)
    assert made.answers == {1: "done", 2: "already", 3: "done", 4: "unknown", 5: "unknown"}
    told = [(each.alert.state, each.alert.reason, each.alert.acknowledged_by) for each in made.changes]
    assert told == [("acknowledged", "by_hand", "ann"), ("resolved", "by_hand", "ann")]
    assert list(made.tracks) == [("desk:0", "live")]
    # Time passed on the track as it passed for everybody, from its last reading on.
    track = tracks["desk:0", "live"]
    assert made.changes[0].alert.changed == track.clock + START + 3600 * SECOND - track.arrived


def test_after_a_start_gpus_of_the_inventory_are_expected_and_everything_is_looked_at() -> None:
    judge = Judge(config_of({"rules": MISSING, "inventory": [{"host": "desk", "gpus": 2}]}))
    seen = judge.reading(None, made_up(0, START, gpu="desk:0", host="desk", metrics={"gpu_load": 5.0}), START).track
    made = look_around(judge, {("desk:0", "live"): seen}, START)
    assert set(made.tracks) == {("desk:0", "live"), ("desk:1", "live")}
    assert made.due == dict.fromkeys(made.tracks, START + 300 * SECOND)
    later = tick_all(judge, made.tracks, START + 300 * SECOND)
    assert [(each.alert.subject.gpu, each.alert.rule) for each in later.changes] == [
        ("desk:0", "missing"),
        ("desk:1", "missing"),
    ]
    assert later.due == {}
    # Taken out of the inventory, nobody misses them any more.
    nobody = Judge(config_of({"rules": MISSING}))
    made = look_around(nobody, later.tracks, START + 400 * SECOND)
    assert [each.alert.reason for each in made.changes] == ["rule_removed", "rule_removed"]
