"""The contract of "here is a log": a file comes into the folder that the producer watches, whole or not at all."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Stored(NamedTuple):
    name: str
    """As it stands in the folder, with slashes: ``file`` of its LogState once the watch has seen it (2 s)."""
    size: int
    """Bytes."""


class Incoming(Protocol):
    """A file on its way; nobody sees it until ``finish``. Each method touches the disk and may raise Away."""

    def write(self, piece: bytes) -> None:
        """Raises Rejected(``too_large``) beyond the limit; it is gone then."""
        ...

    def finish(self) -> Stored:
        """It appears in one step; a name that is taken gets a number. Raises Rejected(``empty``) for no bytes."""
        ...

    def abort(self) -> None:
        """Leaves nothing behind; harmless after ``finish``."""
        ...


class Uploads(Protocol):
    @property
    def most_bytes(self) -> int:
        """The largest file that is taken."""
        ...

    def begin(self, name: str, *, gpu: str | None = None) -> Incoming:
        """``name`` as the browser tells it; ``gpu`` ``host:index`` says whose log it is, None: config/sources.yaml.

        Raises Rejected (``bad_name``, ``bad_gpu``) where no file can be made of them.
        """
        ...
