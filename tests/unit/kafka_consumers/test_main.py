"""The command line: what it says and with which status it ends, before any server is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kafka_consumers.main import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env of the repository, no setting of the shell."""
    monkeypatch.chdir(tmp_path)
    for name in ("INFLUXDB_TOKEN", "INFLUXDB_TOKEN_FILE", "INFLUXDB_URL", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("command", [[], ["influxdb"], ["influxdb-setup"], ["stdout"]])
def test_help_tells_what_it_does(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "usage: kafka-consumers" in capsys.readouterr().out


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert "examples:" in shown
    assert "kafka-consumers stdout --topic gpu-dead-letters --from-beginning --limit 5" in shown


@pytest.mark.parametrize(
    "arguments", [["stdout", "--limit", "0"], ["stdout", "--limit", "-1"], ["stdout", "--topic", "x"], []]
)
def test_wrong_arguments_end_with_2_and_a_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_missing_token_ends_with_2_and_says_which_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["influxdb"]) == 2
    assert "INFLUXDB_TOKEN_FILE" in capsys.readouterr().err


def test_wrong_setting_ends_with_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("INFLUXDB_BATCH_LINES", "many")
    assert main(["influxdb"]) == 2
    assert "influxdb_batch_lines: found 'many'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["influxdb", "influxdb-setup"])
@pytest.mark.parametrize(
    "url", ["127.0.0.1 8086", "127.0.0.1:8086", "ftp://here", "http://", "http://[::1", "http://a:b"]
)
def test_url_that_is_none_ends_with_2(
    command: str, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INFLUXDB_TOKEN", "t")
    monkeypatch.setenv("INFLUXDB_URL", url)
    assert main([command]) == 2
    assert f"INFLUXDB_URL: found {url!r}" in capsys.readouterr().err


@pytest.mark.parametrize("token", ["two\nlines", "tökén", "two words"])
def test_token_that_is_none_ends_with_2_and_is_not_shown(
    token: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INFLUXDB_TOKEN", token)
    assert main(["influxdb"]) == 2
    shown = capsys.readouterr().err
    assert "INFLUXDB_TOKEN" in shown
    assert token not in shown


def test_kafka_address_that_is_none_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:abc")
    assert main(["stdout"]) == 2
    assert "kafka_bootstrap_servers: found '127.0.0.1:abc'" in capsys.readouterr().err
