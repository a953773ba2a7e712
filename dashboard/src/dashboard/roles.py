"""Who may do what: three roles, each with a token in a file of its own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple, Self

from telemetry.errors import Misconfigured
from telemetry.settings import Settings

SHORTEST = 20
"""Characters of a token: a word that somebody made up can be guessed."""


class Role(IntEnum):
    """Each may do what the ones before it may."""

    VIEWER = 1
    """Sees everything."""
    OPERATOR = 2
    """Acknowledges, resolves, comments, silences, uploads."""
    ADMIN = 3
    """Sends dead letters again."""

    @property
    def word(self) -> str:
        return self.name.lower()


class Person(NamedTuple):
    """Who asks; ``name`` stands in alerts and comments."""

    name: str
    role: Role


class Tokens:
    """Role -> its token."""

    def __init__(self, tokens: Mapping[Role, str]) -> None:
        self._tokens = {role: token.encode() for role, token in tokens.items()}

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """From ``console-<role>-token`` in CONSOLE_TOKENS_DIR. Raises Misconfigured."""
        return cls({role: _read(settings.console_tokens_dir / f"console-{role.word}-token") for role in Role})

    @property
    def digest(self) -> str:
        """Another one as soon as any token is another one."""
        return hashlib.sha256(b"\0".join(token for _, token in sorted(self._tokens.items()))).hexdigest()

    def role_of(self, token: str) -> Role | None:
        """None for a token that is none. Takes as long for any token of a length."""
        given = token.encode("utf-8", "surrogateescape")
        found = None
        for role, known in self._tokens.items():
            if hmac.compare_digest(given, known):
                found = role
        return found


def _read(path: Path) -> str:
    try:
        token = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        expected = "a readable file; ./start.sh makes it"
        raise Misconfigured(f"CONSOLE_TOKENS_DIR: {path}", error.strerror or str(error), expected) from error
    if len(token) < SHORTEST:
        raise Misconfigured(str(path), f"a token of {len(token)} characters", f"at least {SHORTEST}")
    return token
