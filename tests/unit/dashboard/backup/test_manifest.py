"""The manifest: what it says is there is there, as it was written, or nothing is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboard.backup import manifest
from dashboard.backup.manifest import Manifest
from telemetry.errors import Misconfigured


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "0.parquet").write_bytes(b"records")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "demo").write_bytes(b"on\n")
    items = [manifest.item_of(tmp_path, path) for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    told = Manifest(
        format=manifest.FORMAT, version="0.1.0", began="", ended="", positions={}, kafka=[], partitions={},
        schemas={}, items=items,
    )  # fmt: skip
    (tmp_path / manifest.FILE).write_text(told.model_dump_json())
    return tmp_path


def test_it_comes_back_as_it_was_written(backup: Path) -> None:
    told = manifest.load(backup)
    assert told.size == len(b"records") + len(b"on\n")
    assert [each.path for each in told.below("state")] == ["state/demo"]
    read: list[int] = []
    manifest.verify(backup, told, read.append)
    assert sum(read) == told.size


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda path: path.unlink(), "kafka/0.parquet: missing"),
        (lambda path: path.write_bytes(b"record"), "kafka/0.parquet: 6 bytes, written were 7"),
        (lambda path: path.write_bytes(b"rekords"), "kafka/0.parquet: other bytes than were written"),
    ],
)
def test_damage_is_named(backup: Path, harm: object, words: str) -> None:
    assert callable(harm)
    harm(backup / "kafka" / "0.parquet")
    with pytest.raises(Misconfigured, match="nothing was changed") as caught:
        manifest.verify(backup, manifest.load(backup))
    assert words in str(caught.value)


@pytest.mark.parametrize("path", ["../secrets", "/etc/passwd", "a/../../b"])
def test_no_file_outside_of_the_backup_is_named(backup: Path, path: str) -> None:
    told = manifest.load(backup)
    item = told.items[0].model_copy(update={"path": path})
    with pytest.raises(Misconfigured, match="missing"):
        manifest.verify(backup, told.model_copy(update={"items": [item]}))


def test_one_of_a_newer_version_is_refused_whatever_else_it_says(backup: Path) -> None:
    for newer in ({"format": manifest.FORMAT + 1}, json.loads((backup / manifest.FILE).read_text()) | {"format": 99}):
        (backup / manifest.FILE).write_text(json.dumps(newer))
        with pytest.raises(Misconfigured, match="restore it with the gpustream that made it"):
            manifest.load(backup)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": "one"}'])
def test_what_is_no_manifest_is_said_to_be_none(backup: Path, text: str) -> None:
    (backup / manifest.FILE).write_text(text)
    with pytest.raises(Misconfigured, match="as it was written"):
        manifest.load(backup)


def test_a_folder_without_one_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"a folder that ./start.sh backup has made"):
        manifest.load(tmp_path)
