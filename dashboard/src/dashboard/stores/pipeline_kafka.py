"""Kafka's side of the pipeline: self-reports from the feed, dead letters from their topic."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from dashboard.stores.away import Away, Missing, Refused
from dashboard.stores.live_board import Board
from dashboard.stores.pipeline import Letter, LetterPage, Process, Redriven
from telemetry import topics
from telemetry.clock import Clock, SystemClock
from telemetry.errors import Rejected
from telemetry.messages import DeadLetter, PipelineReport, TopicOrigin
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, parse_time

STORE = "Kafka"
OLDEST_REPORT = 900.0
"""Seconds: of processes that were silent for longer, nobody wants to hear."""
_ID = re.compile(r"(\d{1,4})-(\d{1,18})", re.ASCII)
_CURSOR = re.compile(r"\d{1,4}:\d{1,18}(?:\.\d{1,4}:\d{1,18}){0,99}", re.ASCII)
_ANSWER_MS = 5_000
_CHUNK = 200
_MOST_LOOKED_AT = 5_000
"""Letters in one page's search for a reason; the next page goes on."""


class KafkaPipeline:
    """Asks with a consumer of its own per question: nobody asks often."""

    def __init__(self, settings: Settings, board: Board, clock: Clock | None = None) -> None:
        self._where = settings.kafka_bootstrap_servers
        self._board = board
        self._clock = clock or SystemClock()
        self._one_at_a_time = threading.Lock()

    def processes(self) -> list[Process]:
        now = self._clock.now()
        found = [_process(before, report, now) for before, report in self._board.report_pairs()]
        recent = [each for each in found if each.age_seconds <= OLDEST_REPORT]
        return sorted(recent, key=lambda each: each.report.process)

    def letters(self, *, reason: str | None = None, after: str | None = None, limit: int = 50) -> LetterPage:
        before = _places(after) if after is not None else {}
        with self._consumer() as consumer:
            partitions = _partitions(consumer)
            begins = consumer.beginning_offsets(partitions, timeout_ms=_ANSWER_MS)
            ends = consumer.end_offsets(partitions, timeout_ms=_ANSWER_MS)
            at = {
                each: min(ends[each], before.get(each.partition, ends[each])) if before else ends[each] for each in ends
            }
            found: list[Letter] = []
            looked = 0
            while len(found) < limit and looked < _MOST_LOOKED_AT:
                # The partition whose newest unseen letter is the newest: by place, as there is one partition or few.
                open_ones = [each for each in partitions if at[each] > begins[each]]
                if not open_ones:
                    break
                partition = max(open_ones, key=lambda each: at[each] - begins[each])
                begin = max(begins[partition], at[partition] - _CHUNK)
                chunk = list(_read(consumer, partition, begin, at[partition]))
                looked += at[partition] - begin
                taken, at[partition] = _newest(chunk, reason, limit - len(found), begin)
                found += taken
            more = any(at[each] > begins[each] for each in partitions)
        found.sort(key=lambda each: (parse_time(each.letter.time), each.partition, each.offset), reverse=True)
        cursor = ".".join(f"{each.partition}:{at[each]}" for each in partitions)
        return LetterPage(found, cursor if more else None)

    def letter(self, letter_id: str) -> Letter:
        match = _ID.fullmatch(letter_id)
        if match is None:
            raise Rejected("bad_id", f"{letter_id[:40]!r} is no dead letter: expected partition-offset")
        partition, offset = TopicPartition(topics.GPU_DEAD_LETTERS, int(match[1])), int(match[2])
        with self._consumer() as consumer:
            if partition in _partitions(consumer):
                begin = consumer.beginning_offsets([partition], timeout_ms=_ANSWER_MS)[partition]
                end = consumer.end_offsets([partition], timeout_ms=_ANSWER_MS)[partition]
                if begin <= offset < end:
                    for letter in _read(consumer, partition, offset, offset + 1):
                        return letter
        raise Missing(f"dead letter {letter_id} (Kafka keeps them for a time)")

    def redrive(self, letter_id: str) -> Redriven:
        letter = self.letter(letter_id).letter
        origin = letter.origin
        if not isinstance(origin, TopicOrigin):
            raise Refused(f"it came from the file {origin.file[:200]}: mend that file and drop it again")
        if not letter.is_whole():
            raise Refused(f"only the first 64 KiB of its {letter.length} bytes were kept")
        if origin.topic not in topics.ALL or origin.topic == topics.GPU_DEAD_LETTERS:
            raise Refused(f"it came from {origin.topic[:80]!r}, which is no topic that it can go back to")
        value = letter.payload()
        with self._failing():
            producer = KafkaProducer(
                bootstrap_servers=self._where,
                client_id="gpustream-redrive",
                acks="all",
                bootstrap_timeout_ms=_ANSWER_MS,
                max_block_ms=_ANSWER_MS,
            )
            try:
                sent = producer.send(origin.topic, key=_key(value), value=value).get(timeout=_ANSWER_MS / 1000)
            finally:
                producer.close(timeout=1)
        return Redriven(sent.topic, sent.partition, sent.offset)

    @contextmanager
    def _consumer(self) -> Iterator[Any]:
        with self._one_at_a_time, self._failing():
            consumer = KafkaConsumer(
                bootstrap_servers=self._where,
                group_id=None,
                client_id="gpustream-console-letters",
                enable_auto_commit=False,
                allow_auto_create_topics=False,
                bootstrap_timeout_ms=_ANSWER_MS,
                fetch_max_bytes=4 * 1024 * 1024,
                max_partition_fetch_bytes=2 * 1024 * 1024,
            )
            try:
                yield consumer
            finally:
                consumer.close(autocommit=False, timeout_ms=_ANSWER_MS)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except KafkaError as error:
            raise Away(STORE, f"{self._where} does not answer ({type(error).__name__})") from error


def _process(before: PipelineReport | None, report: PipelineReport, now: int) -> Process:
    age = (now - parse_time(report.time)) / SECOND
    received = sent = None
    if before is not None and (before.started, before.instance) == (report.started, report.instance):
        seconds = (parse_time(report.time) - parse_time(before.time)) / SECOND
        if seconds > 0:
            received = (report.received - before.received) / seconds
            sent = (report.sent - before.sent) / seconds
    return Process(report, age, received, sent)


def _partitions(consumer: Any) -> list[TopicPartition]:
    numbers = consumer.partitions_for_topic(topics.GPU_DEAD_LETTERS)
    if not numbers:
        raise Away(STORE, "the topic gpu-dead-letters is not there yet (./start.sh makes it)")
    return [TopicPartition(topics.GPU_DEAD_LETTERS, n) for n in sorted(numbers)]


def _read(consumer: Any, partition: TopicPartition, begin: int, end: int) -> Iterator[Letter]:
    """Those at ``begin`` to before ``end``, in their order; what is no dead letter is passed over."""
    consumer.assign([partition])
    consumer.seek(partition, begin)
    silent = 0
    while consumer.position(partition, timeout_ms=_ANSWER_MS) < end and silent < 10:
        polled = consumer.poll(timeout_ms=500)
        silent = 0 if polled else silent + 1
        for record in polled.get(partition, ()):
            if record.offset >= end:
                return
            try:
                yield Letter(record.partition, record.offset, DeadLetter.decode(record.value or b""))
            except Rejected:
                continue


def _newest(chunk: list[Letter], reason: str | None, most: int, begin: int) -> tuple[list[Letter], int]:
    """Up to ``most`` of a reason from the end, and how far that went."""
    taken: list[Letter] = []
    for letter in reversed(chunk):
        if reason is None or letter.letter.reason == reason:
            taken.append(letter)
            if len(taken) == most:
                return taken, letter.offset
    return taken, begin


def _places(cursor: str) -> dict[int, int]:
    if _CURSOR.fullmatch(cursor) is None:
        raise Rejected("bad_cursor", "`after` is `next` of a page before, unchanged")
    return {int(partition): int(offset) for partition, _, offset in (each.partition(":") for each in cursor.split("."))}


def _key(value: bytes) -> bytes | None:
    """The GPU, where it can be told: one GPU's readings keep their order."""
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    gpu = document.get("gpu") if isinstance(document, dict) else None
    return gpu.encode() if isinstance(gpu, str) and gpu else None
