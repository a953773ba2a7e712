"""When a backup is due, and what the process that makes them does when one fails."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event

import pytest

from dashboard.backup import manifest, shelf
from dashboard.backup.schedule import RETRY, BackupSchedule
from dashboard.backup.scheduler import Scheduler
from support.loop_fakes import SteppingClock
from telemetry.errors import Misconfigured
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, parse_time

NOON = parse_time("2026-11-27T12:00:00Z")
NIGHT = parse_time("2026-11-28T04:40:00Z")
DAY = 86_400 * SECOND


def noon() -> SteppingClock:
    clock = SteppingClock()
    clock.time = NOON
    return clock


def test_the_next_one_comes_at_the_next_time() -> None:
    assert BackupSchedule("40 4 * * *", "UTC", NOON, None).next == NIGHT
    assert BackupSchedule("40 4 * * *", "UTC", NOON, NOON - DAY // 4).next == NIGHT


def test_one_that_was_missed_is_due_now() -> None:
    assert BackupSchedule("40 4 * * *", "UTC", NOON, NOON - DAY).next < NOON


def test_one_that_failed_is_tried_again_soon_and_one_that_went_well_is_not() -> None:
    schedule = BackupSchedule("40 4 * * *", "UTC", NOON, None)
    schedule.ran(NIGHT, well=False)
    assert schedule.next == NIGHT + RETRY
    schedule.ran(NIGHT + RETRY, well=True)
    assert schedule.next == NIGHT + DAY


@pytest.mark.parametrize("cron", ["40 4 * *", "61 4 * * *", "nightly", "0 0 31 2 *"])
def test_what_is_no_time_is_named(cron: str) -> None:
    with pytest.raises(Misconfigured, match="BACKUP_SCHEDULE"):
        BackupSchedule(cron, "UTC", NOON, None)


def test_one_is_made_when_it_is_due_with_rotation_behind_it(tmp_path: Path) -> None:
    old = tmp_path / "backups" / shelf.name_of(NOON - 3 * DAY)
    old.mkdir(parents=True)
    (old / manifest.FILE).write_text("{}")
    settings = Settings(gpustream_run_dir=tmp_path, backup_dir=str(tmp_path / "backups"), backup_keep=3)
    asked = tmp_path / "asked"
    command = (sys.executable, "-c", f"import sys; open({str(asked)!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10))")

    class UntilAsked(Event):
        def is_set(self) -> bool:
            return asked.exists()

    Scheduler(settings, noon(), UntilAsked(), command).run()
    assert asked.read_text() == f"{tmp_path}/backups --keep 3\n"


def test_without_a_folder_there_is_nothing_to_do(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="BACKUP_DIR"):
        Scheduler(Settings(gpustream_run_dir=tmp_path), noon(), Event())
