"""Documents kept in the lake, beside the tables that they are made of: where they are, which are older than those."""

from __future__ import annotations

from datetime import date

from dashboard.report.period import Period
from dashboard.report.shelf import KINDS, Shelf, file_name
from dashboard.report.tables import LAST
from dashboard.stores.webhdfs import WebHdfs
from telemetry.settings import Settings

FOLDER = "documents"
BATCH = "reported_until.txt"
"""In ``_state``; the batch writes it whenever it was done with everything that had come."""
_DAY = "date="


class Documents:
    """``REPORTS_PATH/documents/report-<day or week>.html`` and ``.pdf``; each is replaced in one step."""

    def __init__(self, settings: Settings, files: WebHdfs) -> None:
        self._root = settings.reports_path.rstrip("/")
        self._files = files

    def shelf(self) -> Shelf:
        """What is there now."""
        tables = {
            day: entry.changed
            for entry in self._files.entries(f"{self._root}/{LAST}")
            if (day := _day(entry.name)) is not None
        }
        pages = {entry.name: entry.changed for entry in self._files.entries(f"{self._root}/{FOLDER}")}
        state = {entry.name: entry.changed for entry in self._files.entries(f"{self._root}/_state")}
        return Shelf(tables, pages, state.get(BATCH))

    def stale(self) -> dict[date, int]:
        """The days that were reported after their document was made, or have none, the newest first; and when the batch
        was done with each (milliseconds of HDFS's own clock, as is the age of a document)."""
        return self.shelf().stale()

    def html(self, period: Period) -> bytes | None:
        """The page that is kept; None where there is none."""
        return self._files.read(f"{self._root}/{FOLDER}/{file_name(period, 'html')}")

    def keep(self, period: Period, html: bytes, pdf: bytes) -> list[str]:
        """Puts both in the place of those that are there; where they are."""
        folder = f"{self._root}/{FOLDER}"
        self._files.sweep(folder)
        places = [f"{folder}/{file_name(period, kind)}" for kind in KINDS]
        for place, content in zip(places, (html, pdf), strict=True):
            self._files.replace(place, content)
        return places


def _day(folder: str) -> date | None:
    try:
        return date.fromisoformat(folder.removeprefix(_DAY)) if folder.startswith(_DAY) else None
    except ValueError:
        return None
