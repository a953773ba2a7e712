"""What start.sh writes for the containers: Grafana's profile, the others left as they are; and its own environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

WRITER = Path(__file__).parents[3] / "scripts" / "docker" / "env-file.sh"


def chosen(folder: Path, before: str | None, grafana: str, **settings: str) -> str:
    """The content of .env afterwards; ``before`` is what COMPOSE_PROFILES was, None where it was not set."""
    (folder / ".env").write_text("DEMO=off\n" + ("" if before is None else f"COMPOSE_PROFILES={before}\n"))
    environment = {"PATH": os.environ["PATH"]} | ({} if before is None else {"COMPOSE_PROFILES": before})
    environment |= settings
    command = ["bash", "-eEuo", "pipefail", "-c", 'source "$0"; choose_profiles "$1"', str(WRITER), grafana]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return (folder / ".env").read_text()


@pytest.mark.parametrize(
    ("before", "grafana", "after"),
    [
        (None, "yes", "COMPOSE_PROFILES=grafana\n"),
        ("", "yes", "COMPOSE_PROFILES=grafana\n"),
        ("grafana", "yes", "COMPOSE_PROFILES=grafana\n"),
        ("fleet,observability", "yes", "COMPOSE_PROFILES=grafana,fleet,observability\n"),
        ("fleet,timescale", "no", "COMPOSE_PROFILES=fleet\n"),
        ("fleet,grafana", "no", "COMPOSE_PROFILES=fleet\n"),
        ("grafana", "no", "COMPOSE_PROFILES=\n"),
        ("fleet", "no", "COMPOSE_PROFILES=fleet\n"),
        (None, "no", ""),
    ],
)
def test_profile_of_grafana_follows_its_image(tmp_path: Path, before: str | None, grafana: str, after: str) -> None:
    assert chosen(tmp_path, before, grafana) == "DEMO=off\n" + after


@pytest.mark.parametrize(
    ("before", "readings", "after"),
    [
        (None, "on", "COMPOSE_PROFILES=grafana,timescale\n"),
        ("grafana,timescale,fleet", "on", "COMPOSE_PROFILES=grafana,timescale,fleet\n"),
        ("grafana,timescale,fleet", "off", "COMPOSE_PROFILES=grafana,fleet\n"),
    ],
)
def test_profile_of_timescale_follows_a_setting(tmp_path: Path, before: str | None, readings: str, after: str) -> None:
    assert chosen(tmp_path, before, "yes", POSTGRES_READINGS=readings) == "DEMO=off\n" + after


@pytest.mark.parametrize(
    ("before", "setting", "given", "after"),
    [
        (None, "", "", ""),
        ("grafana", "", "", "grafana"),
        ("grafana", "fleet", "", "grafana,fleet"),
        (None, "", "fleet", "fleet"),
        ("grafana,fleet", "fleet", "fleet", "grafana,fleet"),
    ],
)
def test_profiles_of_this_start_are_added(before: str | None, setting: str, given: str, after: str) -> None:
    script = (
        'source "$0"; source scripts/start/profiles.sh; profiles_given=($1); add_profiles; echo "$COMPOSE_PROFILES"'
    )
    done = subprocess.run(
        ["bash", "-eEuo", "pipefail", "-c", script, str(WRITER), given],
        cwd=WRITER.parents[2],
        env={"PATH": os.environ["PATH"], "PROFILES": setting}
        | ({} if before is None else {"COMPOSE_PROFILES": before}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == after


def test_settings_of_the_environment_are_written_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "environment"
    settings = {"REPORT_SCHEDULE": "30 0 * * *", "TIME_ZONE": "", "ENERGY_CURRENCY": "$ (US)", "HOME": "/nowhere"}
    subprocess.run(
        ["bash", "-eEuo", "pipefail", "-c", 'source "$0"; write_environment "$1"', str(WRITER), str(file)],
        cwd=WRITER.parents[2],
        env={"PATH": os.environ["PATH"]} | settings,
        check=True,
    )
    assert sorted(file.read_text().splitlines()) == ["ENERGY_CURRENCY='$ (US)'", "REPORT_SCHEDULE='30 0 * * *'"]
    assert file.stat().st_mode & 0o777 == 0o600
