"""The way in: a token, or a link that `./start.sh` printed; and the way out. Plain pages, without a script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from nicegui import __version__

from dashboard.pages.frame import BEFORE_PAINT, brand, style
from dashboard.pages.icons import icon
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.notices import code
from dashboard.roles import Person
from dashboard.sessions import COOKIE, SESSION_SECONDS, Sessions

_FONTS = f'<link rel="stylesheet" href="/_nicegui/{__version__}/static/fonts.css">'
_WRONG = "No such token. Copy the whole line; it has no spaces."
_USED = "This link was used already, or is older than 15 minutes. Ask for a new one: ./start.sh login"
_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'unsafe-inline'; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def router(sessions: Sessions, person_of_token: Callable[[str], Person | None]) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    def login(request: Request, key: str = "", next: str = "/") -> Response:  # the name in the address
        if key:
            person = sessions.redeem(key)
            if person is not None:
                return _welcome(sessions, request, person, next)
            return _gate(next, _USED)
        return _gate(next)

    @routes.post("/login")
    def check(request: Request, token: Annotated[str, Form()] = "", next: Annotated[str, Form()] = "/") -> Response:
        person = person_of_token(token.strip())
        return _gate(next, _WRONG) if person is None else _welcome(sessions, request, person, next)

    @routes.post("/logout")
    def logout() -> Response:
        answer = RedirectResponse("/login", status_code=303)
        answer.delete_cookie(COOKIE)
        return answer

    return routes


def _welcome(sessions: Sessions, request: Request, person: Person, target: str) -> Response:
    # Only to a page of ours: `//host` and `/\host` lead elsewhere.
    inside = target.startswith("/") and not target.startswith(("//", "/\\"))
    answer = RedirectResponse(target if inside else "/", status_code=303)
    secure = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, sessions.seal(person), max_age=SESSION_SECONDS, httponly=True, samesite="lax", secure=secure
    )
    return answer


def _gate(target: str, wrong: str = "") -> Response:
    field = tag(
        "input",
        id="token",
        name="token",
        type="password",
        autocomplete="current-password",
        required=True,
        autofocus=True,
    )
    body = tag(
        "main",
        tag(
            "div",
            tag("div", brand(), class_="brand"),
            tag("h1", "Sign in"),
            tag("p", "This console shows your GPUs and takes your logs.", class_="soft"),
            tag(
                "form",
                tag("label", "Token", for_="token"),
                field,
                tag("input", type="hidden", name="next", value=target),
                tag("p", icon("critical"), tag("span", wrong), class_="wrong", role="alert") if wrong else None,
                tag("button", "Sign in", type="submit"),
                method="post",
                action="/login",
            ),
            tag("p", code("./start.sh login"), " prints a link that signs you in without one.", class_="soft small"),
            class_="panel",
        ),
        class_="gate",
    )
    title = tag("title", "Sign in · gpustream")
    meta = joined(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'), title
    )
    top = f"{meta}{BEFORE_PAINT}{_FONTS}{style()}"
    text = f'<!doctype html><html lang="en"><head>{top}</head><body>{_DARK}{body}</body></html>'
    return HTMLResponse(text, status_code=401 if wrong else 200, headers={"Content-Security-Policy": _POLICY})


_DARK = (
    "<script>document.body.classList.toggle('body--dark',document.documentElement.classList.contains('dark'))</script>"
)
