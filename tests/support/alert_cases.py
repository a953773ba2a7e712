"""Alert cases as data: series over time and what else happens -> the state changes that are expected.

A series is written per metric: ``80x5 97`` is five readings of 80 and one of 97; ``-`` a reading without this metric,
``.`` no reading at all. Times count from the case's start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from kafka_consumers.alerts.alert import Change
from kafka_consumers.alerts.config import AlertConfig, AlertsFile
from kafka_consumers.alerts.duration import parse, spell
from kafka_consumers.alerts.judge import Judge
from kafka_consumers.alerts.track import Track, track_of_anomaly, track_of_reading
from telemetry import catalogue
from telemetry.messages import Anomaly
from telemetry.reading import Reading
from telemetry.timestamp import format_time, parse_time

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/unit/cases/alerts"
START = parse_time("2026-03-01T12:00:00Z")
CATALOGUE = catalogue.load(ROOT / "config/metrics.yaml")
SETTINGS: dict[str, Any] = {
    "defaults": {"for": "10s", "clear_for": "20s", "min_readings": 3, "gap": "1m", "expire": "1h"},
    "clocks": {"late": "30s", "ahead": "5m", "recording_ended": "1h"},
    "flapping": {"firings": 3, "within": "1h", "quiet": "5m"},
    "storm": {"alerts": 20, "within": "10m"},
}


def all_cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, case); a case's rules are its file's, over which its own count."""
    for path in sorted(CASES.glob("*.yaml")):
        file = yaml.safe_load(path.read_text(encoding="utf-8"))
        for case in file["cases"]:
            shared = {key: value for key, value in file.items() if key != "cases"}
            yield f"{path.stem}: {case['name']}", {**shared, **case}


def config_of(case: dict[str, Any]) -> AlertConfig:
    given = {key: case[key] for key in ("defaults", "clocks", "flapping", "storm", "inventory", "rules") if key in case}
    return AlertConfig(AlertsFile.model_validate({**SETTINGS, **given}), CATALOGUE)


@dataclass
class World:
    """The tracks of one case and what changed so far; ``between`` stands for what happens between two inputs."""

    judge: Judge
    between: Callable[[Track], Track] = lambda track: track
    tracks: dict[str, Track] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    def reading(self, reading: Reading, arrived: int) -> str:
        name = track_of_reading(reading)
        outcome = self.judge.reading(self.tracks.get(name), reading, arrived)
        self._keep(name, outcome.track, outcome.changes)
        return outcome.admission

    def anomaly(self, anomaly: Anomaly, arrived: int) -> str:
        name = track_of_anomaly(anomaly)
        outcome = self.judge.anomaly(self.tracks.get(name), anomaly, arrived)
        self._keep(name, outcome.track, outcome.changes)
        return outcome.admission

    def tick(self, now: int) -> None:
        for name, track in list(self.tracks.items()):
            outcome = self.judge.tick(track, now)
            self._keep(name, outcome.track, outcome.changes)

    def expect(self, gpu: str, now: int) -> None:
        self._keep("live", self.judge.expect(gpu, now), ())

    def command(self, what: str, rule: str, time: int) -> str:
        """``acknowledge`` or ``resolve`` the rule's open alert; ``nothing`` where none is open."""
        for name, track in list(self.tracks.items()):
            if (alert := track.alerts.get(rule)) is not None:
                if what == "acknowledge":
                    done = self.judge.acknowledge(track, alert.id, "ann", time)
                else:
                    done = self.judge.resolve(track, alert.id, time)
                self._keep(name, done.track, done.changes)
                return done.result
        return "nothing"

    def _keep(self, name: str, track: Track, changes: tuple[Change, ...]) -> None:
        self.tracks[name] = self.between(track)
        self.changes += changes

    def told(self) -> list[str]:
        """The changes as the cases write them: time, rule, state, reason."""
        alerts = [change.alert for change in self.changes]
        return [f"{spell(each.changed - START)} {each.rule} {each.state} {each.reason}" for each in alerts]


def play(case: dict[str, Any], between: Callable[[Track], Track] = lambda track: track, times_each: int = 1) -> World:
    """The case from its start; each reading is sent ``times_each``, and from 2 on all of the past after each event."""
    world = World(Judge(config_of(case)), between)
    sent: list[Callable[[], object]] = []
    for event in case["events"]:
        for act in _acts(world, case, event):
            for _ in range(times_each):
                act()
            if "series" in event or "together" in event or "anomaly" in event:
                sent.append(act)
        if event.get("again") or times_each > 1:
            for act in sent:
                act()
    return world


def _acts(world: World, case: dict[str, Any], event: dict[str, Any]) -> Iterator[Callable[[], object]]:
    if "series" in event or "together" in event:
        parts = event.get("together", [event])
        readings = [each for number, part in enumerate(parts) for each in readings_of({**case, **part}, f"log{number}")]
        for reading, arrived in sorted(readings, key=lambda each: each[1]):
            yield partial(world.reading, reading, arrived)
    elif "anomaly" in event:
        anomaly = anomaly_of({**case, **event})
        arrived = START + parse(event["anomaly"]["told"]) if "told" in event["anomaly"] else parse_time(anomaly.start)
        yield lambda: world.anomaly(anomaly, arrived)
    elif "tick" in event:
        yield lambda: world.tick(START + parse(event["tick"]))
    elif "expect_gpu" in event:
        yield lambda: world.expect(event["expect_gpu"], START)
    elif "rules" in event:
        yield lambda: setattr(world, "judge", Judge(config_of({**case, "rules": event["rules"]})))
    elif "acknowledge" in event or "resolve" in event:
        what = "acknowledge" if "acknowledge" in event else "resolve"
        yield lambda: world.command(what, event[what], START + parse(event["at"]))
    elif "again" not in event:
        raise ValueError(f"no such event: {event}")


def readings_of(part: dict[str, Any], origin: str) -> Iterator[tuple[Reading, int]]:
    """(reading, when Kafka took it)."""
    every, at = parse(part.get("every", "1s")), parse(part.get("at", 0))
    host = part.get("host", "desk")
    columns = {name: list(_values(text)) for name, text in part["series"].items()}
    for row in range(max(map(len, columns.values()))):
        cells = {name: values[row] if row < len(values) else "-" for name, values in columns.items()}
        if all(cell == "." for cell in cells.values()):
            continue
        time = START + at + row * every
        reading = Reading(
            part.get("origin", origin),
            time // 1000,
            part.get("mode", "live"),
            time,
            None,
            part.get("gpu", f"{host}:0"),
            host,
            part.get("source", "nvml"),
            part.get("model"),
            {name: float(cell) for name, cell in cells.items() if cell not in {"-", "."}},
            {name: "failed_read" for name, cell in cells.items() if cell == "-"},
        )
        yield reading, time - parse(part.get("clock_ahead", 0)) + parse(part.get("underway", 0))


def _values(text: str | float) -> Iterator[str]:
    for word in str(text).split():
        value, _, count = word.partition("x")
        yield from [value] * int(count or 1)


def anomaly_of(part: dict[str, Any]) -> Anomaly:
    given = part["anomaly"]
    start = START + parse(given["at"])
    return Anomaly(
        id=given.get("id", f"{given.get('kind', 'spike')}-{start}"),
        gpu=part.get("gpu", "desk:0"),
        host="desk",
        source="nvml",
        mode=part.get("mode", "live"),
        metric=given.get("metric", "gpu_temperature"),
        kind=given.get("kind", "spike"),
        severity=given.get("severity", "warning"),
        value=given.get("value"),
        start=format_time(start),
        end=format_time(START + parse(given["until"])) if "until" in given else None,
        sentence=given.get("sentence", "It is odd"),
    )
