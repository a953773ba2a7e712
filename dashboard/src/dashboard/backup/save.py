"""The order in which a backup is made. It is what makes it exact (docs/decisions/0019-backup.md):

1. what the producers remember: what they count as sent is in Kafka by then;
2. of each store first how far it is, then the store: it holds at least everything up to there;
3. where Kafka ends, and its records from the least of those positions up to that end.

So a store, and the records after its position, are all that Kafka had taken by the end; what is in both is known by its
identity, and counts once.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from dashboard.backup import files, manifest, offsets, shelf
from dashboard.backup.influxdb import InfluxBackup
from dashboard.backup.kafka import KafkaBackup
from dashboard.backup.lake import TABLES, LakeBackup
from dashboard.backup.manifest import Manifest, as_places
from dashboard.backup.offsets import Offsets
from dashboard.backup.postgres import FOLDER as POSTGRES
from dashboard.backup.postgres import PostgresBackup
from dashboard.status.words import size
from telemetry import topics
from telemetry.clock import Clock
from telemetry.errors import Misconfigured
from telemetry.settings import Settings
from telemetry.timestamp import format_time

WRITER, ENGINE, STREAM = "influxdb-writer", "alert-engine", "streaming"
"""Readers of Kafka, by their names in ``Manifest.positions``; all but the stream are consumer groups."""
_SPARE_BYTES = 256 * 1024 * 1024

Say = Callable[[str], None]


def save(settings: Settings, folder: Path, clock: Clock, say: Say) -> Path:
    """Makes a backup in ``folder`` and returns where it is. Raises Unavailable while a store is away, Misconfigured
    where there is no room; then nothing is left behind."""
    influxdb, lake, postgres = InfluxBackup(settings, clock), LakeBackup(settings), PostgresBackup(settings)
    began = clock.now()
    target = folder / shelf.name_of(began)
    if target.exists():
        raise Misconfigured(str(target), "a backup of this second", "a name that is free: try again")
    if folder.resolve().is_relative_to(settings.gpustream_run_dir.resolve()):
        raise Misconfigured(
            str(folder), "a folder of the instance itself", "one outside: ./start.sh reset deletes that"
        )
    with _private(), _making(folder, target) as made:
        _need_room(folder, influxdb.size() + lake.size() + postgres.size())
        say("state, secrets, uploads, settings and configuration")
        files.save(settings, made)
        kafka = KafkaBackup(settings)
        readers = kafka.committed()
        influxdb.save(made, _under(say, "InfluxDB"))
        readers[STREAM] = _streamed(settings)
        tables = lake.save(made, _under(say, "lake"))
        # Not what the group has committed: this is one snapshot with the alerts.
        migrations, readers[ENGINE] = postgres.save(made, _under(say, "PostgreSQL"))
        ends = kafka.ends()
        begins = offsets.needed(read_by(readers), kafka.begins())
        saved = kafka.save(made, begins, ends, _under(say, "Kafka"))
        say("checksums")
        items = [manifest.item_of(made, path) for path in sorted(made.rglob("*")) if path.is_file()]
        told = Manifest(
            format=manifest.FORMAT,
            version=version("gpustream-dashboard"),
            began=format_time(began),
            ended=format_time(clock.now()),
            positions={name: as_places(found) for name, found in readers.items()},
            kafka=saved,
            partitions={topic: 1 + max(n for name, n in ends if name == topic) for topic, _ in ends},
            schemas={POSTGRES: migrations, TABLES: tables},
            items=items,
        )
        _write_down(made, told)
    say(f"{target}: {len(told.items):,} files, {size(told.size)}")
    return target


def read_by(readers: dict[str, Offsets]) -> dict[str, list[Offsets]]:
    """Topic -> the positions of those that read it: of those that must, even where they have not begun, and of whatever
    other group has."""
    must = {
        topics.GPU_METRICS: {WRITER, ENGINE, STREAM},
        topics.GPU_WINDOWS: {WRITER},
        topics.GPU_PIPELINE: {WRITER},
    }
    began = {name: {topic for topic, _ in found} for name, found in readers.items()}
    return {
        topic: [readers.get(name, {}) for name in sorted(names | {each for each in began if topic in began[each]})]
        for topic, names in must.items()
    }


def _streamed(settings: Settings) -> Offsets:
    """Empty where the checkpoint is not a folder of this machine: then all readings that Kafka has are saved."""
    return {} if "://" in settings.spark_checkpoint else offsets.of_checkpoint(Path(settings.spark_checkpoint))


def _need_room(folder: Path, wanted: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < wanted + _SPARE_BYTES:
        raise Misconfigured(
            str(folder), f"{size(free)} free", f"{size(wanted + _SPARE_BYTES)}: another disk, or less kept"
        )


@contextmanager
def _making(folder: Path, target: Path) -> Iterator[Path]:
    """A folder beside ``target`` that takes its name when all went well, and is removed when not."""
    made = target.with_name(target.name + shelf.PARTIAL)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.mkdir(mode=0o700)
    except OSError as error:
        raise Misconfigured(str(folder), f"{error.strerror}", "a folder that can be written to") from error
    try:
        yield made
        made.rename(target)
    except OSError as error:
        shutil.rmtree(made, ignore_errors=True)
        raise Misconfigured(str(folder), f"{error.strerror}: {error.filename}", "a disk that takes it") from error
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


@contextmanager
def _private() -> Iterator[None]:
    """What is written meanwhile is for its owner's eyes only: there are secrets in it."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _write_down(made: Path, told: Manifest) -> None:
    """The manifest last, and after everything else has reached the disk."""
    os.sync()
    with (made / manifest.FILE).open("w", encoding="utf-8") as file:
        file.write(told.model_dump_json(indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _under(say: Say, store: str) -> Say:
    return lambda words: say(f"{store}: {words}")
