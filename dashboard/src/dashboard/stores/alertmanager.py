"""Alertmanager, asked in the background for what fires (API v2)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

import requests

from dashboard.stores.alerts import Severity
from dashboard.stores.prometheus_alerts import PrometheusAlert, Said, State
from telemetry.errors import Rejected
from telemetry.settings import Settings
from telemetry.timestamp import parse_time

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 3.0
_PATIENCE_SECONDS: Final = 4.0
_SEVERITIES: Final[Mapping[str, Severity]] = {"critical": "critical", "warning": "warning", "info": "info"}


class Alertmanager:
    """The store. ``start`` and ``close`` belong to the application."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.alertmanager_url.rstrip("/")
        self._here = f"http://127.0.0.1:{settings.alertmanager_port}"
        self._profile = settings.gpustream_run_dir / "prometheus" / "alertmanager.yml"
        self._said = Said()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alertmanager", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * _PATIENCE_SECONDS)

    def said(self) -> Said:
        return self._said

    def _run(self) -> None:
        with requests.Session() as http:
            http.trust_env = False  # a proxy has no business between us and our own server
            while not self._stopped.is_set():
                self._look(http)
                self._stopped.wait(EVERY_SECONDS)

    def _look(self, http: requests.Session) -> None:
        # start.sh makes that file with the profile and takes it away without: while the console runs.
        url = self._url or (self._here if self._profile.exists() else "")
        if not url:
            self._said = Said()
            return
        try:
            answer = http.get(f"{url}/api/v2/alerts", timeout=_PATIENCE_SECONDS)
            answer.raise_for_status()
            said = Said(tuple(read(each) for each in answer.json()), asked=True)
        except requests.RequestException as error:
            said = Said((), True, f"Alertmanager at {_shown(url)}: {_why(error)}")
        except (KeyError, TypeError, ValueError, AttributeError, Rejected) as error:
            said = Said((), True, f"Alertmanager at {_shown(url)}: its answer is no list of alerts ({error!r})")
        if said.trouble != self._said.trouble:
            log.warning("%s", said.trouble or f"Alertmanager at {_shown(url)} answers")
        self._said = said


def _why(error: requests.RequestException) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {_PATIENCE_SECONDS:g} s"
    if isinstance(error, requests.JSONDecodeError):
        return "its answer is no JSON, so something else answers there"
    if isinstance(error, requests.ConnectionError):
        return "it does not answer"
    return type(error).__name__


def _shown(url: str) -> str:
    """Without a user and a password: whoever looks at the page reads it."""
    scheme, separator, rest = url.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def read(alert: Mapping[str, Any]) -> PrometheusAlert:
    """One of API v2. Raises one of Python's errors of lookup and type, or Rejected, where it is none."""
    labels = {str(name): str(value) for name, value in alert["labels"].items()}
    notes = alert["annotations"]
    return PrometheusAlert(
        id=str(alert["fingerprint"]),
        name=labels["alertname"],
        # What other rules call by other words deserves a look all the same.
        severity=_SEVERITIES.get(labels.get("severity", ""), "warning"),
        summary=str(notes.get("summary") or labels["alertname"]),
        description=str(notes.get("description", "")),
        runbook=str(notes.get("runbook_url", "")),
        started=parse_time(alert["startsAt"]),
        state=_state(alert["status"]),
        labels=labels,
    )


def _state(status: Mapping[str, Any]) -> State:
    if status["silencedBy"]:
        return "silenced"
    return "inhibited" if status["inhibitedBy"] else "firing"
