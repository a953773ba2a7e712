"""Who looks at the console: a name and a role in a signed cookie, and links that let somebody in once."""

from __future__ import annotations

import hashlib
import json
import secrets
from contextlib import suppress
from pathlib import Path

from itsdangerous import BadData, URLSafeTimedSerializer

from dashboard.roles import Person, Role
from telemetry.clock import Clock
from telemetry.timestamp import SECOND

COOKIE = "gpustream-session"
SESSION_SECONDS = 7 * 86_400
LINK_SECONDS = 15 * 60


class Sessions:
    """Everything is in one folder of STATE_DIR: the key of the signatures, and the links that wait to be used."""

    def __init__(self, state_dir: Path, clock: Clock, tokens: str = "") -> None:
        """``tokens`` changes with the tokens of the console: what was signed before is worth nothing then."""
        self._folder = state_dir / "console"
        self._clock = clock
        self._salt = f"gpustream-session {tokens}"

    def seal(self, person: Person) -> str:
        """The value of the cookie."""
        return self._serializer().dumps([person.name, int(person.role)])

    def open(self, cookie: str | None) -> Person | None:
        """None: none of ours, or too old."""
        if not cookie:
            return None
        try:
            name, role = self._serializer().loads(cookie, max_age=SESSION_SECONDS)
            return Person(str(name), Role(role))
        except (BadData, ValueError, TypeError):
            return None

    def invite(self, person: Person) -> str:
        """A key that :meth:`redeem` takes once, within 15 minutes. Only its digest is kept."""
        key = secrets.token_urlsafe(24)
        links = self._folder / "links"
        links.mkdir(parents=True, exist_ok=True, mode=0o700)
        for link in links.iterdir():
            if self._expiry(link) < self._clock.now():
                link.unlink(missing_ok=True)
        until = self._clock.now() + LINK_SECONDS * SECOND
        (links / _digest(key)).write_text(
            json.dumps({"until": until, "person": [person.name, int(person.role)]}), encoding="utf-8"
        )
        return key

    def redeem(self, key: str) -> Person | None:
        """None: unknown, used or too old. Of two who try at once, one gets in."""
        link = self._folder / "links" / _digest(key)
        claimed = link.with_suffix(f".{secrets.token_hex(4)}")
        try:
            link.rename(claimed)
        except OSError:
            return None
        expiry = self._expiry(claimed)
        name, role = json.loads(claimed.read_text(encoding="utf-8"))["person"]
        claimed.unlink()
        return Person(name, Role(role)) if expiry >= self._clock.now() else None

    def _expiry(self, link: Path) -> int:
        try:
            return int(json.loads(link.read_text(encoding="utf-8"))["until"])
        except (OSError, ValueError, KeyError):
            return 0

    def _serializer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._key(), salt=self._salt)

    def _key(self) -> str:
        path = self._folder / "session-key"
        try:
            return path.read_text(encoding="ascii")
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            made = path.with_suffix(f".{secrets.token_hex(4)}")
            made.touch(mode=0o600)
            made.write_text(secrets.token_urlsafe(32), encoding="ascii")
            # The first of several processes wins; link refuses where the name is taken.
            with suppress(FileExistsError):
                path.hardlink_to(made)
            made.unlink()
            return path.read_text(encoding="ascii")


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
