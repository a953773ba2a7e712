"""The first .env that start.sh makes: the example, with the zone of the machine's clock."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WRITER = ROOT / "scripts" / "start" / "env-file.sh"


def run(script: str, *words: str, **settings: str) -> str:
    environment = {"PATH": os.environ["PATH"]} | settings
    command = ["bash", "-eEuo", "pipefail", "-c", f'source "$0"; {script}', str(WRITER), *words]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def settings_of(path: Path) -> set[str]:
    return {line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}


@pytest.mark.parametrize(
    ("target", "zone"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("/var/db/timezone/zoneinfo/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("/usr/share/zoneinfo/Etc/GMT+3", "Etc/GMT+3"),
        ("/usr/share/zoneinfo/UTC", "UTC"),
        ("/somewhere/localtime", ""),
    ],
)
def test_zone_is_that_of_the_machine(tmp_path: Path, target: str, zone: str) -> None:
    """By a link that need not lead anywhere: zones are files of the machine."""
    link = tmp_path / "localtime"
    link.symlink_to(target)
    assert run('machine_zone "$1"', str(link)).strip() == zone


def test_machine_without_a_zone_tells_none(tmp_path: Path) -> None:
    assert run('machine_zone "$1"', str(tmp_path / "nothing")) == ""


def test_zone_of_the_machine_is_that_of_logs_and_reports(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_bytes((ROOT / ".env.example").read_bytes())
    said = run('put_zone "$1" Europe/Berlin; echo "$TIME_ZONE"', str(env))
    assert settings_of(env) == {"TIME_ZONE=Europe/Berlin", "REPORT_TIMEZONE=Europe/Berlin"}
    assert said == "Europe/Berlin\n", "this start has it, too"


@pytest.mark.parametrize("zone", ["", "UTC", "Etc/UTC", "GMT"])
def test_nothing_is_written_where_the_default_is_right(tmp_path: Path, zone: str) -> None:
    env = tmp_path / ".env"
    env.write_bytes((ROOT / ".env.example").read_bytes())
    run('put_zone "$1" "$2"', str(env), zone)
    assert settings_of(env) == set()


def test_zone_that_the_environment_gives_stays(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_bytes((ROOT / ".env.example").read_bytes())
    run('put_zone "$1" Asia/Seoul', str(env), TIME_ZONE="UTC")
    assert settings_of(env) == {"REPORT_TIMEZONE=Asia/Seoul"}
