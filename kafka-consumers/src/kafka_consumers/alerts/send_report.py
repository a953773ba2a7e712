"""A report's HTML document on its way to contacts; the routes that alerts take, asked for by a command."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from kafka_consumers.alerts.contacts import Addresses, channels_of
from kafka_consumers.alerts.ledger import Ledger
from kafka_consumers.alerts.policy import Policy
from telemetry.clock import Clock
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings

logger = logging.getLogger(__name__)
PAUSES = (5.0, 20.0, 60.0)
"""Seconds between attempts; who is away for longer gets the next report."""


def send(
    settings: Settings, policy: Policy, document: Path, contacts: Sequence[str], title: str | None, clock: Clock
) -> list[str]:
    """The contacts that did not take it, each with the reason. Raises Misconfigured."""
    unknown = [name for name in contacts if name not in policy.contacts]
    if unknown:
        known = ", ".join(sorted(policy.contacts)) or "there are none"
        raise Misconfigured("--to", repr(unknown[0]), f"a contact of alerts.yaml ({known})")
    if not document.is_file():
        raise Misconfigured("FILE", str(document), "a report's HTML document")
    try:
        document.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured("FILE", f"{document}: {error}", "a report's HTML document, in UTF-8") from error
    channels = channels_of({name: policy.contacts[name] for name in contacts}, Addresses(), clock)
    ledger = Ledger(settings)
    subject = title or document.stem.replace("-", " ").replace("_", " ")
    failed = []
    for name in contacts:
        for pause in (*PAUSES, None):
            try:
                channels[name].report(subject, document)
            except Unavailable as error:
                if pause is None:
                    failed.append(f"{name}: {error}")
                else:
                    logger.warning("not_sent contact=%s error=%s: tried again in %d s", name, error, pause)
                    clock.sleep(pause)
            else:
                _note(ledger, name, subject, clock)
                break
    ledger.close()
    return failed


def _note(ledger: Ledger, contact: str, title: str, clock: Clock) -> None:
    """The log is worth having, and no reason to fail: the report has arrived."""
    try:
        ledger.log_report(contact, title, clock.now())
    except (Unavailable, Misconfigured) as error:
        logger.warning("not_logged contact=%s error=%s", contact, error)
