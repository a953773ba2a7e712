"""HTML as values: everything that comes from outside is escaped here, so that no page can forget it."""

from __future__ import annotations

from html import escape
from typing import Self


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()

    def __add__(self, other: str) -> Self:
        return type(self)(str.__add__(self, render(other)))


Child = str | int | None
_VOID = frozenset({"img", "input", "br", "hr", "link", "meta"})


def render(child: Child) -> str:
    """A child as HTML: markup as it is, text escaped, None as nothing."""
    if child is None:
        return ""
    return child if isinstance(child, Markup) else escape(str(child))


def tag(name: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """``tag("a", "text", href="/x", class_="y", aria_label="z")``; an attribute that is None or False is left out."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{''.join(map(render, children))}</{name}>")


def joined(*children: Child) -> Markup:
    return Markup("".join(map(render, children)))
