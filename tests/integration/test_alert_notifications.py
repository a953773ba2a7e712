"""Who is told of a live GPU's failing fan, with real servers at the end of each way, and kills in between."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from kafka_consumers.alerts.store import Store
from support.alert_cases import ROOT
from support.alert_engine import (
    engine,
    environment_of,
    expected,
    judged,
    open_alert,
    query,
    rows,
    send,
    story,
    wait_for,
)
from support.engines import Engines, Kafka, PostgreSQL, free_ports
from support.receivers import HttpReceiver, http_receiver, mailbox
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, parse_time

RULE = "gpu_temperature_critical"
GPU = "tell-01:0"


@pytest.fixture(scope="module")
def kafka(module_engines: Engines) -> Kafka:
    """Of this file: the engine judges all that ever came, also what other tests have sent."""
    return module_engines.kafka()


@pytest.fixture(scope="module")
def postgres(module_engines: Engines) -> PostgreSQL:
    """It remembers a position in that Kafka."""
    return module_engines.postgres()


@pytest.fixture
def environment(kafka: Kafka, postgres: PostgreSQL, tmp_path: Path) -> dict[str, str]:
    return environment_of(kafka, postgres, tmp_path / "state") | {"CONFIG_DIR": str(tmp_path / "config")}


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def write_config(folder: Path, contacts: dict[str, Any], routes: list[dict[str, Any]], actions: dict[str, Any]) -> None:
    """The product's rules, told to these."""
    shutil.copytree(ROOT / "config", folder)
    file = folder / "alerts.yaml"
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    given["notifications"] |= {"contacts": contacts, "routes": routes}
    given["notifications"]["actions"] |= actions
    given["rules"][RULE]["run"] = ["migrate_workload", *actions]
    file.write_text(yaml.safe_dump(given), encoding="utf-8")


def webhook(name: str) -> dict[str, Any]:
    return {"kind": "webhook", "url_setting": f"NOTIFY_{name}", "secret_setting": "NOTIFY_SECRET"}


def told(receiver: HttpReceiver) -> list[tuple[str, list[str], list[str]]]:
    """(why, rules that fire, rules that are over) of each message about the test's rule."""
    documents = [each.document for each in receiver.received]
    return [
        (each["why"], sorted(a["rule"] for a in each["firing"]), sorted(a["rule"] for a in each["resolved"]))
        for each in documents
    ]


def test_a_live_story_is_told_escalated_and_resolved_on_every_way(
    kafka: Kafka, settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    mark = tmp_path / "acted"
    contacts = {
        "ops": webhook("OPS"),
        "boss": webhook("BOSS"),
        "slow": webhook("SLOW"),
        "dead": webhook("DEAD"),
        "prom": {"kind": "alertmanager", "url_setting": "NOTIFY_PROM"},
        "mail": {"url_setting": "NOTIFY_MAIL"},
    }
    routes = [
        {
            "match": {"host": "tell-*"},
            "rule": RULE,
            "contacts": ["ops", "slow", "dead", "prom", "mail"],
            "escalate": [{"after": "1s", "contacts": ["boss"]}],
        }
    ]
    # It writes on and on: what is run twice would show.
    script = f"echo $GPUSTREAM_ALERT_GPU >> {mark}"
    act = {"command": ["sh", "-c", script], "dry_run": False}
    write_config(tmp_path / "config", contacts, routes, {"act": act})
    (dead,) = free_ports(1)
    readings = story(GPU, "live", time.time_ns() // 1000 - 300 * SECOND)
    told_first = next(each for each in expected(readings) if each.rule == RULE and each.state == "firing")
    until = next(row for row, each in enumerate(readings) if each.time > parse_time(told_first.time))
    with (
        http_receiver() as ops,
        http_receiver() as boss,
        http_receiver() as slow,
        http_receiver() as prom,
        mailbox() as box,
    ):
        slow.open.clear()
        environment |= {
            "NOTIFY_SECRET": "a secret",
            "NOTIFY_OPS": ops.url,
            "NOTIFY_BOSS": boss.url,
            "NOTIFY_SLOW": slow.url,
            "NOTIFY_PROM": prom.url,
            "NOTIFY_DEAD": f"http://127.0.0.1:{dead}",
            "NOTIFY_MAIL": f"mailto://127.0.0.1:{box.port}?from=gpustream@example.org&to=ops@example.org",
        }
        Store(settings).start()
        send(kafka, readings[: until + 3])
        with engine(environment):
            wait_for(lambda: told(ops) == [("new", [RULE], [])])
            wait_for(lambda: told(boss) == [("escalated", [RULE], [])])
            wait_for(lambda: prom.received and box.mails)
            wait_for(lambda: query(settings, "SELECT 1 FROM notifications WHERE contact = 'dead' AND NOT ok"))
            wait_for(lambda: query(settings, "SELECT count(*) FROM notifications WHERE ok") == [(4,)])
            wait_for(lambda: query(settings, "SELECT 1 FROM actions WHERE action = 'act' AND status = 'done'"))
            # Somebody does not answer at all, and nobody waits for that but who is to tell it.
            assert told(slow) == []
        # Killed. What was told is not told again; what could not be told is, as soon as it can be.
        slow.open.set()
        with engine(environment):
            wait_for(lambda: told(slow) == [("new", [RULE], [])])
            send(kafka, readings[until + 3 :])
            wait_for(lambda: judged(settings, GPU, len(readings)))
            wait_for(lambda: all(told(each)[-1] == ("resolved", [], [RULE]) for each in (ops, boss, slow)))
            wait_for(lambda: len(prom.received) == 2 and len(box.mails) == 2)
        assert told(ops) == [("new", [RULE], []), ("resolved", [], [RULE])]
        assert told(boss) == [("escalated", [RULE], []), ("resolved", [], [RULE])]
        assert [mail["Subject"].split("]")[0] for mail in box.mails] == ["[CRITICAL", "[RESOLVED"]
        assert [[alert["labels"]["alertname"] for alert in each.document] for each in prom.received] == [[RULE], [RULE]]
    assert rows(settings, GPU) == [(each.rule, each.state, each.time) for each in expected(readings)]
    assert open_alert(settings, GPU, RULE) is None
    log = query(settings, "SELECT contact, why, ok FROM notifications WHERE contact IN ('ops', 'dead') ORDER BY number")
    # One row for all attempts at what was never taken.
    assert sorted(log) == [("dead", "new", False), ("ops", "new", True), ("ops", "resolved", True)]
    acted = query(settings, "SELECT action, status, dry_run FROM actions ORDER BY action")
    assert acted == [("act", "done", False), ("migrate_workload", "dry_run", True)]
    assert mark.read_text(encoding="utf-8") == f"{GPU}\n"


def test_nobody_is_told_of_the_demonstration_or_of_an_import(
    kafka: Kafka, settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    routes = [{"match": {"host": ["demo-*", "old-*", "new-*"]}, "contacts": ["ops"]}]
    write_config(tmp_path / "config", {"ops": webhook("OPS")}, routes, {})
    with http_receiver() as ops:
        environment |= {"NOTIFY_SECRET": "a secret", "NOTIFY_OPS": ops.url}
        Store(settings).start()
        send(kafka, story("demo-77:0")[:200])
        send(kafka, story("old-01:0", "import", time.time_ns() // 1000 - 90 * 86_400 * SECOND)[:200])
        send(kafka, story("new-01:0", "live", time.time_ns() // 1000 - 200 * SECOND)[:200])
        with engine(environment):
            # Sent last, told: by then the others would have been, too.
            wait_for(lambda: ops.received)
            wait_for(lambda: open_alert(settings, "demo-77:0", "thermal_throttling"))
    gpus = {alert["gpu"] for each in ops.received for alert in each.document["firing"]}
    assert gpus == {"new-01:0"}
    acted = "SELECT DISTINCT mode FROM actions JOIN alerts ON alerts.id = alert_id"
    assert query(settings, acted) in ([], [("live",)])


def test_a_report_is_sent_by_the_same_ways(environment: dict[str, str], settings: Settings, tmp_path: Path) -> None:
    write_config(tmp_path / "config", {"ops": webhook("OPS"), "mail": {"url_setting": "NOTIFY_MAIL"}}, [], {})
    page = tmp_path / "weekly-report.html"
    page.write_text("<h1>The week</h1>", encoding="utf-8")
    Store(settings).start()
    program = str(Path(sys.executable).with_name("kafka-consumers"))
    with http_receiver() as ops, mailbox() as box:
        environment |= {
            "NOTIFY_SECRET": "a secret",
            "NOTIFY_OPS": ops.url,
            "NOTIFY_MAIL": f"mailto://127.0.0.1:{box.port}?from=gpustream@example.org&to=ops@example.org",
        }
        words = [program, "send-report", str(page), "--to", "ops", "--to", "mail"]
        subprocess.run(words, env=environment, cwd=ROOT, check=True)
        wrong = [program, "send-report", str(page), "--to", "nobody"]
        refused = subprocess.run(wrong, env=environment, cwd=ROOT, check=False, capture_output=True, text=True)
        pdf = tmp_path / "week.pdf"
        pdf.write_bytes(b"%PDF-1.7\n\xe2\xe3\xcf\xd3")
        wrong = [program, "send-report", str(pdf), "--to", "ops"]
        no_text = subprocess.run(wrong, env=environment, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ops.received[0].document["title"] == "weekly report"
    assert box.mails[0]["Subject"] == "weekly report"
    assert refused.returncode == 2
    assert "--to: found 'nobody'; expected a contact of alerts.yaml (mail, ops)" in refused.stderr
    assert no_text.returncode == 2
    assert "expected a report's HTML document, in UTF-8" in no_text.stderr
    log = query(settings, "SELECT contact, ok FROM notifications WHERE why = 'report' ORDER BY number")
    assert log == [("ops", True), ("mail", True)]
