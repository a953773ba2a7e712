"""Whether two files are one log, and where they part."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kafka_producer import chain
from kafka_producer.chain import BLOCK, Chain, Head, head_of
from kafka_producer.ledger import Ledger
from kafka_producer.progress import Progress
from kafka_producer.sources.logs.decode import lines_of
from support.gpuz_logs import header, row

HEADER = header("GPU Load [%]")


def log(rows: int, salt: int = 0) -> str:
    return HEADER + "".join(row(second, second + salt) for second in range(rows))


def head(content: str, encoding: str = "latin-1") -> Head:
    found = head_of(lines_of(io.BytesIO(content.encode(encoding))))
    assert found is not None
    return found


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(Progress(tmp_path))


def sums(rows: int, salt: int = 0, last: int = 0) -> list[int]:
    found = []
    for n in range(rows):
        last = chain.add(last, b"%d,%d" % (n, salt))
        found.append(last)
    return found


def test_a_chain_is_found_again_block_by_block(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    Ledger(progress)
    written = Chain(progress.connection, "a")
    expected = sums(12 * BLOCK + 5)
    assert all(written.agrees(n, total) for n, total in enumerate(expected))
    written.save()
    found = Chain(Progress(tmp_path).connection, "a")
    assert found.length == len(expected)
    assert all(found.agrees(n, total) for n, total in enumerate(expected))
    assert found.length == len(expected)
    assert not found.agrees(11 * BLOCK, 0)
    assert not found.agrees(3, 0)


def test_nothing_is_forgotten_between_two_savings(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    Ledger(progress)
    expected = sums(9 * BLOCK)
    written = Chain(progress.connection, "a")
    for n, total in enumerate(expected):
        assert written.agrees(n, total)
        if n % BLOCK == 0:
            assert written.agrees(n // 2, expected[n // 2])
    written.save()
    assert Chain(progress.connection, "a").length == len(expected)


def test_a_growing_log_is_recognised(ledger: Ledger) -> None:
    first = ledger.recognise(head(log(2))).fingerprint
    assert ledger.recognise(head(log(500))).fingerprint == first
    assert ledger.recognise(head(log(1))).fingerprint == first


def test_a_shorter_copy_of_a_longer_log_is_recognised(ledger: Ledger) -> None:
    first = ledger.recognise(head(log(500))).fingerprint
    assert ledger.recognise(head(log(50))).fingerprint == first


def test_another_log_with_the_same_header_is_another_log(ledger: Ledger) -> None:
    assert ledger.recognise(head(log(5))).fingerprint != ledger.recognise(head(log(5, salt=1))).fingerprint


def test_of_logs_that_begin_alike_the_most_alike_is_chosen(ledger: Ledger) -> None:
    start = log(5)
    first = head(start + "".join(row(n, 1) for n in range(5, 9)))
    second = head(start + "".join(row(n, 2) for n in range(5, 9)))
    a = ledger.recognise(first).fingerprint
    b = ledger.add(second.hashes[-1], second).fingerprint
    assert ledger.recognise(first).fingerprint == a
    assert ledger.recognise(second).fingerprint == b


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_log_saved_again_in_another_encoding_is_recognised(ledger: Ledger, encoding: str) -> None:
    first = ledger.recognise(head(log(5)))
    assert ledger.recognise(head(log(5), encoding)) == first
    assert ledger.recognise(head(log(5).replace("\r\n", "\n"))) == first


def test_a_log_of_an_earlier_version_is_recognised(tmp_path: Path) -> None:
    progress = Progress(tmp_path)
    progress.connection.execute("create table logs (fingerprint text primary key, covered integer not null) strict")
    old = head(log(3)).hashes[-1]
    progress.connection.execute("insert into logs values (?, 3)", (old,))
    assert Ledger(progress).recognise(head(log(500))).fingerprint == old


def test_a_lone_row_without_its_end_counts_only_where_it_is_whole() -> None:
    whole = HEADER + row(1, 1).rstrip()
    assert not head(whole).is_whole
    assert head(whole).hashes == head(HEADER + row(1, 1)).hashes
    assert head_of(lines_of(io.BytesIO(whole[:-4].encode()))) is None
    assert head_of(lines_of(io.BytesIO(HEADER.encode()))) is None
