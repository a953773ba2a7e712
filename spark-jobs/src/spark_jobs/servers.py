"""The servers that the stream needs: says once that one is away, and once that it is back."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from telemetry.clock import Clock
from telemetry.errors import Misconfigured
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

logger = logging.getLogger(__name__)

LOOK_EVERY = 5 * SECOND
PATIENCE_SECONDS = 2.0


class Address(NamedTuple):
    host: str
    port: int


def connects(address: Address) -> None:
    """Raises OSError where nobody listens."""
    socket.create_connection(address, PATIENCE_SECONDS).close()


class Servers:
    """Kafka is there when one of its addresses is. A server without a port (an HDFS nameservice) is not looked at."""

    def __init__(
        self, addresses: dict[str, list[Address]], clock: Clock, connect: Callable[[Address], None] = connects
    ) -> None:
        self._addresses = addresses
        self._clock = clock
        self._connect = connect
        self._looked: int | None = None
        self._away_since: dict[str, int] = {}

    @classmethod
    def of(cls, settings: Settings, clock: Clock) -> Servers:
        """Raises Misconfigured with the setting whose address is none."""
        kafka = [_address(f"//{each.strip()}") for each in settings.kafka_bootstrap_servers.split(",")]
        try:
            hdfs = _address(settings.hdfs_url)
        except ValueError as error:
            cure = "hdfs://host:port (HDFS_RPC_PORT where it is empty), or hdfs://nameservice"
            raise Misconfigured("settings: HDFS_URL", settings.hdfs_url, cure) from error
        found = {"kafka": kafka, "hdfs": [hdfs]}
        return cls({name: known for name, all_ in found.items() if (known := [each for each in all_ if each])}, clock)

    def away(self, *, at_once: bool = False) -> list[str]:
        """Who does not answer; without ``at_once``, who answers is asked again after 5 s at the earliest."""
        now = self._clock.now()
        is_new = self._looked is not None and 0 <= now - self._looked < LOOK_EVERY  # less: the clock was set back
        if at_once or not is_new or self._away_since:
            self._looked = now
            for name, addresses in self._addresses.items():
                self._look(name, addresses, now)
        return sorted(self._away_since)

    def _look(self, name: str, addresses: list[Address], now: int) -> None:
        reason = self._refusal(addresses)
        since = self._away_since.get(name)
        if reason is None:
            if since is not None:
                del self._away_since[name]
                logger.info("back server=%s after_seconds=%.1f", name, (now - since) / SECOND)
        elif since is None:
            self._away_since[name] = now
            where = ",".join(f"{each.host}:{each.port}" for each in addresses)
            logger.warning("away server=%s address=%s error=%s: waiting, nothing is lost", name, where, reason)

    def _refusal(self, addresses: list[Address]) -> str | None:
        reason = None
        for address in addresses:
            try:
                self._connect(address)
            except OSError as error:
                reason = str(error)
            else:
                return None
        return reason


def _address(url: str) -> Address | None:
    """None without a port. Raises ValueError for a port that is none, or brackets that do not close."""
    parts = urlsplit(url)
    return Address(parts.hostname, parts.port) if parts.hostname and parts.port else None
