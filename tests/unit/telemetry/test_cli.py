"""The command ``telemetry``, and that the generated documents are what it makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from telemetry.cli import main
from telemetry.settings import Settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("CONFIG_DIR", raising=False)


def test_check_accepts_the_repository(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("ok: ")


def test_check_names_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "metrics.yaml").write_text("metrics: 7\n")
    monkeypatch.setenv("CONFIG_DIR", str(tmp_path))
    assert main(["check"]) == 2
    message = capsys.readouterr().err
    assert "metrics.yaml" in message
    assert "Traceback" not in message


def test_topics_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["topics"]) == 0
    assert "gpu-dead-letters" in capsys.readouterr().out


def test_generated_documents_are_current() -> None:
    assert main(["docs", "--check", "docs"]) == 0


def test_stale_document_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["docs", "--write", str(tmp_path)]) == 0
    (tmp_path / "metrics.md").write_text("edited by hand")
    assert main(["docs", "--check", str(tmp_path)]) == 1
    assert "metrics.md is stale" in capsys.readouterr().err


def test_every_setting_has_a_sentence() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
