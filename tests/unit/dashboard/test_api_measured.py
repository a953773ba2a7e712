"""How long the API takes: by endpoint, never by what somebody typed."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import generate_latest

from dashboard.app import create_app
from support.console import Console, absent_stores


def counts(console: Console) -> dict[str, str]:
    """Labels -> how many, from the page that Prometheus reads."""
    assert console.app is not None
    text = generate_latest(console.app.state.requests.registry).decode()
    name = "gpustream_api_request_duration_seconds_count"
    lines = [line.removeprefix(name) for line in text.splitlines() if line.startswith(name)]
    return dict(line.rsplit(" ", 1) for line in lines)


def test_requests_are_measured_by_their_route(tmp_path: Path) -> None:
    console = Console(tmp_path)
    console.app = create_app(console.settings, absent_stores())
    assert console.get("/api/v1/catalogue").status_code == 200
    assert console.get("/api/v1/gpus/desk:0/metrics", limit=0).status_code == 422
    assert console.get("/api/v1/gpus/other:1/metrics", limit=0).status_code == 422
    console.get("/api/v1/no-such-thing-1")
    console.get("/api/v1/no-such-thing-2")
    console.call("BREW", "/api/v1/catalogue")
    console.get("/healthz", None)
    assert counts(console) == {
        '{endpoint="/catalogue",method="GET",status="2xx"}': "1.0",
        '{endpoint="/gpus/{gpu}/metrics",method="GET",status="4xx"}': "2.0",
        '{endpoint="none",method="GET",status="4xx"}': "2.0",
        '{endpoint="/catalogue",method="other",status="4xx"}': "1.0",
    }


def test_a_store_that_is_away_is_an_error_of_ours(tmp_path: Path) -> None:
    console = Console(tmp_path)
    console.app = create_app(console.settings, absent_stores())
    assert console.get("/api/v1/pipeline").status_code == 503
    assert counts(console) == {'{endpoint="/pipeline",method="GET",status="5xx"}': "1.0"}


def test_the_page_needs_a_token(tmp_path: Path) -> None:
    console = Console(tmp_path)
    console.app = create_app(console.settings, absent_stores())
    assert console.get("/metrics", None).status_code == 401
