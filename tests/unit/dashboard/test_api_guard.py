"""Errors, headers and limits of the application, whatever the endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.app import create_app
from dashboard.guard import MOST_BODY, MOST_CALLERS, Rate
from dashboard.roles import SHORTEST, Role, Tokens
from support.console import Console, absent_stores, make_tokens
from telemetry.errors import Misconfigured


def started(tmp_path: Path, **settings: object) -> Console:
    console = Console(tmp_path, **settings)
    console.app = create_app(console.settings, absent_stores())
    return console


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/api/v1/nodes", 405),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/gpus/no-gpu/metrics", 422),
        ("GET", "/api/v1/metrics/latest?label=r12", 422),
        ("GET", "/api/v1/nodes?label=Rack:r12", 422),
        ("GET", "/api/v1/gpus/h:0/metrics?from=yesterday", 422),
        ("GET", "/api/v1/gpus/h:0/metrics?limit=2001", 422),
        ("GET", "/api/v1/gpus/h:0/metrics?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 422),
        ("POST", "/api/v1/alerts/x/comment", 422),
    ],
)
def test_every_error_is_a_problem_in_words(tmp_path: Path, method: str, path: str, status: int) -> None:
    answer = started(tmp_path).call(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["detail"]


def test_fault_of_ours_is_told_without_its_traceback(tmp_path: Path) -> None:
    console = started(tmp_path)
    assert console.app is not None

    @console.app.get("/fault")
    def fault() -> None:
        raise RuntimeError("secret words")

    answer = console.get("/fault")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_answers_carry_the_headers_that_keep_browsers_in_bounds(tmp_path: Path) -> None:
    console = started(tmp_path)
    for path in ("/api/v1/catalogue", "/healthz", "/api/v1/nothing"):
        headers = console.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src" in headers["content-security-policy"]
        assert "server" not in headers
    assert console.get("/api/v1/catalogue").headers["cache-control"] == "no-store"


def test_other_sites_may_not_call_unless_they_are_named(tmp_path: Path) -> None:
    asked = {"Origin": "https://portal.example", "Access-Control-Request-Method": "GET"}
    closed = started(tmp_path / "closed")
    assert "access-control-allow-origin" not in closed.call("OPTIONS", "/api/v1/nodes", headers=asked).headers
    opened = started(tmp_path / "open", console_cors_origins="https://portal.example, https://other.example")
    answer = opened.call("OPTIONS", "/api/v1/nodes", None, headers=asked)
    assert answer.headers["access-control-allow-origin"] == "https://portal.example"
    stranger = opened.call("OPTIONS", "/api/v1/nodes", None, headers=asked | {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers


def test_caller_beyond_the_rate_is_told_when_to_come_again(tmp_path: Path) -> None:
    console = started(tmp_path, console_rate_per_minute=3)
    codes = [console.get("/api/v1/catalogue").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    refused = console.get("/api/v1/catalogue")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 21
    assert console.get("/api/v1/catalogue", Role.ADMIN).status_code == 200, "another token has its own"
    assert console.get("/healthz").status_code == 200, "health is no API call"


def test_guessing_tokens_gives_no_rate_of_its_own(tmp_path: Path) -> None:
    console = started(tmp_path, console_rate_per_minute=3)
    codes = [console.call("GET", "/api/v1/nodes", token=f"guess-number-{n}").status_code for n in range(5)]
    assert codes == [401, 401, 401, 429, 429]


def test_rate_comes_back_with_time_and_forgets_who_came_first() -> None:
    now = [0.0]
    rate = Rate(60, lambda: now[0])
    assert [rate.wait("a") for _ in range(60)] == [0.0] * 60
    assert rate.wait("a") == pytest.approx(1.0)
    now[0] = 1.0
    assert rate.wait("a") == 0.0
    for n in range(MOST_CALLERS):
        rate.wait(f"caller {n}")
    assert len(rate._callers) == MOST_CALLERS
    assert "a" not in rate._callers


def test_body_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    answer = started(tmp_path).call("POST", "/api/v1/alerts/x/comment", content=b"x" * (MOST_BODY + 1))
    assert answer.status_code == 413


def test_tokens_are_three_and_each_is_its_role(tmp_path: Path) -> None:
    given = make_tokens(tmp_path)
    tokens = Tokens(given)
    assert {tokens.role_of(token): token for token in given.values()} == given
    assert [tokens.role_of(wrong) for wrong in ("", "x", given[Role.ADMIN][:-1], "ü" * 32)] == [None] * 4


@pytest.mark.parametrize("text", [None, "", "short", "x" * (SHORTEST - 1)])
def test_token_that_is_missing_or_could_be_guessed_is_misconfigured(tmp_path: Path, text: str | None) -> None:
    console = Console(tmp_path)
    path = console.settings.console_tokens_dir / "console-operator-token"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(Misconfigured, match="console-operator-token"):
        create_app(console.settings, absent_stores())
