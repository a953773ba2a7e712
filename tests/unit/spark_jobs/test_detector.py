"""Batches in any order, twice, or cut off by a kill: the same anomalies as of all readings at once."""

from __future__ import annotations

import contextlib
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import pytest

from spark_jobs.detectors.changes import Changes, Episode
from spark_jobs.detectors.detector import Detector
from spark_jobs.detectors.known_anomalies import HELD_BATCHES
from spark_jobs.detectors.near_windows import AHEAD
from spark_jobs.detectors.of_readings import Suspect
from spark_jobs.detectors.of_windows import Usual
from spark_jobs.detectors.regions import Regions
from spark_jobs.detectors.series import GpuWindow
from spark_jobs.evaluation import in_memory
from spark_jobs.spans import Span
from support.detecting import CATALOGUE, SECONDS, detected, simulated
from telemetry.detection import LOAD_BANDS
from telemetry.reading import Reading
from telemetry.timestamp import SECOND

WIDTH = SECONDS * SECOND
Mode = Literal["live", "import"]
KNOWN = {("paste:0", "hot_spot_temperature", band): Usual(70.0, 1.0) for band in LOAD_BANDS}
"""So low that it is hot for hours."""


class KeptAnomalies:
    """Like the table: by id. ``is_away``: the process is killed while it writes."""

    def __init__(self) -> None:
        self.rows: dict[str, Episode] = {}
        self.writes = 0
        self.is_away = False

    def of(self, spans: list[Span]) -> Iterable[Episode]:
        days = {day for span in spans for day in span.dates()}
        assert days
        return list(self.rows.values())

    def write(self, changes: Changes) -> None:
        if self.is_away:
            raise ConnectionError
        self.writes += 1
        self.rows |= {each.id: each for each in changes.written}
        for each in changes.gone:
            # Gone twice where the process was killed before it knew.
            self.rows.pop(each.id, None)


class Lake:
    """The readings and the windows of the stream, and processes that come and go."""

    def __init__(self, mode: Mode = "import") -> None:
        self.anomalies = KeptAnomalies()
        self.reads = 0
        self._mode = mode
        self._readings: dict[tuple[str, str, int], Reading] = {}
        self._windows: dict[tuple[str, int], GpuWindow] = {}
        self._batches: list[Sequence[Reading]] = []
        self.start()

    def start(self) -> None:
        """A process that remembers nothing; it judges the last batches again."""
        self._detector = Detector(CATALOGUE, SECONDS, self._read, self.anomalies, lambda: KNOWN)
        last = [each for batch in self._batches[-HELD_BATCHES - 1 :] for each in batch]
        if last:
            self._judge(last)

    def _read(self, wanted: Regions) -> Iterable[tuple[str, GpuWindow]]:
        self.reads += 1
        return [(gpu, window) for (gpu, _), window in self._windows.items() if gpu in wanted]

    def batch(self, readings: Sequence[Reading]) -> None:
        readings = [each._replace(mode=self._mode) for each in readings]
        self._readings |= {(each.origin, each.gpu, each.row): each for each in readings}
        touched = {(each.gpu, each.time // WIDTH * WIDTH) for each in readings}
        of_gpu: dict[str, list[Reading]] = defaultdict(list)
        for each in self._readings.values():
            if (each.gpu, each.time // WIDTH * WIDTH) in touched:
                of_gpu[each.gpu].append(each)
        for gpu, rows in of_gpu.items():
            rows.sort(key=lambda each: each.time)
            self._windows |= {(gpu, each.start): each for each in in_memory.windows(rows, CATALOGUE, SECONDS)}
        self._batches.append(readings)
        self._judge(readings)

    def _judge(self, readings: Sequence[Reading]) -> None:
        touched = sorted({(each.gpu, each.time // WIDTH * WIDTH) for each in readings})
        suspects: list[Suspect] = [in_memory.suspect(each) for each in readings]
        made = [(gpu, self._windows[gpu, start]) for gpu, start in touched]
        self._detector.see(suspects, made, touched)
        self._detector.end_batch()

    def stop(self) -> None:
        self._detector.flush()


@pytest.fixture(scope="module")
def everything() -> list[Reading]:
    stuck = simulated("stuck-sensor", seconds=4000, interval=10, gpu="stuck:0")
    fan = simulated("failing-fan", seconds=720, interval=2, gpu="fan:0")
    paste = simulated("dried-paste", seconds=7 * 3600, interval=15, gpu="paste:0")
    spike = simulated("single-spike", seconds=900, gpu="spike:0")
    return sorted([*stuck, *fan, *paste, *spike], key=lambda reading: reading.time)


@pytest.fixture(scope="module")
def wanted(everything: list[Reading]) -> dict[str, dict[str, Episode]]:
    """Mode -> id -> anomaly, of all readings at once."""
    return {
        mode: {each.id: each for each in detected([reading._replace(mode=mode) for reading in everything], KNOWN)}
        for mode in get_args(Mode)
    }


def cut(readings: Sequence[Reading], number: int) -> list[list[Reading]]:
    size = -(-len(readings) // number)
    return [list(readings[place : place + size]) for place in range(0, len(readings), size)]


def same(found: dict[str, Episode], wanted: dict[str, Episode]) -> None:
    assert found.keys() == wanted.keys()
    for name, each in found.items():
        # Averages of the same numbers in another order.
        assert each[:9] == wanted[name][:9]
        assert each.rank == wanted[name].rank
        assert each.value == pytest.approx(wanted[name].value)
        assert (each.start, each.end, each.peak) == (wanted[name].start, wanted[name].end, wanted[name].peak)


@pytest.mark.parametrize("mode", ["live", "import"])
def test_batches_in_order_find_what_is_in_all_readings(
    mode: Mode, everything: list[Reading], wanted: dict[str, dict[str, Episode]]
) -> None:
    lake = Lake(mode)
    for part in cut(everything, 40):
        lake.batch(part)
    lake.stop()
    same(lake.anomalies.rows, wanted[mode])
    assert {each.kind for each in lake.anomalies.rows.values()} >= {
        "limit",
        "throttle",
        "stuck",
        "hot_for_load",
        "rate",
    }


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_repeated_and_killed_batches_find_the_same(
    seed: int, everything: list[Reading], wanted: dict[str, dict[str, Episode]]
) -> None:
    chance = random.Random(seed)
    mode: Mode = "live" if chance.random() < 0.5 else "import"
    lake = Lake(mode)
    parts = cut(everything, 25)
    # Some come late by far, some only a little, some twice.
    parts += chance.sample(parts, 5)
    chance.shuffle(parts) if seed % 2 else parts.sort(key=lambda part: part[0].time + chance.uniform(0, 2e9))
    for part in parts:
        if chance.random() < 0.2:
            lake.anomalies.is_away = True
            with contextlib.suppress(ConnectionError):
                lake.batch(part)
            lake.anomalies.is_away = False
            lake.start()
        lake.batch(part)
        if chance.random() < 0.1:
            lake.start()
    lake.stop()
    same(lake.anomalies.rows, wanted[mode])


def test_what_only_grows_waits_and_is_not_lost_by_a_kill() -> None:
    hot = simulated("thermal-throttling", "gtx-970", seconds=900, gpu="hot:0")
    lake = Lake("live")
    for part in cut(hot, 60):
        lake.batch(part)
    whole = detected([each._replace(mode="live") for each in hot])
    # Without waiting it would be one of each batch of the ten minutes that it is hot.
    assert lake.anomalies.writes < 25
    lake.start()
    lake.stop()
    same(lake.anomalies.rows, {each.id: each for each in whole})


def test_live_data_in_order_read_the_lake_once_an_hour() -> None:
    hours = 4
    lake = Lake("live")
    for part in cut(simulated("gaming", seconds=hours * AHEAD / SECOND, interval=10, gpu="desk:0"), hours * 60):
        lake.batch(part)
    assert lake.reads <= hours + 1


def test_batch_that_comes_again_writes_nothing(everything: list[Reading]) -> None:
    lake = Lake()
    parts = cut(everything[:2000], 4)
    for part in parts:
        lake.batch(part)
    lake.stop()
    before = lake.anomalies.writes
    assert before
    for part in parts:
        lake.batch(part)
    lake.stop()
    assert lake.anomalies.writes == before
