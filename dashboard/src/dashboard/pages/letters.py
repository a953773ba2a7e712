"""Dead letters as people read them: why, from where, and the bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nicegui import ui

from dashboard.card_words import counted
from dashboard.pages.markup import Markup, joined, tag
from dashboard.stores.pipeline import Letter
from telemetry.messages import FileOrigin
from telemetry.timestamp import parse_time

_MOST_BYTES = 400


class Lines:
    """A table of dead letters that grows. A line that is there stays as it is: somebody may be reading its bytes."""

    def __init__(self) -> None:
        self._shown: set[str] = set()
        with ui.element("div").classes("scroll"), ui.element("table"):
            self._body = ui.element("tbody")

    def show(self, letters: Sequence[Letter]) -> None:
        for each in letters:
            if each.id not in self._shown:
                self._shown.add(each.id)
                with self._body:
                    ui.html(joined(*_cells(each)), sanitize=False, tag="tr")


def _cells(letter: Letter) -> Iterator[Markup]:
    """Reason and detail with the bytes, where it was."""
    dead = letter.letter
    yield tag(
        "td",
        tag("b", dead.reason.replace("_", " ")),
        tag("div", dead.detail, class_="soft small"),
        tag("details", tag("summary", counted(dead.length, "byte"), class_="small soft"), shown(dead.payload())),
    )
    yield tag("td", place(letter), class_="small optional")


def place(letter: Letter) -> str:
    origin = letter.letter.origin
    if isinstance(origin, FileOrigin):
        return f"{origin.file}, byte {origin.offset:,}"
    return f"{origin.topic}, partition {origin.partition}, offset {origin.offset:,}"


def when(letter: Letter) -> int:
    return parse_time(letter.letter.time)


def shown(payload: bytes) -> Markup:
    """The text where it is one; what is none as hexadecimal numbers."""
    begin = payload[:_MOST_BYTES]
    text = begin.decode("utf-8", "replace")
    if sum(not character.isprintable() and character not in "\r\n\t" for character in text) > len(text) // 10:
        text = begin.hex(" ")
    more = "" if len(payload) <= _MOST_BYTES else " …"
    return tag("pre", text + more, class_="code bytes")
