"""Files of HDFS and folders of this machine, copied to each other through WebHDFS."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests
from hdfs import InsecureClient
from hdfs.util import HdfsError

from telemetry.errors import Unavailable
from telemetry.settings import Settings

_TIMEOUT_SECONDS = 60.0
_AT_ONCE = 4
"""Most files are small, and each waits for two servers in turn."""
_CHUNK = 1024 * 1024


class Absent(Exception):
    """There is no such file (any more)."""


class HdfsTree:
    """All methods raise Unavailable while HDFS does not answer, or refuses."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.webhdfs_url.rstrip("/")
        user = os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
        self._client = InsecureClient(self._url, user=user, timeout=_TIMEOUT_SECONDS)

    def size(self, folder: str) -> int:
        """Bytes of all files below it; 0 where there is no such folder."""
        with self._answering(folder):
            if self._client.status(folder, strict=False) is None:
                return 0
            return int(self._client.content(folder)["length"])

    def names(self, folder: str) -> list[str]:
        """What is in ``folder``, in order; nothing where there is no such folder."""
        with self._answering(folder):
            if self._client.status(folder, strict=False) is None:
                return []
            return sorted(map(str, self._client.list(folder)))

    def files(self, folder: str) -> Iterator[str]:
        """All files below ``folder``, by their paths from there."""
        for name in self.names(folder):
            with self._answering(folder):
                status = self._client.status(f"{folder}/{name}", strict=False)
            if status is None:
                continue
            if status["type"] == "FILE":
                yield name
            else:
                yield from (f"{name}/{below}" for below in self.files(f"{folder}/{name}"))

    def fetch(self, folder: str, names: Iterable[str], into: Path, done: Callable[[], None], *, all_: bool) -> None:
        """Copies these files below ``folder`` to the same paths below ``into``. One that is not there is passed over,
        or with ``all_`` raises Absent."""

        def one(name: str) -> None:
            try:
                self._fetch(f"{folder}/{name}", into / name)
            except Absent:
                if all_:
                    raise
            done()

        self._each(one, names)

    def store(self, folder: str, names: Iterable[str], source: Path, done: Callable[[], None]) -> None:
        """Copies these files below ``source`` to the same paths below ``folder``."""

        def one(name: str) -> None:
            with self._answering(name), (source / name).open("rb") as file:
                self._client.write(f"{folder}/{name}", data=file, overwrite=True)
            done()

        self._each(one, names)

    def _fetch(self, path: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._answering(path), self._client.read(path, chunk_size=_CHUNK) as chunks, target.open("wb") as file:
            file.writelines(chunks)

    @staticmethod
    def _each(one: Callable[[str], None], names: Iterable[str]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for _ in pool.map(one, names):
                pass

    @contextmanager
    def _answering(self, path: str) -> Iterator[None]:
        try:
            yield
        except HdfsError as error:
            if error.exception == "FileNotFoundException" or "does not exist" in str(error):
                raise Absent(path) from error
            reason = str(error).partition("\n")[0][:200]
            raise Unavailable(f"HDFS at {self._url} refuses {path}: {reason}") from error
        except requests.RequestException as error:
            raise Unavailable(f"HDFS at {self._url} does not answer ({type(error).__name__})") from error
