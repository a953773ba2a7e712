"""Settings: environment over .env over default, and values that cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from telemetry.environment_file import unknown_settings
from telemetry.errors import Misconfigured
from telemetry.settings import Settings


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_addresses_follow_the_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PORT", "19092")
    monkeypatch.setenv("GPUSTREAM_RUN_DIR", "elsewhere")
    settings = Settings.load()
    assert settings.kafka_bootstrap_servers == "127.0.0.1:19092"
    assert settings.influxdb_url == "http://127.0.0.1:8086"
    assert settings.state_dir == Path("elsewhere/state")


def test_given_address_wins_over_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:9092")
    assert Settings.load().kafka_bootstrap_servers == "kafka:9092"


def test_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("WINDOW_SECONDS=10\nSPARK_TRIGGER_SECONDS=5\n")
    monkeypatch.setenv("WINDOW_SECONDS", "60")
    settings = Settings.load()
    assert (settings.window_seconds, settings.spark_trigger_seconds) == (60, 5)


def test_empty_value_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDOW_SECONDS", "")
    assert Settings.load().window_seconds == 30


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TIME_ZONE", "Mars/Olympus", "IANA"),
        ("TIME_ZONE", "../../etc/passwd", "IANA"),
        ("LOG_LEVEL", "loud", "WARNING"),
        ("WINDOW_SECONDS", "soon", "integer"),
        ("WINDOW_SECONDS", "0", "greater than or equal to 1"),
        ("PRODUCER_COMPRESSION", "rar", "zstd"),
        ("REPORT_SCHEDULE", "at night", "five fields"),
        ("REPORT_SCHEDULE", "0 3 * * $(id)", "five fields"),
        ("GRAFANA_REFRESH", "1s", "5s at least"),
        ("GRAFANA_REFRESH", "soon", "5s at least"),
        ("KAFKA_METRICS_PARTITIONS", "-1", "greater than or equal to 0"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka:9o92", "host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka:99092", "host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka-1:9092,,kafka-2:9092", "host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka-1:9092 kafka-2:9092", "host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "[fd00::1:9092", "host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", ":9092", "host:port"),
    ],
)
def test_impossible_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as refused:
        Settings.load()
    assert name.lower() in str(refused.value)
    assert repr(value) in str(refused.value)
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    "value",
    [
        "kafka:9092",
        "kafka",
        "10.0.0.7:9092, kafka-2.example.org:19092",
        "[fd00::1]:9092",
        "fd00::1",
        "PLAINTEXT://kafka:9092",
        "kafka_1:9092",
    ],
)
def test_addresses_of_kafka(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", value)
    assert Settings.load().kafka_bootstrap_servers == value


def test_file_that_is_not_text_is_refused() -> None:
    Path(".env").write_bytes("DATACENTER=Zürich\n".encode("cp1252"))
    with pytest.raises(Misconfigured, match=r"^\.env: .*a readable UTF-8 file"):
        Settings.load()


def test_file_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("WINDOW_SECONDS=10\n")
    # Root may read everything.
    monkeypatch.setattr("builtins.open", _denied)
    with pytest.raises(Misconfigured, match=r"^\.env: .*Permission denied.*a readable UTF-8 file"):
        Settings.load()


def _denied(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_token_comes_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUXDB_TOKEN_FILE", str(tmp_path / "token"))
    with pytest.raises(Misconfigured, match=r"start\.sh"):
        _ = Settings.load().influxdb_secret
    (tmp_path / "token").write_text("secret\n")
    assert Settings.load().influxdb_secret == "secret"


def test_secret_does_not_show_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUXDB_TOKEN", "hush-hush")
    assert "hush-hush" not in repr(Settings.load())


def test_unknown_key_of_the_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# a remark\nKAFKA_PORT=1\nexport DEMO=off\nKAFKA_PROT=2\n")
    assert unknown_settings(path) == ["KAFKA_PROT=2"]
    assert unknown_settings(Path(os.devnull)) == []
