"""A log that is uploaded appears whole, under a safe name, over nobody's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.stores.uploads_folder import UploadsFolder, safe_name
from telemetry.errors import Rejected
from telemetry.settings import Settings


@pytest.fixture
def uploads(tmp_path: Path) -> UploadsFolder:
    return UploadsFolder(Settings(uploads_dir=tmp_path, console_upload_megabytes=1))


def visible(folder: Path) -> list[str]:
    """What the watch sees: it passes hidden names over."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in paths if not any(part.startswith(".") for part in path.parts))


def test_log_is_seen_when_it_is_whole(uploads: UploadsFolder, tmp_path: Path) -> None:
    incoming = uploads.begin("GPU-Z Sensor Log.txt", gpu="desk-01:0")
    incoming.write(b"one")
    assert visible(tmp_path) == []
    incoming.write(b"two")
    assert incoming.finish() == ("desk-01/0/GPU-Z Sensor Log.txt", 6)
    incoming.abort()
    assert visible(tmp_path) == ["desk-01/0/GPU-Z Sensor Log.txt"]
    assert (tmp_path / "desk-01/0/GPU-Z Sensor Log.txt").read_bytes() == b"onetwo"
    assert list((tmp_path / ".incoming").iterdir()) == []


def test_name_that_is_taken_gets_a_number(uploads: UploadsFolder, tmp_path: Path) -> None:
    for content in (b"first", b"second", b"third"):
        incoming = uploads.begin("a.txt")
        incoming.write(content)
        incoming.finish()
    assert visible(tmp_path) == ["a (2).txt", "a (3).txt", "a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"first"


def test_upload_that_was_given_up_leaves_nothing(uploads: UploadsFolder, tmp_path: Path) -> None:
    incoming = uploads.begin("a.txt")
    incoming.write(b"half")
    incoming.abort()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_log_beyond_the_limit_is_refused_and_leaves_nothing(uploads: UploadsFolder, tmp_path: Path) -> None:
    incoming = uploads.begin("a.txt")
    incoming.write(b"x" * 1024 * 1024)
    with pytest.raises(Rejected, match="too_large"):
        incoming.write(b"x")
    with pytest.raises(Rejected):
        incoming.finish()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_empty_log_is_refused(uploads: UploadsFolder, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="empty"):
        uploads.begin("a.txt").finish()
    assert visible(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("GPU-Z Sensor Log.txt", "GPU-Z Sensor Log.txt"),
        ("/etc/../../passwd.txt", "passwd.txt"),
        (r"C:\Users\me\log.TXT", "log.TXT"),
        ("..\\..\\a.csv", "a.csv"),
        (".hidden.log", "hidden.log"),
        ("a\nb\x00c.log", "a_b_c.log"),
        ("Protokoll für Köln.txt", "Protokoll für Köln.txt"),
        ("~$a.txt", "__a.txt"),
        ("$(rm -rf ~).txt", "_(rm -rf _).txt"),
        ("x" * 500 + ".txt", "x" * 116 + ".txt"),
        ("温" * 200 + ".zip", "温" * 38 + ".zip"),
    ],
)
def test_name_becomes_one_that_every_system_bears(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a", "a.exe", ".txt", "...", "a.txt/", "log.txt.part"])
def test_name_of_no_log_is_refused(name: str) -> None:
    with pytest.raises(Rejected, match="bad_name"):
        safe_name(name)


@pytest.mark.parametrize("gpu", ["desk", "../x:0", "a/b:0", "desk:0/..", ":0", "desk:"])
def test_gpu_that_is_none_is_refused(uploads: UploadsFolder, gpu: str) -> None:
    with pytest.raises(Rejected, match="bad_gpu"):
        uploads.begin("a.txt", gpu=gpu)
