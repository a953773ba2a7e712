"""What a backup holds, as ``manifest.json`` says it: written last, so that a folder with one is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from telemetry.errors import Misconfigured

FILE = "manifest.json"
FORMAT = 1
"""Goes up when an older gpustream could not restore what a newer one has written."""


class Item(BaseModel):
    """A file of the backup; ``path`` below its folder."""

    model_config = ConfigDict(frozen=True)

    path: str
    size: int
    sha256: str


class Place(BaseModel):
    """A position in a partition of Kafka, as the instance that was backed up counted."""

    model_config = ConfigDict(frozen=True)

    topic: str
    partition: int
    offset: int


class Saved(BaseModel):
    """The records of one partition that are in the backup: ``begin`` to before ``end``."""

    model_config = ConfigDict(frozen=True)

    topic: str
    partition: int
    begin: int
    end: int
    records: int


class Manifest(BaseModel):
    """``positions``: reader -> up to where its store holds everything for certain. It may hold more, but nothing from
    the ``end`` of what was saved of Kafka on."""

    model_config = ConfigDict(frozen=True)

    format: int
    version: str
    """Of gpustream."""
    began: str
    ended: str
    positions: dict[str, list[Place]]
    kafka: list[Saved]
    partitions: dict[str, int]
    """Topic -> how many it had."""
    schemas: dict[str, list[str]]
    """Store -> names of what its tables are: migrations of PostgreSQL, versions of the lake's tables."""
    items: list[Item]

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(each.size for each in self.items)

    def below(self, folder: str) -> Iterator[Item]:
        """The files in one folder of the backup, in order."""
        return (each for each in self.items if each.path.startswith(f"{folder}/"))


def load(folder: Path) -> Manifest:
    """Raises Misconfigured where there is none, it cannot be read, or it is of a newer gpustream."""
    path = folder / FILE
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Misconfigured(str(path), f"{error.strerror}", "a folder that ./start.sh backup has made") from error
    try:
        found = Manifest.model_validate_json(raw)
    except ValidationError as error:
        newer = _format_of(raw)
        if newer > FORMAT:
            raise _newer(path, newer) from error
        first = error.errors()[0]
        words = f"{'.'.join(map(str, first['loc'])) or 'no JSON'}: {first['msg']}"
        raise Misconfigured(str(path), words, "the manifest as it was written; take another backup") from error
    if found.format > FORMAT:
        raise _newer(path, found.format)
    return found


def item_of(folder: Path, path: Path) -> Item:
    """Reads the whole file."""
    return Item(path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=_digest(path))


def verify(folder: Path, manifest: Manifest, progress: Callable[[int], None] = lambda _bytes: None) -> None:
    """Reads every file. Raises Misconfigured for the first few that are missing or are not as they were written;
    ``progress`` is told how many bytes were read since it was told last."""
    wrong: list[str] = []
    for each in manifest.items:
        path = folder / each.path
        if not _is_inside(each.path) or not path.is_file():
            wrong.append(f"{each.path}: missing")
        elif path.stat().st_size != each.size:
            wrong.append(f"{each.path}: {path.stat().st_size} bytes, written were {each.size}")
        elif _digest(path) != each.sha256:
            wrong.append(f"{each.path}: other bytes than were written (SHA-256)")
        progress(each.size)
    if wrong:
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        expected = "every file as the manifest has it; take another backup, nothing was changed"
        raise Misconfigured(str(folder), f"damage: {'; '.join(wrong[:3])}{more}", expected)


def as_offsets(places: Iterable[Place]) -> dict[tuple[str, int], int]:
    """(topic, partition) -> offset."""
    return {(each.topic, each.partition): each.offset for each in places}


def as_places(offsets: dict[tuple[str, int], int]) -> list[Place]:
    """The inverse of :func:`as_offsets`, in order."""
    return [Place(topic=topic, partition=number, offset=at) for (topic, number), at in sorted(offsets.items())]


def _newer(path: Path, found: int) -> Misconfigured:
    return Misconfigured(str(path), f"format {found}", f"{FORMAT} or older: restore it with the gpustream that made it")


def _format_of(raw: bytes) -> int:
    class Only(BaseModel):
        format: int

    try:
        return Only.model_validate_json(raw).format
    except ValidationError:
        return 0


def _is_inside(path: str) -> bool:
    parts = Path(path).parts
    return bool(parts) and not Path(path).is_absolute() and ".." not in parts


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
