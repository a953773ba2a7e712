"""What a file is that has only its first rows in common with a log that is known."""

from __future__ import annotations

import hashlib

from kafka_producer import sessions
from kafka_producer.chain import Head
from kafka_producer.compared import Parted
from kafka_producer.ledger import Known, Ledger
from kafka_producer.sessions import Sessions


def goes_on(spans: Sessions, other: Known, parted: Parted) -> bool:
    """Whether it goes on from the ``other`` log, which was truncated and then written on: what both have in common
    counts once, and the card is the same. Else they are two cards that showed the same at first, as both go on over
    the same time: then all rows of both count."""
    return sessions.overlap(sessions.since(spans, parted.after), sessions.since(other.sessions, parted.time)) is None


def branched(ledger: Ledger, head: Head, header: str | None, other: str, parted: Parted) -> Known:
    """A log of its own, which is remembered; the same one whenever it parts there from the ``other``."""
    fingerprint = head.hashes[-1]
    if ledger.known(fingerprint) is not None and not ledger.chain(fingerprint).has(parted.line, parted.total):
        place = f"{other}/{parted.line}/{parted.total}"
        fingerprint = hashlib.sha256(place.encode()).hexdigest()[: len(fingerprint)]
    return ledger.add(fingerprint, head, header)
