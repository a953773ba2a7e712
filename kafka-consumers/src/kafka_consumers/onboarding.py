"""Sets up a new InfluxDB: its organisation, its owner and a token. Both secrets lie side by side in one folder.

Secrets are written before they are used, so that a start killed in between finds them again, and they never stand on a
command line. Again is harmless: an InfluxDB that is set up is only asked whether it takes our token.
"""

from __future__ import annotations

import json
import os
import secrets
import urllib.error
import urllib.request
from pathlib import Path

from kafka_consumers.sinks.influxdb_api import check_form
from kafka_consumers.sinks.points import LIVE_BUCKET
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings

USER = "operator"


def kept_secret(path: Path) -> str:
    """The secret in ``path``, generated on the first call; readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        new = path.with_name(path.name + ".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        new.rename(path)
    return path.read_text(encoding="ascii").strip()


def _ask(request: urllib.request.Request) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except OSError as error:
        raise Unavailable(f"InfluxDB at {request.full_url}: {error}") from error


def _need_an_answer(url: str, status: int) -> None:
    """Raises Unavailable for what says nothing about us: too busy, a fault of the server, a gateway without it."""
    if status in (408, 429) or status >= 500:
        raise Unavailable(f"InfluxDB at {url} answers HTTP {status}")


def _is_new(url: str) -> bool:
    """Whether it waits to be set up."""
    status, text = _ask(urllib.request.Request(f"{url}/api/v2/setup"))
    _need_an_answer(url, status)
    try:
        return bool(json.loads(text)["allowed"])
    except (ValueError, KeyError, TypeError) as error:
        found = f"{url}, which answers HTTP {status}: {text[:80]!r}"
        raise Misconfigured("INFLUXDB_URL", found, "the address of an InfluxDB 2") from error


def onboard(settings: Settings) -> str:
    """What was done, in a line. Raises Unavailable, or Misconfigured where InfluxDB belongs to another token."""
    url = settings.influxdb_url
    given = settings.influxdb_token.get_secret_value()
    token = given or kept_secret(settings.influxdb_token_file)
    check_form(url, token)
    if _is_new(url):
        body = {
            "username": USER,
            "password": kept_secret(settings.influxdb_token_file.with_name("influxdb-password")),
            "org": settings.influxdb_org,
            "bucket": LIVE_BUCKET,
            "retentionPeriodSeconds": settings.influxdb_retention_days * 86_400,
            "token": token,
        }
        headers = {"Content-Type": "application/json"}
        status, text = _ask(urllib.request.Request(f"{url}/api/v2/setup", json.dumps(body).encode(), headers))
        _need_an_answer(url, status)
        if status != 201:
            raise Misconfigured("InfluxDB's set-up", f"HTTP {status}: {text[:300]}", "HTTP 201")
        return f"influxdb: set up for the organisation {settings.influxdb_org}, owner {USER}"
    headers = {"Authorization": f"Token {token}"}
    status, _ = _ask(urllib.request.Request(f"{url}/api/v2/buckets?limit=1", headers=headers))
    _need_an_answer(url, status)
    if status != 200:
        raise Misconfigured(
            "INFLUXDB_TOKEN" if given else str(settings.influxdb_token_file),
            f"a token that the InfluxDB at {url} refuses (HTTP {status})",
            "its own: bring the file back from a backup, or begin anew with ./start.sh reset",
        )
    return "influxdb: set up before, and takes our token"
