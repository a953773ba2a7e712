"""What counts as dropped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kafka_producer.drop_folder import Entry, is_ignored_path, scan
from telemetry.errors import Rejected


def names(folder: Path) -> list[str]:
    return [entry.name for entry in scan(folder)]


def entry(folder: Path) -> Entry:
    (found,) = scan(folder)
    return found


def test_files_are_found_in_sub_folders_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a", "rig/0/log.TXT", "rig/1/x.zip"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path) == ["a", "b.txt", "rig/0/log.TXT", "rig/1/x.zip"]


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        ".gitkeep",
        "a.txt.part",
        "b.tmp",
        "c.crdownload",
        "~$log.txt",
        "samples/demo.txt",
        ".git/x.txt",
        "Thumbs.db",
    ],
)
def test_what_is_ours_hidden_or_half_copied_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    assert names(tmp_path) == []


def test_only_the_samples_directly_below_are_ours(tmp_path: Path) -> None:
    (tmp_path / "rig" / "samples").mkdir(parents=True)
    (tmp_path / "rig" / "samples" / "log.txt").touch()
    assert names(tmp_path) == ["rig/samples/log.txt"]
    assert names(tmp_path / "rig") == []


def test_what_can_be_no_log_is_told_without_opening_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "folder.txt" / "log.txt").touch()
    (tmp_path / "dangling.txt").symlink_to("nowhere")
    faults = {entry.name: entry.fault and entry.fault.reason for entry in scan(tmp_path)}
    assert faults == {"folder.txt": "not_a_log", "folder.txt/log.txt": None, "pipe": "not_a_log"}


def test_a_folder_within_itself_is_walked_once(tmp_path: Path) -> None:
    (tmp_path / "rig").mkdir()
    (tmp_path / "rig" / "log.txt").touch()
    (tmp_path / "rig" / "again").symlink_to(tmp_path)
    assert names(tmp_path) == ["rig/log.txt"]


def test_every_change_shows(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"12")
    first = entry(tmp_path).signature
    assert entry(tmp_path).signature == first
    os.utime(log, ns=(1, 1))
    log.write_bytes(b"21")
    os.utime(log, ns=(1, 1))
    assert entry(tmp_path).signature != first
    log.write_bytes(b"123")
    assert first.may_become(entry(tmp_path).signature)
    assert not entry(tmp_path).signature.may_become(first)


def test_names_of_any_bytes_can_be_written_down(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.txt")).touch()
    assert names(tmp_path) == ["\\xff\\x0a.txt"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="No such file"):
        list(scan(tmp_path / "none"))


def test_paths_in_archives_follow_the_same_rules() -> None:
    assert is_ignored_path("__MACOSX/._log.txt")
    assert is_ignored_path("rig/.hidden/log.txt")
    assert not is_ignored_path("samples/0/log.txt")
