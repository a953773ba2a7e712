"""The ways to a contact: Apprise (mail, Slack, Discord, Teams, Telegram, ...), a signed webhook, an Alertmanager.

Each delivers one message or raises Unavailable with what went wrong; none tries again by itself, none takes longer than
its time-outs, and none ever says an address: it may hold a password.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any, Protocol

import orjson
import urllib3

from kafka_consumers.alerts import words
from kafka_consumers.alerts.alert import Alert, Change
from kafka_consumers.alerts.message import message_of
from kafka_consumers.alerts.notice import Message
from telemetry.clock import Clock
from telemetry.errors import Misconfigured, Unavailable
from telemetry.timestamp import SECOND, format_time

TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)
ALERTMANAGER_KEEPS = 86_400 * SECOND
"""An Alertmanager forgets an alert that is not sent again for so long; a route's ``repeat`` should be shorter."""


class Channel(Protocol):
    """One contact's way."""

    def deliver(self, message: Message) -> None:
        """Raises Unavailable where it was not taken."""
        ...

    def report(self, title: str, document: Path) -> None:
        """An HTML document. Raises Unavailable, and Misconfigured where this way takes none."""
        ...


class AppriseChannel:
    """Whatever Apprise can reach."""

    def __init__(self, setting: str, url: str) -> None:
        # Imported here: it is large, and most instances have no such contact.
        import apprise

        self._apprise = apprise
        self._to = apprise.Apprise(
            asset=apprise.AppriseAsset(app_id="gpustream", app_desc="gpustream", async_mode=False)
        )
        if not self._to.add(url):
            raise Misconfigured(
                f"settings: {setting}", "an address that Apprise does not know", "an Apprise URL such as mailto://..."
            )
        self._kinds = {
            "critical": apprise.NotifyType.FAILURE,
            "warning": apprise.NotifyType.WARNING,
            "info": apprise.NotifyType.INFO,
            "resolved": apprise.NotifyType.SUCCESS,
        }

    def deliver(self, message: Message) -> None:
        kind = self._kinds[words.severity_of(message)]
        self._notify(body=words.text(message), title=words.title(message), notify_type=kind)

    def report(self, title: str, document: Path) -> None:
        html = document.read_text(encoding="utf-8")
        self._notify(body=html, title=title, body_format=self._apprise.NotifyFormat.HTML, attach=str(document))

    def _notify(self, **what: Any) -> None:
        result = self._to.notify(**what)
        if not result:
            said = [each.message for each in result.logs()]
            raise Unavailable(said[-1][:300] if said else "Apprise could not deliver it")


class Webhook:
    """JSON by POST, signed: HMAC SHA-256 over ``timestamp.body`` with the contact's secret."""

    def __init__(self, url: str, secret: str, clock: Clock) -> None:
        self._url = url
        self._secret = secret.encode()
        self._clock = clock
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)

    def deliver(self, message: Message) -> None:
        document = {
            "kind": "alerts",
            "contact": message.contact,
            "why": message.why,
            "group": list(message.group),
            "title": words.title(message),
            "text": words.text(message),
            "firing": [_document(alert) for alert in message.firing],
            "resolved": [_document(alert) for alert in message.resolved],
        }
        self.post(document)

    def report(self, title: str, document: Path) -> None:
        self.post({"kind": "report", "title": title, "html": document.read_text(encoding="utf-8")})

    def post(self, document: dict[str, Any]) -> str:
        """Sends it; the first words of the answer."""
        body = orjson.dumps(document)
        stamp = str(self._clock.now() // SECOND)
        headers = {
            "Content-Type": "application/json",
            "X-Gpustream-Timestamp": stamp,
            "X-Gpustream-Signature": f"sha256={signature(self._secret, stamp, body)}",
        }
        return _post(self._http, self._url, body, headers)


class Alertmanager:
    """Prometheus' Alertmanager, version 2 of its API. It has routes and silences of its own."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = f"{url.rstrip('/')}/api/v2/alerts"
        self._clock = clock
        self._http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)

    def deliver(self, message: Message) -> None:
        until = self._clock.now() + ALERTMANAGER_KEEPS
        alerts = [self._alert(alert, until) for alert in message.firing]
        alerts += [self._alert(alert, max(alert.changed, alert.started + 1)) for alert in message.resolved]
        _post(self._http, self._url, orjson.dumps(alerts), {"Content-Type": "application/json"})

    def report(self, title: str, document: Path) -> None:
        raise Misconfigured("--to", "a contact of the kind alertmanager", "one that takes documents")

    def _alert(self, alert: Alert, ends: int) -> dict[str, Any]:
        about = {
            "alertname": alert.rule,
            "severity": alert.severity,
            "gpu": alert.subject.gpu,
            "host": alert.subject.host,
            "source": alert.subject.source,
            "metric": alert.metric,
        }
        notes = {"summary": alert.message, "action": alert.action, "id": alert.id}
        return {
            "labels": {name: value for name, value in about.items() if value},
            "annotations": {name: value for name, value in notes.items() if value},
            "startsAt": format_time(alert.started),
            "endsAt": format_time(ends),
        }


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """What ``X-Gpustream-Signature`` must hold, in hexadecimal."""
    return hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _document(alert: Alert) -> dict[str, Any]:
    return message_of(Change(alert)).model_dump(by_alias=True)


def _post(http: urllib3.PoolManager, url: str, body: bytes, headers: dict[str, str]) -> str:
    try:
        answer = http.request("POST", url, body=body, headers=headers, redirect=False, preload_content=False)
        try:
            # Not the whole of it: whatever answers may answer without end.
            said = answer.read(500).decode(errors="replace").strip()
        finally:
            answer.close()
    except urllib3.exceptions.HTTPError as error:
        # The error's own words hold the address.
        raise Unavailable(f"no answer ({type(error).__name__})") from error
    if not 200 <= answer.status < 300:
        raise Unavailable(f"HTTP {answer.status} {said}"[:300])
    return f"HTTP {answer.status} {said}".strip()
