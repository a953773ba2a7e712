"""Which GPUs something is about: by GPU, host, model and source, with * and ?."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Subject(NamedTuple):
    """The GPU that a rule may be about; ``model`` None where no source told it."""

    gpu: str
    host: str
    source: str
    model: str | None


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Patterns = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed)]
"""One pattern or a list of them; case is ignored."""


class Matcher(BaseModel):
    """All keys that are given must match, each by one of its patterns; none given: every GPU.

    ``model`` matches any part of the model's name, as the catalogue's limits do; an unknown model matches none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gpu: Patterns = ()
    host: Patterns = ()
    source: Patterns = ()
    model: Patterns = ()

    def matches(self, subject: Subject) -> bool:
        return (
            _any(self.gpu, subject.gpu)
            and _any(self.host, subject.host)
            and _any(self.source, subject.source)
            and _any(tuple(f"*{each}*" for each in self.model), subject.model)
        )


def _any(patterns: tuple[str, ...], value: str | None) -> bool:
    if not patterns:
        return True
    return value is not None and any(fnmatchcase(value.casefold(), each.casefold()) for each in patterns)
