"""What a program finds in the report's page: numbers with their places, references, anchors."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class ParsedTable:
    article: str
    report: str
    head: list[str] = field(default_factory=list)
    rows: list[list[tuple[str, float | None]]] = field(default_factory=list)
    """The shown text, and the number behind it."""

    def column(self, title: str) -> dict[str, tuple[str, float | None]]:
        """First cell of each row -> the cell below ``title``."""
        place = self.head.index(title)
        return {row[0][0]: row[place] for row in self.rows}


class ParsedPage(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[ParsedTable] = []
        self.tags: set[str] = set()
        self.references: list[str] = []
        self.anchors: set[str] = set()
        self.texts: dict[str, str] = {}
        """Article -> all of its text."""
        self._article = ""
        self._open: list[str] = []
        self._number: float | None = None
        self._cell = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.references += [found[name] for name in ("href", "src", "srcset", "action", "data") if name in found]
        if "id" in found:
            self.anchors.add(found["id"])
        if tag == "article":
            self._article = found["id"]
        if tag == "table":
            self.tables.append(ParsedTable(self._article, found["data-report"]))
        if tag == "tr" and "tbody" in self._open:
            self.tables[-1].rows.append([])
        if tag in {"th", "td"}:
            self._cell, self._number = "", None
        if tag == "data":
            self._number = float(found["value"])
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if tag == "th":
            self.tables[-1].head.append(self._cell)
        if tag == "td":
            self.tables[-1].rows[-1].append((self._cell, self._number))

    def handle_data(self, data: str) -> None:
        self._cell += data
        self.texts[self._article] = self.texts.get(self._article, "") + data

    def table(self, article: str, report: str) -> ParsedTable:
        (found,) = (each for each in self.tables if (each.article, each.report) == (article, report))
        return found
