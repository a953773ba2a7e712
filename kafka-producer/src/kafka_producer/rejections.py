"""Dropped files that are no logs: one line in the log and one dead letter each, not one per look."""

from __future__ import annotations

import logging
from functools import partial

from kafka_producer.dropped import Dropped
from kafka_producer.examine import Refused
from kafka_producer.ledger import Ledger
from kafka_producer.publish import Publisher
from telemetry.messages import FileOrigin

log = logging.getLogger(__name__)


class Rejections:
    """Of one folder."""

    def __init__(self, folder: str, ledger: Ledger, publisher: Publisher) -> None:
        self._folder = folder
        self._ledger = ledger
        self._publisher = publisher

    def add(self, dropped: Dropped, refused: Refused, now: int) -> None:
        """Remembered once Kafka has it, so that no kill loses it. The same fault of the same file is no news."""
        before = self._ledger.file(self._folder, refused.name)
        reason, detail = refused.error.reason, refused.error.detail
        file = dropped.file(refused.name, "rejected", now)._replace(reason=reason, detail=detail, start=refused.start)
        if before is not None and (before.reason, before.start) == (file.reason, file.start):
            self._ledger.keep(self._folder, file)
            return
        log.warning("rejected file=%s: %s", refused.name, refused.error)
        self._publisher.dead_letter(
            refused.payload,
            refused.error,
            FileOrigin(file=refused.name, offset=0),
            refused.length,
            refused.sha256,
            partial(self._ledger.keep, self._folder, file),
        )
