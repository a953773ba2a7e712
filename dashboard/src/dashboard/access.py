"""Who asks, and whether they may: a bearer token, or the session of the console's pages for what only reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from dashboard.roles import Person, Role, Tokens
from telemetry.errors import Rejected

_BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token of one of three roles: viewer < operator < admin. `./start.sh` makes one of each.",
)
_READING = frozenset({"GET", "HEAD"})


class Access:
    """Of one application. ``session`` (set by the pages) knows the person behind a cookie."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self.session: Callable[[HTTPConnection], Person | None] = lambda _: None

    @property
    def digest(self) -> str:
        """Of all tokens."""
        return self._tokens.digest

    def of_token(self, token: str) -> Person | None:
        role = self._tokens.role_of(token)
        return None if role is None else Person(role.word, role)

    def of(self, connection: HTTPConnection, token: str | None) -> Person | None:
        if token is not None:
            return self.of_token(token)
        # A cookie goes along with what other sites make a browser send: so it may never change anything.
        return self.session(connection) if connection.scope.get("method") in _READING else None


class Needs:
    """The dependency of a route that wants a role; every route of the API has exactly one."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(
        self,
        connection: HTTPConnection,
        given: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    ) -> Person:
        access: Access = connection.app.state.access
        person = access.of(connection, given.credentials if given else None)
        if person is None:
            detail = "no such token" if given else "a token is needed: Authorization: Bearer TOKEN"
            raise HTTPException(401, detail, {"WWW-Authenticate": "Bearer"})
        if person.role < self.role:
            raise HTTPException(403, f"this needs the role {self.role.word}, your token is of a {person.role.word}")
        _refuse_unknown(connection)
        return person


def _refuse_unknown(connection: HTTPConnection) -> None:
    """A parameter with a typing error would be passed over, and the answer be of something else."""
    route = connection.scope.get("route")
    if isinstance(route, APIRoute):
        known = {each.alias for each in route.dependant.query_params}
        if unknown := sorted(connection.query_params.keys() - known):
            takes = ", ".join(sorted(known)) or "none"
            raise Rejected("unknown_parameter", f"no query parameter {unknown[0][:80]!r} here; there is: {takes}")


Viewer = Annotated[Person, Depends(Needs(Role.VIEWER))]
Operator = Annotated[Person, Depends(Needs(Role.OPERATOR))]
Admin = Annotated[Person, Depends(Needs(Role.ADMIN))]
