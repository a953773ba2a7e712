"""The application: REST API, health, and around both what guards them. Pages are mounted by whoever wants them."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from dashboard import problems
from dashboard.access import Access
from dashboard.guard import Guard, Rate
from dashboard.measured import Measured, Requests
from dashboard.roles import Tokens
from dashboard.routes import health
from dashboard.routes.api import ROUTERS
from dashboard.stores.all import Stores
from telemetry.settings import Settings

VERSION = "1"
DESCRIPTION = """Everything that gpustream knows of your GPUs. Times are RFC 3339 in UTC; values are in the units of
`/catalogue`; a metric that was not measured is absent, never null and never zero.

Every error is `application/problem+json`. A store that does not answer gives 503 with `Retry-After`; the rest of the
API goes on without it."""


def create_app(settings: Settings, stores: Stores) -> FastAPI:
    """Tests run it in process. ``app.state.access`` is where pages hang in their session. Raises Misconfigured."""
    access = Access(Tokens.load(settings))
    api = FastAPI(title="gpustream", version=VERSION, description=DESCRIPTION, docs_url=None, redoc_url=None)
    for router in ROUTERS:
        api.include_router(router)
    app = FastAPI(title="gpustream console", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health.router)
    for each in (api, app):
        each.state.settings = settings
        each.state.stores = stores
        each.state.access = access
        problems.install(each)
    app.mount("/api/v1", api)
    origins = [origin.strip() for origin in settings.console_cors_origins.split(",") if origin.strip()]
    if origins:
        methods, headers = ["GET", "POST", "DELETE"], ["Authorization", "Content-Type"]
        app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=methods, allow_headers=headers)
    app.state.requests = Requests()
    app.add_middleware(Measured, requests=app.state.requests)
    app.add_middleware(Guard, rate=Rate(settings.console_rate_per_minute), access=access)
    return app
