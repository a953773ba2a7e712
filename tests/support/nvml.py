"""NVIDIA's driver as it was: the answers of a real card, recorded and given again. No GPU is needed for the second."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from kafka_producer.sources.nvml import sensors
from kafka_producer.sources.nvml.driver import Card, Driver, Field, NoAnswer, NotOffered
from telemetry.errors import Unavailable

DATA = Path(__file__).parents[1] / "unit" / "kafka_producer" / "nvml"
UUID = "GPU-00000000-0000-0000-0000-00000000000{}"
"""In place of a real card's, which says whose it is."""


def record(driver: Driver) -> dict[str, Any]:
    """Everything that is asked of each card, with its answer."""
    driver.start()
    cards = [driver.card(index) for index in range(driver.count())]
    document = {"driver": driver.version(), "cards": [_recorded(card, index) for index, card in enumerate(cards)]}
    driver.stop()
    return document


def _recorded(card: Card, index: int) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    asked = [(each.ask, each.arguments) for each in (*sensors.RATINGS, *sensors.QUESTIONS)]
    for ask, arguments in [("Name", ()), *asked]:
        try:
            answers[_key(ask, arguments)] = card.ask(ask, *arguments)
        except NotOffered as error:
            answers[_key(ask, arguments)] = {"not_offered": str(error)}
        except NoAnswer as error:
            answers[_key(ask, arguments)] = {"no_answer": str(error)}
    answers["UUID"] = UUID.format(index)
    wanted = [field for each in sensors.FIELDS for field in each.fields]
    fields = {f"{number}/{scope}": value for (number, scope), value in card.fields(wanted).items()}
    return {"answers": answers, "fields": fields, "parts": card.parts()}


def _key(ask: str, arguments: Sequence[int]) -> str:
    return " ".join([ask, *map(str, arguments)])


class RecordedCard:
    """Its answers can be changed; ``lost`` makes every question fail."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        self.answers: dict[str, Any] = dict(recorded["answers"])
        self.values: dict[str, float] = dict(recorded["fields"])
        self.divided: list[str] | None = recorded["parts"]
        self.lost = False

    def ask(self, question: str, *arguments: int) -> Any:
        self._check()
        key = _key(question, arguments)
        if key not in self.answers:
            raise NotOffered(f"not asked when it was recorded: {key}")
        answer = self.answers[key]
        if isinstance(answer, dict) and "not_offered" in answer:
            raise NotOffered(answer["not_offered"])
        if isinstance(answer, dict) and "no_answer" in answer:
            raise NoAnswer(answer["no_answer"])
        return answer

    def fields(self, wanted: Sequence[Field]) -> Mapping[Field, float]:
        self._check()
        found = {field: self.values.get(f"{field[0]}/{field[1]}") for field in wanted}
        return {field: value for field, value in found.items() if value is not None}

    def parts(self) -> list[str] | None:
        return self.divided

    def _check(self) -> None:
        if self.lost:
            raise Unavailable("GPU is lost")


class RecordedDriver:
    """The cards of a recording. ``away``: what start raises."""

    def __init__(self, cards: Sequence[RecordedCard], version: str) -> None:
        self.cards = list(cards)
        self.starts = 0
        self.stops = 0
        self.away: Exception | None = None
        self._version = version

    @classmethod
    def of(cls, name: str, count: int = 1) -> Self:
        """``count`` cards like the first one of the recording ``name``."""
        document = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
        cards = [RecordedCard(document["cards"][0]) for _ in range(count)]
        for index, card in enumerate(cards):
            card.answers["UUID"] = UUID.format(index)
        return cls(cards, document["driver"])

    def start(self) -> None:
        self.starts += 1
        if self.away is not None:
            raise self.away

    def version(self) -> str:
        return self._version

    def count(self) -> int:
        return len(self.cards)

    def card(self, index: int) -> RecordedCard:
        if self.cards[index].lost:
            raise Unavailable("GPU is lost")
        return self.cards[index]

    def card_by_uuid(self, uuid: str) -> RecordedCard:
        return self.card([card.answers["UUID"] for card in self.cards].index(uuid))

    def stop(self) -> None:
        self.stops += 1
