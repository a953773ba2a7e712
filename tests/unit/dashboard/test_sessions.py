"""Sessions of the console, and links that work once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dashboard.roles import Person, Role
from dashboard.sessions import LINK_SECONDS, Sessions
from telemetry.clock import SystemClock
from telemetry.timestamp import SECOND

ANNA = Person("anna", Role.OPERATOR)


class Clock(SystemClock):
    """Ahead of the machine's by what a test says."""

    ahead = 0

    def now(self) -> int:
        return super().now() + self.ahead


def test_a_cookie_is_ours_or_nobodys(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, SystemClock())
    cookie = sessions.seal(ANNA)
    assert sessions.open(cookie) == ANNA
    # Another process of this instance knows it, another instance does not.
    assert Sessions(tmp_path, SystemClock()).open(cookie) == ANNA
    assert Sessions(tmp_path / "other", SystemClock()).open(cookie) is None
    for forged in (None, "", "x", cookie[:-1], cookie + "x", cookie.replace(".", "", 1)):
        assert sessions.open(forged) is None


def test_another_token_ends_all_sessions(tmp_path: Path) -> None:
    cookie = Sessions(tmp_path, SystemClock(), "one").seal(ANNA)
    assert Sessions(tmp_path, SystemClock(), "one").open(cookie) == ANNA
    assert Sessions(tmp_path, SystemClock(), "other").open(cookie) is None


def test_the_key_is_readable_by_us_alone(tmp_path: Path) -> None:
    Sessions(tmp_path, SystemClock()).seal(ANNA)
    assert (tmp_path / "console" / "session-key").stat().st_mode & 0o077 == 0


def test_a_link_lets_one_in_and_once(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path, SystemClock())
    key = sessions.invite(ANNA)
    with ThreadPoolExecutor(8) as together:
        found = list(together.map(lambda _: sessions.redeem(key), range(8)))
    assert [each for each in found if each is not None] == [ANNA]
    assert sessions.redeem(key) is None
    assert sessions.redeem("../session-key") is None


def test_a_link_grows_old(tmp_path: Path) -> None:
    clock = Clock()
    sessions = Sessions(tmp_path, clock)
    key = sessions.invite(ANNA)
    clock.ahead = (LINK_SECONDS + 1) * SECOND
    assert sessions.redeem(key) is None
    sessions.invite(ANNA)
    sessions.invite(ANNA)
    assert len(list((tmp_path / "console" / "links").iterdir())) == 2


def test_no_link_stands_in_the_folder(tmp_path: Path) -> None:
    key = Sessions(tmp_path, SystemClock()).invite(ANNA)
    assert all(
        key not in path.name and key not in path.read_text()
        for path in (tmp_path / "console").rglob("*")
        if path.is_file()
    )
