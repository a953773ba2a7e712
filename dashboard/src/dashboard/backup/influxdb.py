"""InfluxDB, by its own backup API: metadata (organisation, buckets, tokens, users), then each shard.

A shard's copy is taken after InfluxDB has written down what it held in memory. Should it be writing that already, it
waits a moment and then answers *without* what is in memory (2.9.1, tsm1 ``CreateSnapshot``), and says so in its log
only. Its metrics tell: a try that found it busy counts as a failed cache compaction, and one that was made moves the
time of the shard's last snapshot. Shards for which they do not say that all is there are asked for again.
"""

from __future__ import annotations

import email
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import requests

from telemetry.clock import Clock
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings

FOLDER = "influxdb"
PARTS = ("kv", "sql", "buckets")
_TIMEOUT = (5, 600)
_TRIES = 8
_PAUSE_SECONDS = 2.0
_CHUNK = 1024 * 1024
_METRIC = re.compile(r"^(storage_cache_latest_snapshot|storage_compactions_failed)\{([^}]*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Say = Callable[[str], None]


class Seen(NamedTuple):
    """What the metrics say of one shard."""

    snapshot: float = 0.0
    """When the last copy of what was in memory was begun, seconds since 1970."""
    failed: float = 0.0
    """How often one could not be."""


class InfluxBackup:
    """All methods raise Unavailable while InfluxDB does not answer, Misconfigured where it refuses our token."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._url = settings.influxdb_url.rstrip("/")
        self._token_file = str(settings.influxdb_token_file)
        self._clock = clock
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Token {settings.influxdb_secret}"
        # Else it packs what is packed already.
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.headers["Gzip-Compression-Level"] = "none"

    def size(self) -> int:
        """About how many bytes a backup takes."""
        found = re.findall(r"^storage_shard_disk_size\{[^}]*\} (\S+)$", self._metrics(), re.MULTILINE)
        return int(sum(map(float, found)))

    def save(self, into: Path, say: Say) -> None:
        """Whatever InfluxDB had acknowledged before the call is in it; what it takes meanwhile may be."""
        folder = into / FOLDER
        (folder / "shards").mkdir(parents=True)
        for name, content in self._metadata():
            (folder / name).write_bytes(content)
        waiting = list(shards_of(json.loads((folder / "buckets").read_bytes())))
        say(f"{len(waiting)} shards")
        for attempt in range(_TRIES):
            if attempt:
                self._clock.sleep(_PAUSE_SECONDS * attempt)
            before = self._seen()
            there = [shard for shard in waiting if self._save_shard(shard, folder)]
            after = self._seen()
            waiting = [shard for shard in there if not is_whole(before.get(shard), after.get(shard))]
            if not waiting:
                return
            say(f"{len(waiting)} shards were being written: they are asked for again")
        raise Unavailable(
            f"InfluxDB at {self._url} was busy writing shards {waiting[:5]} all of {_TRIES} times; try again later"
        )

    def put_back(self, backup: Path, say: Say) -> None:
        """In the place of all that is there: afterwards it has the buckets, users and tokens of the backup."""
        folder = backup / FOLDER
        for name in ("kv", "sql"):
            self._post(f"restore/{name}", folder / name)
        shards = sorted((folder / "shards").glob("*.tar"), key=lambda each: int(each.stem))
        for number, path in enumerate(shards, 1):
            self._post(f"restore/shards/{path.stem}", path)
            if number % 50 == 0:
                say(f"{number} of {len(shards)} shards")
        say(f"{len(shards)} shards")

    def _metadata(self) -> Iterator[tuple[str, bytes]]:
        with self._asking("backup/metadata", stream=False) as answer:
            head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
            document = email.message_from_bytes(head + answer.content)
        found = {part.get_param("name", header="content-disposition"): part for part in document.walk()}
        if missing := set(PARTS) - set(found):
            raise Unavailable(f"InfluxDB at {self._url} left out {sorted(missing)} of its metadata")
        for name in PARTS:
            content = found[name].get_payload(decode=True)
            yield name, content if isinstance(content, bytes) else b""

    def _save_shard(self, shard: int, folder: Path) -> bool:
        """Whether there is such a shard: retention may have taken it meanwhile."""
        path = folder / "shards" / f"{shard}.tar"
        with self._asking(f"backup/shards/{shard}", stream=True, absent=True) as answer:
            if answer.status_code == 404:
                path.unlink(missing_ok=True)
                return False
            try:
                with path.open("wb") as file:
                    file.writelines(answer.iter_content(_CHUNK))
            except requests.RequestException as error:
                raise self._away(error) from error
        return True

    def _seen(self) -> dict[int, Seen]:
        return seen_in(self._metrics())

    def _metrics(self) -> str:
        try:
            answer = self._session.get(f"{self._url}/metrics", timeout=_TIMEOUT)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise self._away(error) from error
        return answer.text

    def _asking(self, what: str, *, stream: bool, absent: bool = False) -> requests.Response:
        try:
            answer = self._session.get(f"{self._url}/api/v2/{what}", timeout=_TIMEOUT, stream=stream)
        except requests.RequestException as error:
            raise self._away(error) from error
        if not (absent and answer.status_code == 404):
            self._judge(answer, what)
        return answer

    def _post(self, what: str, path: Path) -> None:
        with path.open("rb") as file:
            try:
                answer = self._session.post(f"{self._url}/api/v2/{what}", data=file, timeout=_TIMEOUT)
            except requests.RequestException as error:
                raise self._away(error) from error
        self._judge(answer, what)

    def _judge(self, answer: requests.Response, what: str) -> None:
        if answer.status_code in (401, 403):
            raise Misconfigured(self._token_file, f"HTTP {answer.status_code} for {what}", "the operator's token")
        if not answer.ok:
            raise Unavailable(f"InfluxDB at {self._url}: {what}: HTTP {answer.status_code}: {answer.text[:200]}")

    def _away(self, error: Exception) -> Unavailable:
        return Unavailable(f"InfluxDB at {self._url} does not answer ({type(error).__name__})")


def shards_of(buckets: Sequence[dict[str, Any]]) -> Iterator[int]:
    """The shards of InfluxDB's own list of buckets that hold data still, in order."""
    found = {
        int(shard["id"])
        for bucket in buckets
        for policy in bucket["retentionPolicies"]
        for group in policy["shardGroups"]
        if not group.get("deletedAt")
        for shard in group["shards"]
    }
    yield from sorted(found)


def seen_in(metrics: str) -> dict[int, Seen]:
    """Shard -> what InfluxDB's page ``/metrics`` says of it."""
    found: dict[int, Seen] = {}
    for name, labels, value in _METRIC.findall(metrics):
        label = dict(_LABEL.findall(labels))
        if not label.get("id", "").isdecimal():
            continue
        shard = int(label["id"])
        before = found.get(shard, Seen())
        if name == "storage_cache_latest_snapshot":
            found[shard] = before._replace(snapshot=float(value))
        elif label.get("level") == "cache":
            found[shard] = before._replace(failed=float(value))
    return found


def is_whole(before: Seen | None, after: Seen | None) -> bool:
    """Whether a copy of the shard that was made between the two holds what was in memory: no try to write that down
    found it busy, and one was made."""
    if after is None:
        return False
    return after.snapshot > (before or Seen()).snapshot and after.failed == (before or Seen()).failed
