"""One NVIDIA GPU: asks it everything that it offers and makes a reading of the answers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from kafka_producer.sources.judge import FAILED_READ, judge
from kafka_producer.sources.nvml import sensors
from kafka_producer.sources.nvml.driver import Card, Driver, NoAnswer, NotOffered
from kafka_producer.sources.nvml.sensors import Question
from telemetry.catalogue import Catalogue
from telemetry.errors import Unavailable
from telemetry.reading import NO_LABELS, Reading, mode_of
from telemetry.timestamp import MILLISECOND

log = logging.getLogger(__name__)
SOURCE = "nvml"
_FIELDS = tuple(dict.fromkeys(field for wanted in sensors.FIELDS for field in wanted.fields))


class NvmlGpu:
    """``card`` is let go of when it is lost, and looked up by its ``uuid`` at the next reading."""

    def __init__(
        self,
        driver: Driver,
        card: Card,
        gpu: str,
        host: str,
        catalogue: Catalogue,
        labels: Mapping[str, str] = NO_LABELS,
    ) -> None:
        self.gpu = gpu
        self.model = _text(card, "Name")
        self.uuid = _text(card, "UUID") or ""
        self.serves = frozenset[str]()
        """The metrics that it has offered so far."""
        self._driver = driver
        self._card: Card | None = card
        self._host = host
        self._catalogue = catalogue
        self._labels = labels
        self._ratings: dict[str, float] | None = None
        self._last = 0

    def __str__(self) -> str:
        return f"gpu={self.gpu}"

    @property
    def name(self) -> str:
        return self.gpu

    def poll(self, now: int) -> Sequence[Reading]:
        """As the contract LiveTarget says: here it is one reading."""
        return [self.read(now)]

    def read(self, now: int) -> Reading:
        """The GPU at ``now``. Raises Unavailable where it does not answer, and may then be called again."""
        try:
            return self._read(now)
        except Unavailable as error:
            self._card, self._ratings = None, None
            raise Unavailable(f"gpu={self.gpu} does not answer: {error}") from error

    def parts(self) -> list[str] | None:
        """What it is divided into (MIG); None where it is not divided."""
        return self._card.parts() if self._card is not None else None

    def absent(self) -> list[str]:
        """What a card may offer and this one does not, by its last reading."""
        return [name for name in sensors.METRICS if name not in self.serves]

    def _read(self, now: int) -> Reading:
        card = self._card = self._card or self._driver.card_by_uuid(self.uuid)
        flags: dict[str, str] = {}
        if self._ratings is None:
            self._ratings = _answers(card, sensors.RATINGS, {})
        metrics = _answers(card, sensors.QUESTIONS, flags)
        offered = card.fields(_FIELDS)
        for wanted in sensors.FIELDS:
            found = [offered[field] for field in wanted.fields if field in offered]
            if found:
                metrics[wanted.metric] = sum(found) / wanted.divisor if wanted.divisor != 1 else sum(found)
        parts = card.parts()
        if parts is not None:
            metrics["mig_devices"] = len(parts)
        if not metrics:
            raise Unavailable("not one of its sensors can be read")
        metrics |= self._ratings
        self.serves |= metrics.keys()
        flags |= judge(metrics, self._catalogue)
        # To the millisecond, because that is the row; a clock that was put back must not give a time twice.
        row = self._last = max(now // MILLISECOND, self._last + 1)
        return Reading(
            origin=f"{SOURCE}:{self.gpu}",
            row=row,
            mode=mode_of(self._host, now, now),
            time=row * MILLISECOND,
            recorded=None,
            gpu=self.gpu,
            host=self._host,
            source=SOURCE,
            model=self.model,
            metrics=metrics,
            flags=flags,
            labels=self._labels,
        )


def _answers(card: Card, questions: Iterable[Question], flags: dict[str, str]) -> dict[str, float]:
    """Metric -> value; ``flags`` gets those for which there was no answer this time."""
    metrics: dict[str, float] = {}
    for metrics_of, ask, arguments, read in questions:
        if all(name in metrics for name in metrics_of):
            continue
        try:
            values = read(card.ask(ask, *arguments))
        except NotOffered:
            continue
        except NoAnswer:
            flags |= dict.fromkeys(metrics_of, FAILED_READ)
            continue
        for name, value in zip(metrics_of, values, strict=True):
            if value is not None and name not in metrics:
                metrics[name] = value
    for name in metrics.keys() & flags.keys():
        del flags[name]
    return metrics


def _text(card: Card, question: str) -> str | None:
    with suppress(NotOffered, NoAnswer):
        return str(card.ask(question))
    return None
