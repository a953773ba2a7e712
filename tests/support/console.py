"""The console's application, called in process as a browser or a program would call it."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from dashboard.roles import Role
from dashboard.stores.all import Stores
from dashboard.stores.away import Away
from telemetry import catalogue
from telemetry.settings import Settings

ROOT = Path(__file__).parents[2]


def make_tokens(folder: Path) -> dict[Role, str]:
    """As start.sh makes them."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = {role: secrets.token_urlsafe(24) for role in Role}
    for role, token in tokens.items():
        (folder / f"console-{role.word}-token").write_text(token, encoding="utf-8")
    return tokens


class Console:
    """``settings`` of a run folder of its own, tokens, and ``app`` once there are stores."""

    def __init__(self, run_dir: Path, **settings: Any) -> None:
        self.tokens = make_tokens(run_dir / "secrets")
        (run_dir / "state").mkdir(parents=True, exist_ok=True)
        self.settings = Settings(
            gpustream_run_dir=run_dir,
            config_dir=ROOT / "config",
            **{"console_rate_per_minute": 1_000_000, **settings},
        )
        self.app: FastAPI | None = None

    def call(
        self, method: str, path: str, role: Role | None = Role.ADMIN, *, token: str = "", **more: Any
    ) -> httpx.Response:
        """``role`` None: without a token; ``token``: this one."""
        headers = dict(more.pop("headers", {}))
        if token or role is not None:
            headers["Authorization"] = f"Bearer {token or self.tokens[role or Role.VIEWER]}"
        return asyncio.run(self._call(method, path, headers, more))

    async def _call(self, method: str, path: str, headers: dict[str, str], more: dict[str, Any]) -> httpx.Response:
        assert self.app is not None
        # As a server does it: what an application throws is its own affair.
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://console", timeout=60) as client:
            return await client.request(method, path, headers=headers, **more)

    def get(self, path: str, role: Role | None = Role.VIEWER, /, **query: Any) -> httpx.Response:
        return self.call("GET", path, role, params=query)


class Absent:
    """A store whose server is away, whatever it is asked."""

    def __init__(self, store: str) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        def away(*_: object, **__: object) -> None:
            raise Away(self._store, "it is not there", 7)

        return away


def absent_stores() -> Stores:
    """Nothing but the catalogue."""
    names = ("live", "history", "alerts", "health", "reports", "pipeline", "logs", "uploads", "cards")
    absent: dict[str, Any] = {name: Absent(name) for name in names}
    return Stores(catalogue=catalogue.load(ROOT / "config" / "metrics.yaml"), **absent)
