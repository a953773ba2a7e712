"""``dashboard backup`` and ``dashboard restore``: what ./start.sh calls, and no server of ours is needed for."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from dashboard.backup import manifest, shelf
from dashboard.status.words import size
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

EXAMPLES = """examples:
  ./start.sh backup /mnt/disk/backups                     makes /mnt/disk/backups/gpustream-DATE
  ./start.sh backup /mnt/disk/backups --keep 7            and then removes all but the newest seven
  ./start.sh backup /mnt/disk/backups --check             reads the newest one again: is it as it was written?
"""
_TELL_EVERY = 512 * 1024 * 1024


def add_parser(subparsers: argparse._SubParsersAction[Any]) -> None:
    """The commands ``backup`` and ``restore`` for ``dashboard``'s parser; ``run`` does them."""
    backup = subparsers.add_parser(
        "backup",
        help="everything that this instance holds, into a folder",
        description="Copies InfluxDB, the lake, PostgreSQL, what Kafka holds for them, state, secrets and settings,"
        " while everything goes on. The folder is for its owner's eyes only: the secrets are in it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    backup.add_argument("folder", type=Path, metavar="DIR", help="where backups are kept, each in a folder of its own")
    backup.add_argument("--keep", type=_count, metavar="N", help="afterwards remove all but the newest N backups there")
    backup.add_argument("--check", action="store_true", help="make none: check DIR, or the newest one in it")
    backup.set_defaults(run=_backup)
    schedule = subparsers.add_parser("backup-schedule", help="make backups by BACKUP_SCHEDULE, until stopped")
    schedule.set_defaults(run=_schedule)
    restore = subparsers.add_parser("restore", help="the steps of ./start.sh restore, which is what you want")
    restore.add_argument("step", choices=("check", "secrets", "stores", "differences"))
    restore.add_argument("folder", type=Path, metavar="DIR")
    restore.set_defaults(run=_restore)


def _backup(options: argparse.Namespace) -> int:
    """Exit status 0: it is there, whole."""
    if options.check:
        folder = shelf.chosen(options.folder)
        told = manifest.load(folder)
        _verify(folder, told)
        print(f"{folder}: {len(told.items):,} files, {size(told.size)}, all as they were written {told.ended}")
        return 0
    from dashboard.backup import save  # Arrow and Delta are large, and only this command needs them

    print(save.save(Settings.load(), options.folder, SystemClock(), _say))
    if options.keep:
        for name in shelf.rotate(options.folder, options.keep):
            _say(f"removed {name}: --keep {options.keep}")
    return 0


def _schedule(_options: argparse.Namespace) -> int:
    from dashboard.backup import scheduler

    scheduler.run_until_stopped(Settings.load())
    return 0


def _restore(options: argparse.Namespace) -> int:
    settings = Settings.load()
    folder = shelf.chosen(options.folder)
    told = manifest.load(folder)
    if options.step == "check":
        _need_room(settings.gpustream_run_dir, told)
        _verify(folder, told)
        # The last migration comes second: PostgreSQL's tables are made up to that.
        print(folder.resolve(), (told.schemas["postgres"] or ["-"])[-1])
        return 0
    from dashboard.backup import files, restore

    if options.step == "secrets":
        restore.secrets(settings, folder, told)
    elif options.step == "stores":
        restore.stores(settings, folder, told, SystemClock(), _say)
    else:
        print(*files.other_configuration(settings, folder, told), sep="\n")
    return 0


def _verify(folder: Path, told: manifest.Manifest) -> None:
    read = 0

    def progress(count: int) -> None:
        nonlocal read
        before, read = read, read + count
        if before // _TELL_EVERY != read // _TELL_EVERY:
            _say(f"checked {size(read)} of {size(told.size)}")

    manifest.verify(folder, told, progress)


def _need_room(run_dir: Path, told: manifest.Manifest) -> None:
    place = next(each for each in (run_dir.resolve(), *run_dir.resolve().parents) if each.is_dir())
    free = shutil.disk_usage(place).free
    if free < 2 * told.size:
        # The engines write some of it twice before they tidy up.
        raise Misconfigured(str(run_dir), f"{size(free)} free", f"{size(2 * told.size)}, twice what the backup holds")


def _say(words: str) -> None:
    print(f"  {words}", file=sys.stderr, flush=True)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number above 0")
    return int(text)
