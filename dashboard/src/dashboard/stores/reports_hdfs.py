"""HDFS's side of the reports, through WebHDFS: no JVM."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import requests
from hdfs import InsecureClient
from hdfs.util import HdfsError

from dashboard import columnar
from dashboard.stores.away import Away, Missing
from dashboard.stores.reports import Document, ReportTable
from telemetry.errors import Unavailable
from telemetry.settings import Settings
from telemetry.timestamp import MILLISECOND

STORE = "HDFS"
MOST_BYTES = 256 * 1024 * 1024
"""Of one file: a report of a day has some thousands of rows."""
_FILE = "part-0.parquet"
_DAY = "date="
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.(?:html|pdf)")
_PAGES = "documents"


class HdfsReports:
    """``REPORTS_PATH/<report>/date=<date>/part-0.parquet``, and the pages in ``documents/``."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.webhdfs_url
        self._root = settings.reports_path.rstrip("/")
        # Nothing of the batch's is secret, and nobody writes here.
        self._client = InsecureClient(settings.webhdfs_url, timeout=(3, 20))

    def tables(self) -> list[ReportTable]:
        names = sorted(name for name, _ in self._list("") if _NAME.fullmatch(name) and name != _PAGES)
        found = [ReportTable(name, tuple(self._dates(name))) for name in names]
        return [table for table in found if table.dates]

    def rows(self, name: str, day: date) -> list[dict[str, Any]]:
        content = self.parquet(name, day)
        try:
            return [_plain(row) for row in columnar.decoded(content)]
        except Unavailable as error:
            raise Away(STORE, f"report {name!r} of {day} {error}") from error

    def parquet(self, name: str, day: date) -> bytes:
        what = f"report {name[:64]!r} of {day}"
        if _NAME.fullmatch(name) is None:
            raise Missing(what)
        return self._read(f"{name}/{_DAY}{day}/{_FILE}", what)

    def documents(self) -> list[Document]:
        found = [
            Document(name, status["length"], status["modificationTime"] * MILLISECOND)
            for name, status in self._list(_PAGES)
            if _PAGE.fullmatch(name)
        ]
        return sorted(found, key=lambda each: (-each.written, each.name))

    def document(self, name: str) -> bytes:
        if _PAGE.fullmatch(name) is None:
            raise Missing(f"document {name[:80]!r}")
        return self._read(f"{_PAGES}/{name}", f"document {name!r}")

    def _dates(self, name: str) -> Iterator[date]:
        for folder, _ in self._list(name):
            try:
                yield date.fromisoformat(folder.removeprefix(_DAY))
            except ValueError:
                continue

    def _list(self, folder: str) -> list[tuple[str, dict[str, Any]]]:
        """Nothing where there is no such folder: no batch has run."""
        with self._asking():
            found = self._client.list(f"{self._root}/{folder}".rstrip("/"), status=True)
            return sorted(found, key=lambda pair: str(pair[0]))
        return []

    def _read(self, path: str, what: str) -> bytes:
        with self._asking(), self._client.read(f"{self._root}/{path}") as file:
            content: bytes = file.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                raise Away(STORE, f"{what} is larger than {MOST_BYTES} bytes: open it in HDFS")
            return content
        raise Missing(what)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Swallows "not found": what follows the ``with`` says what that means."""
        try:
            yield
        except HdfsError as error:
            if error.exception != "FileNotFoundException" and "does not exist" not in str(error):
                words = str(error).splitlines()[0] if str(error) else "no reason given"
                raise Away(STORE, f"{self._url}: {words[:200]}") from error
        except requests.RequestException as error:
            raise Away(STORE, f"{self._url} does not answer ({type(error).__name__})") from error


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.replace(tzinfo=value.tzinfo or UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
    }
