"""The tabs of a page that shows one of several lists: links, so that each has an address."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.pages.markup import Markup, tag


def tabs(page: str, of: Iterable[tuple[str, str]], shown: str) -> Markup:
    """``page``: its title, whose small letters are its path. ``of``: (what ``?show=`` says, the word); the first says
    nothing."""
    path = f"/{page.lower()}"
    links = [
        tag("a", word, href=f"{path}?show={name}" if name else path, aria_current="page" if name == shown else None)
        for name, word in of
    ]
    return tag("nav", *links, class_="tabs", aria_label=page)
