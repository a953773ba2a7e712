"""What is run because of an alert: a command or a webhook, once per alert, with a time-out and a log.

For live alerts only, never for imports or the demonstration; not in maintenance, nor where a person has silenced it.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Thread
from typing import NamedTuple

from kafka_consumers.alerts.alert import Alert, Change
from kafka_consumers.alerts.channels import Webhook
from kafka_consumers.alerts.ledger import Ledger
from kafka_consumers.alerts.message import message_of
from kafka_consumers.alerts.notice import Situation
from kafka_consumers.alerts.policy import Action, Policy
from kafka_consumers.alerts.stages import unhidden
from telemetry.errors import Unavailable
from telemetry.timestamp import SECOND

logger = logging.getLogger(__name__)

_FRESH = 3600 * SECOND
"""An alert that fired longer ago is nothing to act upon: we were away, or the action is new."""
_MOST_AT_ONCE = 4
_OUTPUT = 4000


class Ended(NamedTuple):
    """What became of an action."""

    alert: str
    action: str
    seconds: float
    status: str
    output: str


class Actions:
    """``of_rule``: the actions that a rule runs; ``webhooks``: those of actions that are one."""

    def __init__(
        self,
        actions: Mapping[str, Action],
        of_rule: Callable[[str], Sequence[str]],
        webhooks: Mapping[str, Webhook],
    ) -> None:
        self._actions = actions
        self._of_rule = of_rule
        self._webhooks = webhooks
        self._ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self._unwritten: list[Ended] = []
        self._running = 0

    def __bool__(self) -> bool:
        return bool(self._actions)

    def step(self, situation: Situation, policy: Policy, ledger: Ledger) -> None:
        """Starts what is due, writes down what has ended. Raises Unavailable while PostgreSQL is away."""
        while not self._ended.empty():
            self._unwritten.append(self._ended.get())
            self._running -= 1
        while self._unwritten:
            ledger.end(*self._unwritten[0])
            logger.info("acted alert=%s action=%s seconds=%.1f status=%s", *self._unwritten[0][:4])
            del self._unwritten[0]
        due = [
            (alert, name)
            for alert in unhidden(situation, policy)
            if alert.state == "firing" and situation.now - (alert.fired or 0) < _FRESH
            for name in self._of_rule(alert.rule)
        ]
        if not due:
            return
        acted = ledger.acted({alert.id for alert, _ in due})
        for alert, name in due:
            if (alert.id, name) not in acted and self._running < _MOST_AT_ONCE:
                self._begin(alert, name, situation.now, ledger)

    def _begin(self, alert: Alert, name: str, now: int, ledger: Ledger) -> None:
        action = self._actions[name]
        command = [filled(word, alert) for word in action.command]
        what = " ".join(command) if command else f"POST to {action.url_setting}"
        if not ledger.begin(alert.id, name, what, now, dry_run=action.dry_run):
            return
        if action.dry_run:
            logger.info("dry_run alert=%s action=%s: would run %s", alert.id, name, what)
            return
        self._running += 1
        Thread(target=self._run, args=(alert, name, command), name=f"action-{name}", daemon=True).start()

    def _run(self, alert: Alert, name: str, command: list[str]) -> None:
        began = time.monotonic()
        try:
            seconds = self._actions[name].timeout / SECOND
            status, output = run(command, alert, seconds) if command else self._post(name, alert)
        except Exception as error:
            status, output = "failed", f"{type(error).__name__}: {error}"
        self._ended.put(Ended(alert.id, name, time.monotonic() - began, status, output[:_OUTPUT]))

    def _post(self, name: str, alert: Alert) -> tuple[str, str]:
        document = message_of(Change(alert)).model_dump(by_alias=True)
        try:
            return "done", self._webhooks[name].post({"kind": "action", "action": name, "alert": document})
        except Unavailable as error:
            return "failed", str(error)


def filled(word: str, alert: Alert) -> str:
    """``{gpu}`` and the like in a word of a command; no shell ever sees it."""
    for name, value in _known(alert).items():
        word = word.replace(f"{{{name}}}", value)
    return word


def run(command: Sequence[str], alert: Alert, seconds: float) -> tuple[str, str]:
    """(status, what it said). It has the alert in its environment, none of our secrets, and ends with its children."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    environment |= {f"GPUSTREAM_ALERT_{name.upper()}": value for name, value in _known(alert).items()}
    # A file and no pipe: what a daemon that it leaves behind holds open, nobody waits for.
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return "failed", str(error)
        try:
            status, how = (
                ("done", "") if process.wait(seconds) == 0 else ("failed", f"exit status {process.returncode}\n")
            )
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status, how = "timeout", f"ended after {seconds:g} s\n"
        said.seek(0)
        return status, how + said.read(_OUTPUT).decode(errors="replace")


def _known(alert: Alert) -> dict[str, str]:
    return {
        "id": alert.id,
        "rule": alert.rule,
        "gpu": alert.subject.gpu,
        "host": alert.subject.host,
        "severity": alert.severity,
        "metric": alert.metric,
        "value": f"{alert.value:g}",
        "message": alert.message,
    }
