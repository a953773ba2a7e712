"""The engines' scripts read .env as data: the environment wins, Compose's way of writing holds, nothing is run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SETTINGS = Path(__file__).parents[2] / "scripts" / "native" / "settings.sh"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    repository = tmp_path / "a clone"
    (repository / "scripts" / "native").mkdir(parents=True)
    shutil.copy(SETTINGS, repository / "scripts" / "native")
    return repository


def value(repository: Path, name: str, **environment: str) -> str:
    names = ("PATH", "HOME")
    return subprocess.run(
        ["bash", "-euc", 'source "$0"; printf %s "${!1}"', str(repository / "scripts/native/settings.sh"), name],
        env={key: os.environ[key] for key in names} | environment,
        cwd="/",
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("KAFKA_PORT=19092", "19092"),
        ("KAFKA_PORT=19092 # busy here", "19092"),
        ("KAFKA_PORT='19092'\r", "19092"),
        ('  KAFKA_PORT="19092"  # busy', "19092"),
        ("#KAFKA_PORT=19092", "9092"),
        ("KAFKA_PORT=", "9092"),
        ("", "9092"),
    ],
)
def test_a_line_of_env_is_read_as_compose_reads_it(repository: Path, line: str, port: str) -> None:
    (repository / ".env").write_text(line)
    assert value(repository, "KAFKA_PORT") == port


def test_the_environment_wins(repository: Path) -> None:
    (repository / ".env").write_text("INFLUXDB_PORT=1\n")
    assert value(repository, "INFLUXDB_PORT", INFLUXDB_PORT="2") == "2"


def test_nothing_in_env_is_run(repository: Path, tmp_path: Path) -> None:
    (repository / ".env").write_text(f"SECRET=$(touch {tmp_path}/ran)`touch {tmp_path}/ran`;touch {tmp_path}/ran\n")
    assert value(repository, "SECRET").startswith("$(touch")
    assert not (tmp_path / "ran").exists()


def test_a_relative_run_directory_is_the_repositorys(repository: Path) -> None:
    (repository / ".env").write_text("GPUSTREAM_RUN_DIR=.other\n")
    assert value(repository, "RUN_DIR") == str(repository / ".other")
