"""What is asked of NVIDIA's driver, in plain values: ``library`` has the real one, the tests a recorded one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Field = tuple[int, int]
"""(number of a field as NVML counts them, scope: a link, a part of the card)."""


class NotOffered(Exception):
    """This card, its driver or our rights do not give it; asked again they would say the same."""


class NoAnswer(Exception):
    """No answer this time."""


class Card(Protocol):
    """One GPU. Every method raises Unavailable when the GPU does not answer any more."""

    def ask(self, question: str, *arguments: int) -> Any:
        """``question``: an nvmlDeviceGet... function without that prefix. The answer is made of numbers, texts, lists,
        and dicts where NVML has structures. Raises NotOffered, NoAnswer."""
        ...

    def fields(self, wanted: Sequence[Field]) -> Mapping[Field, float]:
        """Those of ``wanted`` that the card offers."""
        ...

    def parts(self) -> list[str] | None:
        """The MIG devices into which the card is divided, in words; None where MIG is off or unknown."""
        ...


class Driver(Protocol):
    """The driver of this machine."""

    def start(self) -> None:
        """Opens it, or opens it anew. Raises Misconfigured where there is none, Unavailable where it fails now."""
        ...

    def version(self) -> str: ...

    def count(self) -> int:
        """Of GPUs. Raises Unavailable."""
        ...

    def card(self, index: int) -> Card:
        """Raises Unavailable where the GPU does not answer."""
        ...

    def card_by_uuid(self, uuid: str) -> Card:
        """The same GPU, wherever it stands by now. Raises Unavailable where it does not answer."""
        ...

    def stop(self) -> None:
        """Lets go of it; may be called twice."""
        ...
