"""Archives: opened as streams, within bounds, and every fault of theirs is a rejection."""

from __future__ import annotations

import gzip
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from kafka_producer import archives
from kafka_producer.archives import contents
from support.gpuz_logs import header, row
from telemetry.errors import Rejected

LOG = (header("GPU Load [%]") + "".join(row(n, n) for n in range(500))).encode("latin-1")


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def read(path: Path) -> dict[str, bytes]:
    found = {}
    for content in contents(path, path.name):
        with content.open() as file:
            found[content.name] = b"".join(iter(lambda: file.read(1000), b""))
    return found


def test_a_plain_file_is_itself_and_can_grow(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(LOG)
    (content,) = contents(tmp_path / "log.txt", "log.txt")
    assert content.can_grow
    assert read(tmp_path / "log.txt") == {"log.txt": LOG}


def test_each_member_of_a_zip_is_a_log_of_its_own(tmp_path: Path) -> None:
    path = zipped(tmp_path / "all.zip", a=LOG, rig__1__b=LOG[:300])
    assert read(path) == {"all.zip/a": LOG, "all.zip/rig/1/b": LOG[:300]}
    assert [content.log_path for content in contents(path, "all.zip")] == [tmp_path / "a", tmp_path / "rig/1/b"]
    assert list(tmp_path.iterdir()) == [path]


def test_gzip_is_told_by_its_bytes(tmp_path: Path) -> None:
    for name in ("log.txt.gz", "log.txt"):
        (tmp_path / name).write_bytes(gzip.compress(LOG[:700]) + gzip.compress(LOG[700:]))
        assert read(tmp_path / name) == {name: LOG}
    (content,) = contents(tmp_path / "log.txt.gz", "log.txt.gz")
    assert content.log_path == tmp_path / "log.txt"


def test_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 100_000)
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(200_000)))
    bombs = [
        tmp_path / "bomb.gz",
        zipped(tmp_path / "bomb.zip", a=bytes(60_000), b=bytes(60_000)),
        zipped(tmp_path / "many.zip", a=b"", b=b"", c=b"", d=b""),
        zipped(tmp_path / "more.zip", **{f"m{n}": b"" for n in range(9)}),
    ]
    for path in bombs:
        with pytest.raises(Rejected, match="archive_too_large"):
            read(path)


def test_a_member_unpacks_to_no_more_than_it_declares(tmp_path: Path) -> None:
    path = zipped(tmp_path / "liar.zip", a=bytes(50_000))
    raw = path.read_bytes()
    path.write_bytes(raw.replace((50_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(Rejected, match=r"archive_too_large|damaged_archive"):
        read(path)


def test_a_password_is_said(tmp_path: Path) -> None:
    path = zipped(tmp_path / "secret.zip", a=LOG)
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(Rejected, match="encrypted_archive"):
        read(path)


@pytest.mark.parametrize("make", [lambda: gzip.compress(LOG), lambda: None], ids=["gzip", "zip"])
def test_damage_anywhere_is_a_rejection(tmp_path: Path, make: object) -> None:
    whole = make() if callable(make) else None
    raw = whole or zipped(tmp_path / "whole.zip", a=LOG).read_bytes()
    path = tmp_path / "damaged"
    for end in range(4, len(raw), 7):
        path.write_bytes(raw[:end])
        with pytest.raises(Rejected, match="damaged_archive"):
            read(path)
    for at in range(4, len(raw), 5):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 0xFF]) + raw[at + 1 :])
        with suppress(Rejected):
            read(path)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="unreadable"):
        contents(tmp_path / "none.txt", "none.txt")
