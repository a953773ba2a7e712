"""Each way to a contact, with a real server at its end."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kafka_consumers.alerts.alert import Alert
from kafka_consumers.alerts.channels import Alertmanager, AppriseChannel, Webhook
from kafka_consumers.alerts.contacts import Addresses, channels_of
from kafka_consumers.alerts.matcher import Subject
from kafka_consumers.alerts.notice import Message
from kafka_consumers.alerts.policy import Contact
from support.receivers import http_receiver, mailbox
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured, Unavailable
from telemetry.timestamp import SECOND, parse_time

# Apprise looks for a module that Python 3.13 no longer has.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
NOW = parse_time("2026-03-02T12:00:00Z")
HOT = Alert(
    id="id-1",
    rule="gpu_temperature_critical",
    subject=Subject("desk:0", "desk", "nvml", None),
    mode="live",
    severity="critical",
    metric="gpu_temperature",
    state="firing",
    reason="held",
    changed=NOW,
    started=NOW - 5 * SECOND,
    seen=NOW,
    readings=5,
    value=97.0,
    worst=97.0,
    threshold=95.0,
    message="desk:0: GPU temperature 97 is above 95 °C. The GPU is about to throttle.",
    action="migrate workload",
    fired=NOW,
)
OVER = replace(HOT, id="id-2", rule="hot_spot_warning", state="resolved", reason="cleared", changed=NOW + 60 * SECOND)
MESSAGE = Message("ops", ("host=desk",), "new", (HOT,), (OVER,))


def test_webhook_is_signed_and_says_everything() -> None:
    with http_receiver() as server:
        Webhook(f"{server.url}/hook", "a secret", SystemClock()).deliver(MESSAGE)
    (got,) = server.received
    assert got.path == "/hook"
    stamp = got.headers["X-Gpustream-Timestamp"]
    right = hmac.new(b"a secret", f"{stamp}.".encode() + got.body, hashlib.sha256).hexdigest()
    assert got.headers["X-Gpustream-Signature"] == f"sha256={right}"
    told = got.document
    assert (told["kind"], told["contact"], told["why"], told["group"]) == ("alerts", "ops", "new", ["host=desk"])
    assert [each["id"] for each in told["firing"]] == ["id-1"]
    assert [each["state"] for each in told["resolved"]] == ["resolved"]
    assert told["title"] == "[CRITICAL] desk:0: GPU temperature 97 is above 95 °C"
    assert "What to do: migrate workload" in told["text"]


def test_alertmanager_gets_its_own_form() -> None:
    with http_receiver() as server:
        Alertmanager(f"{server.url}/", SystemClock()).deliver(MESSAGE)
    (got,) = server.received
    assert got.path == "/api/v2/alerts"
    firing, resolved = got.document
    assert firing["labels"] == {
        "alertname": "gpu_temperature_critical",
        "severity": "critical",
        "gpu": "desk:0",
        "host": "desk",
        "source": "nvml",
        "metric": "gpu_temperature",
    }
    assert firing["startsAt"] == "2026-03-02T11:59:55.000Z"
    assert parse_time(firing["endsAt"]) > SystemClock().now()
    assert resolved["endsAt"] == "2026-03-02T12:01:00.000Z"


def test_mail_by_apprise() -> None:
    with mailbox() as box:
        channel = AppriseChannel(
            "NOTIFY_OPS", f"mailto://127.0.0.1:{box.port}?from=gpustream@example.org&to=ops@example.org"
        )
        channel.deliver(MESSAGE)
    (mail,) = box.mails
    assert mail["Subject"] == "[CRITICAL] desk:0: GPU temperature 97 is above 95 °C"
    assert "ops@example.org" in mail["To"]
    words = mail.get_body(("plain", "html"))
    assert words is not None
    assert "What to do: migrate workload" in words.get_content()


def test_any_other_way_of_apprise() -> None:
    with http_receiver() as server:
        AppriseChannel("NOTIFY_OPS", server.url.replace("http:", "json:")).deliver(MESSAGE)
    (got,) = server.received
    assert got.document["title"].startswith("[CRITICAL]")
    assert got.document["type"] == "failure"


def test_a_report_goes_out_as_a_document(tmp_path: Path) -> None:
    page = tmp_path / "nightly.html"
    page.write_text("<h1>Last night</h1>", encoding="utf-8")
    with mailbox() as box:
        AppriseChannel("NOTIFY_OPS", f"mailto://127.0.0.1:{box.port}?from=a@example.org&to=b@example.org").report(
            "Nightly report", page
        )
    (mail,) = box.mails
    assert mail["Subject"] == "Nightly report"
    assert [part.get_filename() for part in mail.iter_attachments()] == ["nightly.html"]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<h1>Last night</h1>" in html.get_content()
    with http_receiver() as server:
        Webhook(server.url, "s", SystemClock()).report("Nightly report", page)
    assert server.received[0].document == {"kind": "report", "title": "Nightly report", "html": "<h1>Last night</h1>"}
    with pytest.raises(Misconfigured, match="takes documents"):
        Alertmanager(server.url, SystemClock()).report("Nightly report", page)


def test_what_is_not_taken_is_told_without_the_address() -> None:
    with http_receiver() as server:
        server.status = 503
        for channel in (
            Webhook(f"{server.url}/secret-path", "s", SystemClock()),
            Alertmanager(f"{server.url}/secret-path", SystemClock()),
            AppriseChannel("NOTIFY_OPS", f"{server.url.replace('http:', 'json:')}/secret-path"),
        ):
            with pytest.raises(Unavailable, match="503") as failed:
                channel.deliver(MESSAGE)
            assert "secret-path" not in str(failed.value)
    nobody = Webhook(f"{server.url}/secret-path", "s", SystemClock())
    with pytest.raises(Unavailable, match="no answer") as failed:
        nobody.deliver(MESSAGE)
    assert "secret-path" not in str(failed.value)


@pytest.mark.parametrize(
    ("contact", "environment", "told"),
    [
        ({"url_setting": "NOTIFY_OPS"}, {}, r"contacts\.ops\.url_setting \(NOTIFY_OPS\): found no value"),
        ({"url_setting": "NOTIFY_OPS"}, {"NOTIFY_OPS": "no-such://secret"}, "Apprise"),
        ({"kind": "alertmanager", "url_setting": "NOTIFY_OPS"}, {"NOTIFY_OPS": "secret:9093"}, "http://"),
        (
            {"kind": "webhook", "url_setting": "NOTIFY_OPS", "secret_setting": "NOTIFY_KEY"},
            {"NOTIFY_OPS": "http://secret"},
            r"secret_setting \(NOTIFY_KEY\)",
        ),
    ],
)
def test_a_contact_without_an_address_is_told_by_its_setting(
    contact: dict[str, Any], environment: dict[str, str], told: str
) -> None:
    with pytest.raises(Misconfigured, match=told) as refused:
        channels_of({"ops": Contact.model_validate(contact)}, Addresses(environment), SystemClock())
    assert "secret:" not in str(refused.value)
    assert "//secret" not in str(refused.value)
