"""Documents kept in the lake, beside the tables that they are made of: where they are, which are older than those."""

from __future__ import annotations

from datetime import date

from dashboard.report.period import Period
from dashboard.report.tables import LAST
from dashboard.stores.webhdfs import WebHdfs
from telemetry.settings import Settings

FOLDER = "documents"
KINDS = ("html", "pdf")
_DAY = "date="


class Documents:
    """``REPORTS_PATH/documents/report-<day or week>.html`` and ``.pdf``; each is replaced in one step."""

    def __init__(self, settings: Settings, files: WebHdfs) -> None:
        self._root = settings.reports_path.rstrip("/")
        self._files = files

    def stale(self) -> dict[date, int]:
        """The days that were reported after their document was made, or have none, the newest first; and when the batch
        was done with each (milliseconds of HDFS's own clock, as is the age of a document)."""
        tables = {
            day: entry.changed
            for entry in self._files.entries(f"{self._root}/{LAST}")
            if (day := _day(entry.name)) is not None
        }
        made = {entry.name: entry.changed for entry in self._files.entries(f"{self._root}/{FOLDER}")}
        return {
            day: tables[day]
            for day in sorted(tables, reverse=True)
            if any(made.get(_name(day.isoformat(), kind), -1) < tables[day] for kind in KINDS)
        }

    def keep(self, period: Period, html: bytes, pdf: bytes) -> list[str]:
        """Puts both in the place of those that are there; where they are."""
        folder = f"{self._root}/{FOLDER}"
        self._files.sweep(folder)
        places = [f"{folder}/{_name(period.name, kind)}" for kind in KINDS]
        for place, content in zip(places, (html, pdf), strict=True):
            self._files.replace(place, content)
        return places


def _name(what: str, kind: str) -> str:
    return f"report-{what}.{kind}"


def _day(folder: str) -> date | None:
    try:
        return date.fromisoformat(folder.removeprefix(_DAY)) if folder.startswith(_DAY) else None
    except ValueError:
        return None
