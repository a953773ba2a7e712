"""Every endpoint, found in the application itself, asks for a token and its role; none can be forgotten here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from dashboard.access import Needs
from dashboard.app import create_app
from dashboard.roles import Person, Role
from support.console import Console, absent_stores

PUBLIC = {"/healthz", "/readyz"}
"""A load balancer has no token; they tell nothing about anybody's GPUs."""
CHANGES = {"POST", "DELETE", "PUT", "PATCH"}
ADMIN_ONLY = {"/api/v1/pipeline/dead-letters/{letter_id}/redrive"}


class Endpoint(NamedTuple):
    method: str
    path: str
    route: APIRoute

    @property
    def needs(self) -> list[Role]:
        return [each.call.role for each in self.route.dependant.dependencies if isinstance(each.call, Needs)]

    def address(self) -> str:
        """With the examples of its own parameters in their places."""
        path = self.path
        for each in self.route.dependant.path_params:
            path = path.replace(f"{{{each.alias}}}", str(example(each)))
        return path

    def query(self) -> dict[str, Any]:
        wanted = self.route.dependant.query_params
        return {each.alias: example(each) for each in wanted if each.field_info.is_required()}


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Console:
    console = Console(tmp_path_factory.mktemp("access"))
    console.app = create_app(console.settings, absent_stores())
    return console


def endpoints(routes: list[BaseRoute], prefix: str = "") -> Iterator[Endpoint]:
    for route in routes:
        if isinstance(route, Mount):
            yield from endpoints(list(route.routes), prefix + route.path)
        elif isinstance(route, APIRoute):
            yield from (Endpoint(method, prefix + route.path, route) for method in sorted(route.methods or ()))
        elif (router := getattr(route, "original_router", None)) is not None:
            # FastAPI keeps an included router as it is.
            yield from endpoints(list(router.routes), prefix)


def everything() -> list[Endpoint]:
    folder = Path(__file__).parents[3] / "config"
    assert folder.is_dir()
    from dashboard.routes import health
    from dashboard.routes.api import ROUTERS

    api = [found for router in ROUTERS for found in endpoints(list(router.routes), "/api/v1")]
    return [*api, *endpoints(list(health.router.routes))]


ALL = everything()
GUARDED = [each for each in ALL if each.path not in PUBLIC]


def example(parameter: Any) -> Any:
    """Its first one: every parameter that an address needs has some."""
    return parameter.field_info.examples[0]


def name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def ask(console: Console, endpoint: Endpoint, role: Role | None, token: str = "") -> Any:
    body: dict[str, Any] = {"json": {}} if endpoint.method in CHANGES and "uploads" not in endpoint.path else {}
    return console.call(endpoint.method, endpoint.address(), role, token=token, params=endpoint.query(), **body)


def test_the_application_has_no_endpoint_beside_these(console: Console) -> None:
    assert console.app is not None
    served = {name(each) for each in endpoints(list(console.app.routes))}
    assert served == {name(each) for each in ALL}
    assert len(GUARDED) > 25


@pytest.mark.parametrize("endpoint", GUARDED, ids=name)
def test_endpoint_refuses_whoever_has_no_token(console: Console, endpoint: Endpoint) -> None:
    for answer in (ask(console, endpoint, None), ask(console, endpoint, None, token="guessed" * 5)):
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("endpoint", GUARDED, ids=name)
def test_endpoint_lets_in_its_role_and_those_above_it(console: Console, endpoint: Endpoint, role: Role) -> None:
    (needs,) = endpoint.needs
    answer = ask(console, endpoint, role)
    if role < needs:
        assert answer.status_code == 403
        assert answer.json()["detail"].startswith(f"this needs the role {needs.word}")
    else:
        # Stores are away here: further than to them nobody comes.
        assert answer.status_code in {200, 422, 503}, answer.text


@pytest.mark.parametrize("endpoint", GUARDED, ids=name)
def test_what_changes_something_needs_an_operator(endpoint: Endpoint) -> None:
    (needs,) = endpoint.needs
    if endpoint.path in ADMIN_ONLY:
        assert needs is Role.ADMIN
    else:
        assert needs is (Role.OPERATOR if endpoint.method in CHANGES else Role.VIEWER)


@pytest.mark.parametrize("endpoint", GUARDED, ids=name)
def test_cookie_of_the_pages_reads_and_never_changes(console: Console, endpoint: Endpoint) -> None:
    assert console.app is not None
    access = console.app.state.access
    access.session = lambda _: Person("jane", Role.ADMIN)
    try:
        status = ask(console, endpoint, None).status_code
    finally:
        access.session = lambda _: None
    assert (status == 401) == (endpoint.method in CHANGES)


@pytest.mark.parametrize("path", sorted(PUBLIC))
def test_health_asks_nobody(console: Console, path: str) -> None:
    assert console.call("GET", path, None).status_code in {200, 503}


def test_store_that_is_away_is_named_and_says_when_to_come_again(console: Console) -> None:
    answer = console.get("/api/v1/reports")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["store"] == "reports"


@pytest.mark.parametrize("endpoint", ALL, ids=name)
def test_endpoint_is_described_with_examples(endpoint: Endpoint) -> None:
    assert endpoint.route.summary
    assert endpoint.route.description
    parameters = [*endpoint.route.dependant.path_params, *endpoint.route.dependant.query_params]
    described = [each.alias for each in parameters if each.field_info.examples or each.field_info.description]
    assert described == [each.alias for each in parameters]
