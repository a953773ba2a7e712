"""The plain files of an instance: what processes remember, secrets, uploads, settings and configuration."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from dashboard.backup.manifest import Manifest
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

STATE, SECRETS, UPLOADS, CONFIG, ENVIRONMENT = "state", "secrets", "uploads", "config", "environment"
_OF_THE_MOMENT = {"started-with", "locks", "onboarded"}
"""Of the state: what holds for the instance that runs now and for no other."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_BESIDE_A_DATABASE = (".sqlite-wal", ".sqlite-shm", ".sqlite-journal")


def save(settings: Settings, into: Path) -> None:
    """Copies all of them below ``into``. Raises OSError where one cannot be read or written."""
    for name, source in _folders(settings).items():
        for path in _files(source):
            relative = path.relative_to(source)
            if name == STATE and _is_of_the_moment(relative):
                continue
            if path.suffix == ".sqlite":
                _copy_database(path, into / name / relative)
            else:
                _copy(path, into / name / relative)
    dotenv = Path(".env")
    if dotenv.is_file():
        _copy(dotenv, into / ENVIRONMENT / "env")


def put_back(settings: Settings, backup: Path, manifest: Manifest, names: tuple[str, ...]) -> None:
    """Writes the files of these kinds where ``settings`` say. What is there under the same name is replaced."""
    places = _folders(settings)
    for name in names:
        for item in manifest.below(name):
            _copy(backup / item.path, places[name] / Path(item.path).relative_to(name))


def other_configuration(settings: Settings, backup: Path, manifest: Manifest) -> list[str]:
    """The files of config/, and ``.env``, that are not here as they are in the backup; as paths below the backup."""
    here = {f"{CONFIG}/{path.relative_to(settings.config_dir)}": path for path in _files(settings.config_dir)}
    here[f"{ENVIRONMENT}/env"] = Path(".env")
    items = [*manifest.below(CONFIG), *manifest.below(ENVIRONMENT)]
    return [each.path for each in items if not _is_same(here.get(each.path), backup / each.path)]


def _folders(settings: Settings) -> dict[str, Path]:
    return {
        STATE: settings.state_dir,
        # Where the console's tokens lie, all other secrets do.
        SECRETS: settings.console_tokens_dir,
        UPLOADS: settings.uploads_dir,
        CONFIG: settings.config_dir,
    }


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _is_of_the_moment(relative: Path) -> bool:
    return (
        relative.parts[0] in _OF_THE_MOMENT
        or relative.suffix == ".heartbeat"
        or relative.name.endswith(_BESIDE_A_DATABASE)
    )


def _copy(source: Path, target: Path) -> None:
    """For its owner's eyes only, whoever could read it before."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)
    try:
        with (
            source.open("rb") as there,
            os.fdopen(os.open(new, _NEW, 0o600), "wb") as here,
        ):
            shutil.copyfileobj(there, here)
    except FileNotFoundError:
        return  # removed while we were on our way to it
    new.replace(target)


def _copy_database(source: Path, target: Path) -> None:
    """Whole, and as of one moment, however much is written meanwhile."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(target, _NEW, 0o600))
    try:
        with closing(sqlite3.connect(source, timeout=30)) as there, closing(sqlite3.connect(target)) as here:
            there.backup(here)
    except sqlite3.Error as error:
        raise Misconfigured(
            str(source), f"no database that can be read ({error})", "one of kafka-producer's"
        ) from error


def _is_same(here: Path | None, there: Path) -> bool:
    return here is not None and here.is_file() and here.read_bytes() == there.read_bytes()
