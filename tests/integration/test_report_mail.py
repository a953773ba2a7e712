"""Reports of a day and of a week reach a mailbox and a webhook by themselves, each once: real servers all the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hdfs import InsecureClient

from dashboard.report.documents import Documents
from dashboard.report.handover import Handover
from dashboard.report.keeper import DocumentKeeper
from dashboard.report.period import Period, week_of
from dashboard.stores.outgoing_postgres import OutgoingReports
from dashboard.stores.reports_hdfs import HdfsReports
from dashboard.stores.webhdfs import WebHdfs
from kafka_consumers.alerts.channels import signature
from kafka_consumers.alerts.store import Store
from spark_jobs.batch import MARK
from support.alert_cases import ROOT
from support.alert_engine import engine, environment_of, query, wait_for
from support.alert_tables import database
from support.engines import Engines, Hdfs, Kafka, PostgreSQL, free_ports
from support.receivers import HttpReceiver, http_receiver, mailbox
from support.report_lake import put
from support.report_rows import DEMO, REPORTS, WORN, of, of_all
from telemetry.settings import Settings

MAIL = {"url_setting": "NOTIFY_MAIL"}
HOOK = {"kind": "webhook", "url_setting": "NOTIFY_HOOK", "secret_setting": "NOTIFY_SECRET"}
SECRET = "a secret"
PAGES_SECONDS = 240
"""Pages are made after everything else that this machine has to do."""


@pytest.fixture(scope="module")
def kafka(module_engines: Engines) -> Kafka:
    """An engine needs one."""
    return module_engines.kafka()


@pytest.fixture
def environment(kafka: Kafka, postgres: PostgreSQL, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """Each test has tables of its own."""
    name = database(postgres, request.node.name[-60:])
    places = {"CONFIG_DIR": str(tmp_path / "config"), "POSTGRES_DATABASE": name, "REPORT_TIMEZONE": "UTC"}
    return environment_of(kafka, postgres, tmp_path / "state") | places | {"NOTIFY_SECRET": SECRET}


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    return loaded(environment, monkeypatch)


def loaded(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


@pytest.fixture
def outgoing(settings: Settings) -> Iterator[OutgoingReports]:
    """The console's side; the tables are there."""
    store = Store(settings)
    store.start()
    store.close()
    with closing(OutgoingReports(settings)) as made:
        yield made


def write_config(folder: Path, contacts: dict[str, Any], reports: dict[str, list[str]]) -> None:
    shutil.copytree(ROOT / "config", folder, dirs_exist_ok=True)
    file = folder / "alerts.yaml"
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    given["notifications"] |= {"contacts": contacts, "routes": []}
    given["reports"] = reports
    file.write_text(yaml.safe_dump(given), encoding="utf-8")


def mailto(port: int) -> str:
    return f"mailto://127.0.0.1:{port}?from=gpustream@example.org&to=ops@example.org"


def titles(receiver: HttpReceiver) -> list[str]:
    """Of what came, all of it reports that are signed."""
    for each in receiver.received:
        assert each.document["kind"] == "report"
        right = signature(SECRET.encode(), each.headers["X-Gpustream-Timestamp"], each.body)
        assert each.headers["X-Gpustream-Signature"] == f"sha256={right}"
    return [each.document["title"] for each in receiver.received]


def states(settings: Settings) -> list[tuple[Any, ...]]:
    """(kind, period, state, whether the page is still there), the contacts told."""
    sql = "SELECT kind, period, state, html IS NOT NULL, told FROM reports_to_send ORDER BY kind, period"
    return [(*row[:4], sorted(row[4])) for row in query(settings, sql)]


def test_day_and_week_that_the_console_left_are_sent_once_also_when_the_engine_is_restarted(
    settings: Settings, environment: dict[str, str], outgoing: OutgoingReports, tmp_path: Path
) -> None:
    contacts = {"mail": MAIL, "hook": HOOK, "dead": HOOK | {"url_setting": "NOTIFY_DEAD"}}
    write_config(tmp_path / "config", contacts, {"daily": ["dead", "mail", "hook"], "weekly": ["hook", "mail"]})
    (dead,) = free_ports(1)
    with http_receiver() as hook, mailbox() as box:
        environment |= {
            "NOTIFY_MAIL": mailto(box.port),
            "NOTIFY_HOOK": hook.url,
            "NOTIFY_DEAD": f"http://127.0.0.1:{dead}",
        }
        with engine(environment):
            wait_for(lambda: outgoing.kinds() == {"daily", "weekly"})
            outgoing.put("daily", "2026-11-22", "GPU report, Sunday", "<h1>The day</h1>")
            outgoing.put("weekly", "2026-W47", "GPU report, Week 47", "<h1>The week</h1>")
            told = [
                ("daily", "2026-11-22", "waiting", True, ["hook", "mail"]),
                ("weekly", "2026-W47", "sent", False, ["hook", "mail"]),
            ]
            # Somebody is away, and nobody waits for that.
            wait_for(lambda: states(settings) == told)
            failed = "SELECT attempts FROM notifications WHERE contact = 'dead' AND NOT ok"
            wait_for(lambda: query(settings, failed))
        # Killed. Put in again, as by a console that was restarted, too.
        outgoing.put("daily", "2026-11-22", "GPU report, Sunday", "<h1>Another day</h1>")
        outgoing.put("weekly", "2026-W47", "GPU report, Week 47", "<h1>Another week</h1>")
        with http_receiver() as late:
            with engine(environment | {"NOTIFY_DEAD": late.url}):
                wait_for(lambda: [state for _, _, state, _, _ in states(settings)] == ["sent", "sent"])
                outgoing.put("daily", "2026-11-23", "GPU report, Monday", "<h1>Monday</h1>")
                # What comes later was sent: by then the others would have been, again.
                wait_for(lambda: [state for _, _, state, _, _ in states(settings)] == ["sent"] * 3)
            assert [each.document["html"] for each in late.received] == ["<h1>The day</h1>", "<h1>Monday</h1>"]
        assert titles(hook) == ["GPU report, Sunday", "GPU report, Week 47", "GPU report, Monday"]
        assert [mail["Subject"] for mail in box.mails] == titles(hook)
        body = box.mails[1].get_body(("html",))
        assert body is not None
        assert "<h1>The week</h1>" in body.get_content()
        assert [each.get_filename() for each in box.mails[1].iter_attachments()] == ["report-2026-W47.html"]
    log = "SELECT contact, subjects[1], ok FROM notifications WHERE why = 'report' ORDER BY 1, 2"
    titled = ["GPU report, Monday", "GPU report, Sunday", "GPU report, Week 47"]
    # One row for all attempts at who was away at first.
    expected = [("dead", title, True) for title in titled[:2]]
    assert query(settings, log) == expected + [(who, title, True) for who in ("hook", "mail") for title in titled]


def test_nobody_who_gets_reports_is_nobody_to_keep_them_for(
    settings: Settings, environment: dict[str, str], outgoing: OutgoingReports, tmp_path: Path
) -> None:
    write_config(tmp_path / "config", {"hook": HOOK}, {"weekly": ["hook"]})
    with http_receiver() as hook:
        environment |= {"NOTIFY_HOOK": hook.url}
        with engine(environment):
            wait_for(lambda: outgoing.kinds() == {"weekly"})
            # Left by a console that had asked before alerts.yaml was changed.
            outgoing.put("daily", "2026-11-22", "GPU report, Sunday", "<h1>The day</h1>")
            outgoing.put("weekly", "2026-W47", "GPU report, Week 47", None)
            gone: list[tuple[Any, ...]] = [
                ("daily", "2026-11-22", "dropped", False, []),
                ("weekly", "2026-W47", "dropped", False, []),
            ]
            wait_for(lambda: states(settings) == gone)
        write_config(tmp_path / "config", {"hook": HOOK}, {})
        with engine(environment):
            wait_for(lambda: outgoing.kinds() == set())
    assert hook.received == []


@dataclass
class MondayMorning:
    """A clock that stands still."""

    last_day: date

    def now(self) -> int:
        at = datetime.combine(self.last_day + timedelta(days=1), datetime.min.time(), UTC) + timedelta(hours=4)
        return round(at.timestamp() * 1_000_000)

    def sleep(self, seconds: float) -> None:
        raise AssertionError


def test_night_after_a_week_the_console_and_the_engine_send_its_last_day_and_the_week(
    hdfs: Hdfs, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = "/report-mail/gpu-analytics"
    environment |= {"WEBHDFS_URL": hdfs.url, "HADOOP_USER_NAME": hdfs.user, "REPORTS_PATH": root}
    settings = loaded(environment, monkeypatch)
    week = week_of(datetime.now(UTC).date() - timedelta(days=7))
    day = Period(week.last, week.last)
    client = InsecureClient(hdfs.url, user=hdfs.user)
    for report in REPORTS:
        for date_ in week.days[-2:]:
            rows = [row for gpu in (WORN, DEMO) for row in of(report, gpu, date_)] + of_all(report, (WORN, DEMO), date_)
            put(client, f"{root}/{report}/date={date_}/part-0.parquet", rows)
    client.write(f"{root}/_state/{MARK}.txt", data=b"as the batch leaves it")
    clock = MondayMorning(week.last)
    pages = Documents(settings, WebHdfs(settings))
    assert pages.shelf().batch is not None
    write_config(tmp_path / "config", {"mail": MAIL, "hook": HOOK}, {"daily": ["mail"], "weekly": ["hook", "mail"]})
    with http_receiver() as hook, mailbox() as box, closing(OutgoingReports(settings)) as outgoing:
        environment |= {"NOTIFY_MAIL": mailto(box.port), "NOTIFY_HOOK": hook.url}
        handover = Handover(pages, HdfsReports(settings), outgoing, "UTC", clock)
        # The console comes up first, and waits for the tables.
        with DocumentKeeper(settings, handover, look_seconds=0.2), engine(environment):
            wait_for(lambda: len(box.mails) == 3 and len(hook.received) == 1, PAGES_SECONDS)
        # Both anew: late readings have made the day once more.
        put(client, f"{root}/baselines/date={week.last}/part-0.parquet", of("baselines", WORN, week.last))
        with DocumentKeeper(settings, handover, look_seconds=0.2), engine(environment):
            wait_for(lambda: pages.stale() == {}, PAGES_SECONDS)
            outgoing.put("weekly", "2020-W01", "GPU report, the last", "<h1>The last</h1>")
            wait_for(lambda: len(box.mails) == 4 and len(hook.received) == 2)
        before = Period(week.days[-2], week.days[-2])
        title = {each: f"GPU report, {each.title}" for each in (before, day, week)}
        assert titles(hook) == [title[week], "GPU report, the last"]
        assert {mail["Subject"] for mail in box.mails[:3]} == set(title.values())
        assert WORN in hook.received[0].document["html"]
        assert f"Week {week.first.isocalendar().week} of" in hook.received[0].document["html"]
