"""The alert engine with a real Kafka and a real PostgreSQL: the demonstration's story, whole and with kills in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
import pytest
import yaml

from kafka_consumers.alerts.store import Store
from support.alert_cases import ROOT
from support.alert_engine import (
    engine,
    environment_of,
    expected,
    has_judged,
    hot,
    judged,
    on_the_topic,
    open_alert,
    query,
    rows,
    send,
    story,
    wait_for,
)
from support.engines import Engines, Kafka, PostgreSQL
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings


@pytest.fixture(scope="module")
def kafka(module_engines: Engines) -> Kafka:
    """Of this file: the engine judges all that ever came, also what other tests have sent."""
    return module_engines.kafka()


@pytest.fixture(scope="module")
def postgres(module_engines: Engines) -> PostgreSQL:
    """It remembers a position in that Kafka."""
    return module_engines.postgres()


@pytest.fixture(scope="module")
def environment(kafka: Kafka, postgres: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment_of(kafka, postgres, tmp_path_factory.mktemp("state"))


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def test_the_story_raises_escalates_and_resolves(kafka: Kafka, settings: Settings, environment: dict[str, str]) -> None:
    readings = story("demo-01:0")
    Store(settings).start()
    send(kafka, readings)
    with engine(environment):
        wait_for(lambda: judged(settings, "demo-01:0", len(readings)))
        wait_for(lambda: query(settings, "SELECT count(*) FROM changes WHERE NOT published") == [(0,)])
    told = expected(readings)
    assert rows(settings, "demo-01:0") == [(each.rule, each.state, each.time) for each in told]
    assert on_the_topic(kafka, "demo-01:0") == told
    states = query(settings, "SELECT DISTINCT state, mode FROM alerts WHERE gpu = 'demo-01:0'")
    assert states == [("resolved", "demo")]


def test_kill_9_anywhere_gives_the_same_rows(kafka: Kafka, settings: Settings, environment: dict[str, str]) -> None:
    readings = story("demo-02:0")
    Store(settings).start()
    # Twice, in parts that overlap, as a producer that was killed again and again sends them.
    for begin in range(0, len(readings), 40):
        send(kafka, readings[max(0, begin - 20) : begin + 40])
    small_batches = environment | {"INFLUXDB_BATCH_LINES": "7"}
    for least in (1, 120, 140, 200, 300):
        with engine(small_batches):
            # It ends by kill -9 in the midst of its work: more waits in Kafka than it can have judged by then.
            wait_for(partial(has_judged, settings, "demo-02:0", least))
            assert not judged(settings, "demo-02:0", len(readings))
    with engine(environment):
        wait_for(lambda: judged(settings, "demo-02:0", len(readings)))
        wait_for(lambda: query(settings, "SELECT count(*) FROM changes WHERE NOT published") == [(0,)])
    told = expected(readings)
    assert rows(settings, "demo-02:0") == [(each.rule, each.state, each.time) for each in told]
    # The topic has each at least once, in the order of their first arrival, and nothing else.
    assert list(dict.fromkeys(each.encode() for each in on_the_topic(kafka, "demo-02:0"))) == [
        each.encode() for each in told
    ]


@pytest.fixture
def impatient(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An inventory, and silences that are told after a second or two."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    file = folder / "alerts.yaml"
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    given["clocks"]["resume"] = "1s"
    given["inventory"] = [{"host": "never-01", "gpus": 1}]
    for rule in ("gpu_silent", "gpu_missing"):
        given["rules"][rule]["for"] = "2s"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    return environment | {"CONFIG_DIR": str(folder)}


def ask(settings: Settings, alert: str, action: str) -> int:
    sql = "INSERT INTO requests (alert_id, action, by_whom, comment) VALUES (%s, %s, 'ann', 'On it') RETURNING number"
    return int(query(settings, sql, alert, action)[0][0])


def outcome(settings: Settings, number: int) -> str | None:
    found: str | None = query(settings, "SELECT outcome FROM requests WHERE number = %s", number)[0][0]
    return found


def test_people_act_and_silence_is_noticed_while_nothing_arrives(
    kafka: Kafka, settings: Settings, impatient: dict[str, str]
) -> None:
    gpu, rule = "lab-01:0", "gpu_temperature_critical"
    Store(settings).start()
    send(kafka, hot(gpu, 20))
    with engine(impatient):
        wait_for(lambda: open_alert(settings, gpu, rule))
        alert = open_alert(settings, gpu, rule) or ""
        first = ask(settings, alert, "acknowledge")
        wait_for(lambda: outcome(settings, first))
        wait_for(lambda: open_alert(settings, gpu, "gpu_silent"))
        wait_for(lambda: open_alert(settings, "never-01:0", "gpu_missing"))
    # What is asked while no engine runs is done when one does; kill -9 has changed nothing.
    second, third = ask(settings, alert, "acknowledge"), ask(settings, alert, "resolve")
    with engine(impatient):
        wait_for(lambda: outcome(settings, third))
        late = ask(settings, alert, "acknowledge")
        wait_for(lambda: outcome(settings, late))
        wait_for(lambda: query(settings, "SELECT count(*) FROM changes WHERE NOT published") == [(0,)])
    assert [outcome(settings, each) for each in (first, second, third, late)] == ["done", "already", "done", "unknown"]
    life = [
        (each.rule, each.state, each.reason) for each in on_the_topic(kafka, gpu) if each.rule in {rule, "gpu_silent"}
    ]
    # On a busy machine the silence may be there before the answer to what was asked.
    silence = ("gpu_silent", "firing", "silent")
    assert silence in life
    assert [each for each in dict.fromkeys(life) if each != silence] == [
        (rule, "firing", "held"),
        (rule, "acknowledged", "by_hand"),
        (rule, "resolved", "by_hand"),
    ]
    words = query(settings, "SELECT by_whom, words FROM comments WHERE alert_id = %s", alert)
    assert words == [("ann", "On it")] * 4
    shown = query(
        settings, "SELECT node_id, gpu_index, alert_type, status, acknowledged_by FROM alerts_api WHERE id = %s", alert
    )
    assert shown == [("lab-01", "0", rule, "resolved", "ann")]


def test_a_second_engine_waits_until_the_first_has_gone(settings: Settings) -> None:
    first, second = Store(settings), Store(settings)
    first.start()
    first.take_over()
    with pytest.raises(Unavailable, match="another alert engine works"):
        second.take_over()
    first.close()
    wait_for(partial(succeeds, second.take_over))
    second.close()


def succeeds(act: Callable[[], None]) -> bool:
    try:
        act()
    except Unavailable:
        return False
    return True


def test_two_engines_never_judge_the_same(settings: Settings) -> None:
    from kafka_consumers.alerts.transaction import Transaction

    first, second = Store(settings), Store(settings)
    first.start()
    before = first.positions()
    mark = ("gpu-metrics", 999)
    first.commit(Transaction(positions={mark: 5}), before)
    with pytest.raises(Unavailable, match="another alert engine"):
        second.commit(Transaction(positions={mark: 7}), before)
    assert second.positions()[mark] == 5
    first.close()
    second.close()


def test_a_wrong_password_is_told_with_its_file(settings: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("no")
    with pytest.raises(Misconfigured, match="POSTGRES_PASSWORD_FILE"):
        Store(settings.model_copy(update={"postgres_password_file": wrong})).start()


def test_a_server_that_is_away_is_waited_for(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        Store(settings.model_copy(update={"postgres_port": 1})).start()


def test_tables_of_a_newer_version_are_refused(settings: Settings) -> None:
    store = Store(settings)
    store.start()
    password = settings.postgres_password_file.read_text().strip()
    with psycopg.connect(
        host="127.0.0.1",
        port=settings.postgres_port,
        user="gpustream",
        password=password,
        dbname="gpustream",
        autocommit=True,
    ) as connection:
        connection.execute("INSERT INTO migrations (name) VALUES ('9999_future.sql')")
        try:
            with pytest.raises(Misconfigured, match=r"9999_future\.sql"):
                store.start()
        finally:
            connection.execute("DELETE FROM migrations WHERE name = '9999_future.sql'")
    store.close()
