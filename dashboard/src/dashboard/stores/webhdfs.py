"""Files on HDFS through WebHDFS, without a JVM: listed, read, put in the place of others in one step."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import uuid4

import requests
from hdfs import InsecureClient
from hdfs.util import HdfsError

from telemetry.errors import Unavailable
from telemetry.settings import Settings

_TIMEOUT_SECONDS = 60.0


class Entry(NamedTuple):
    """A file or folder; ``changed`` in milliseconds UTC: of a folder, when a name in it came, went or was replaced."""

    name: str
    changed: int


class WebHdfs:
    """All methods raise Unavailable while HDFS does not answer, or refuses."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.webhdfs_url.rstrip("/")
        # As Hadoop's own clients do it: who owns the lake natively is who started it.
        self._user = os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
        self._client = InsecureClient(self.url, user=self._user, timeout=_TIMEOUT_SECONDS)

    def entries(self, folder: str) -> list[Entry]:
        """What is in ``folder``, by name; nothing where there is no such folder."""
        with self._answering(folder):
            if self._client.status(folder, strict=False) is None:
                return []
            found = self._client.list(folder, status=True)
        return sorted(Entry(name, int(status["modificationTime"])) for name, status in found)

    def read(self, path: str) -> bytes | None:
        """The whole file; None where there is none."""
        with self._answering(path):
            # Asked first: of a file that is replaced meanwhile, the open finds the old or the new one.
            if self._client.status(path, strict=False) is None:
                return None
            with self._client.read(path) as stream:
                return bytes(stream.read())

    def replace(self, path: str, content: bytes) -> None:
        """Written under a name that readers skip (an underscore), then renamed over what is there: one step."""
        folder, _, name = path.rpartition("/")
        made = f"{folder}/_making-{name}-{uuid4().hex}"
        with self._answering(path):
            self._client.write(made, data=content, overwrite=True)
            try:
                self._rename_over(made, path)
            except BaseException:
                self._client.delete(made)
                raise

    def sweep(self, folder: str) -> None:
        """Removes what killed writers left in ``folder``."""
        for entry in self.entries(folder):
            if entry.name.startswith("_making-"):
                with self._answering(folder):
                    self._client.delete(f"{folder}/{entry.name}")

    def _rename_over(self, made: str, path: str) -> None:
        # The client's own rename cannot replace a file, which WebHDFS can.
        options = {"op": "RENAME", "destination": path, "renameoptions": "OVERWRITE", "user.name": self._user}
        answer = requests.put(f"{self.url}/webhdfs/v1{made}", params=options, timeout=_TIMEOUT_SECONDS)
        if not answer.ok:
            raise HdfsError(f"{answer.status_code} on renaming {made}")

    @contextmanager
    def _answering(self, path: str) -> Iterator[None]:
        try:
            yield
        except HdfsError as error:
            reason = str(error).partition("\n")[0][:200]
            raise Unavailable(f"HDFS at {self.url} refuses {path}: {reason}") from error
        except (requests.RequestException, OSError) as error:
            raise Unavailable(
                f"HDFS: found no answer at {self.url} ({type(error).__name__}); expected WebHDFS; "
                "do ./start.sh status (HDFS_PORT and WEBHDFS_URL say where it is)"
            ) from error
