"""kafka-python behind the loop's input, and how its clients are opened; kafka_publisher.py has what is told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from kafka.structs import OffsetAndMetadata

from kafka_consumers.batch import Partition
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings

logger = logging.getLogger(__name__)

_FETCH_WAIT_MS = 20
_FETCH_MIN_BYTES = 8 * 1024  # some ten readings: each answer costs the client more than what is in it
_FETCH_BYTES = 8 * 1024 * 1024  # above the largest message that config/topics.yaml lets in
_BOOTSTRAP_MS = 3_000  # a start that is to be stopped waits no longer than this for the first answer
ANSWER_MS = 2_000  # for what the loop asks between two polls
_REBALANCING = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)


def connect(settings: Settings, group: str | None, wanted: Sequence[str], *, from_beginning: bool) -> KafkaConsumer:
    """A consumer of ``wanted`` that commits nothing by itself; group None: of no group. Raises Unavailable."""
    consumer = opened(
        KafkaConsumer,
        settings,
        group_id=group,
        client_id=group or "gpustream-viewer",
        enable_auto_commit=False,
        auto_offset_reset="earliest" if from_beginning else "latest",
        isolation_level="read_committed",
        # A topic that is made, or grows, after our start is noticed this soon.
        metadata_max_age_ms=10_000,
        request_timeout_ms=int(settings.kafka_client_timeout_seconds * 1000),
        # Kafka holds back an answer about partitions that are empty for so long, and with it all others of the
        # connection: what came meanwhile into another one, and where each ends. Its default is half a second.
        fetch_max_wait_ms=_FETCH_WAIT_MS,
        fetch_min_bytes=_FETCH_MIN_BYTES,
        fetch_max_bytes=_FETCH_BYTES * 2,
        max_partition_fetch_bytes=_FETCH_BYTES,
        # A consumer that was killed keeps its partitions for as long: this is how long its successor waits.
        session_timeout_ms=10_000,
        heartbeat_interval_ms=2_000,
        max_poll_interval_ms=600_000,
    )
    consumer.subscribe(list(wanted))
    _finish_every_join(consumer)
    return consumer


def _finish_every_join(consumer: KafkaConsumer) -> None:
    """Mends kafka-python 3.0.12: a join that outlasts one poll must be waited for in the next.

    The client joins anew when it learns of partitions (at its very start, too, where it may join before it knows any).
    Should that poll end before the group has answered, the reason for joining is gone by the next: the answer is
    dropped, no heartbeat is sent, and the member stands there without partitions for ever, at full load.
    tests/integration/test_group_membership.py fails without this.
    """
    coordinator: Any = consumer._coordinator  # noqa: SLF001  # there is no public way to it
    stated = coordinator.need_rejoin
    coordinator.need_rejoin = lambda: coordinator._join_task is not None or stated()  # noqa: SLF001


def opened(make: Callable[..., Any], settings: Settings, **options: object) -> Any:
    """A client of kafka-python. Raises Unavailable where Kafka does not answer, Misconfigured for a bad address."""
    servers = settings.kafka_bootstrap_servers
    try:
        return make(
            bootstrap_servers=servers,
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=_BOOTSTRAP_MS,
            # The default backs off to 30 s: a broker that is back would be left alone for as long.
            reconnect_backoff_max_ms=1_000,
            **options,
        )
    except KafkaError as error:
        raise Unavailable(f"Kafka at {servers} does not answer ({error})") from error
    except ValueError as error:
        raise Misconfigured("KAFKA_BOOTSTRAP_SERVERS", repr(servers), "host:port, several with commas") from error


class KafkaInput:
    """The loop's input: a member of a group."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer

    def poll(self, timeout_ms: int, max_records: int) -> Mapping[Any, Sequence[Any]]:
        try:
            polled: Mapping[Any, Sequence[Any]] = self._consumer.poll(timeout_ms=timeout_ms, max_records=max_records)
        except KafkaError as error:
            if not error.retriable:
                raise
            raise Unavailable(f"Kafka: {error}") from error
        return polled

    def assignment(self) -> set[Any]:
        return set(self._consumer.assignment())

    def pause(self) -> None:
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        self._consumer.resume(*self._consumer.paused())

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        positions = {TopicPartition(*partition): OffsetAndMetadata(at, "", -1) for partition, at in offsets.items()}
        try:
            self._consumer.commit(positions, timeout_ms=ANSWER_MS)
        except _REBALANCING as error:
            raise Unavailable(f"Kafka moves partitions between consumers ({error})", retry_after=0.1) from error
        except KafkaError as error:
            raise Unavailable(f"Kafka did not take the offsets ({error})") from error

    def ends(self, done: Mapping[Partition, int]) -> dict[Partition, int] | None:
        return None if (waiting := self._waiting(done)) is None else {each: end for each, (_, end) in waiting.items()}

    def lag(self, done: Mapping[Partition, int]) -> int | None:
        """None while nothing is assigned."""
        return None if (waiting := self._waiting(done)) is None else sum(end - at for at, end in waiting.values())

    def _waiting(self, done: Mapping[Partition, int]) -> dict[Partition, tuple[int, int]] | None:
        """Partition -> (next to write, end), where the two differ."""
        partitions = self._consumer.assignment()
        if not partitions:
            return None
        try:
            ends: dict[Any, int] = self._consumer.end_offsets(list(partitions), timeout_ms=ANSWER_MS)
            starts = {each: done[each] if each in done else self._position(each) for each in partitions}
        except KafkaError as error:
            raise Unavailable(f"Kafka did not tell how much waits ({error})") from error
        return {each: (starts[each], end) for each, end in ends.items() if end > starts[each]}

    def _position(self, partition: TopicPartition) -> int:
        return int(self._consumer.position(partition, timeout_ms=ANSWER_MS) or 0)

    def close(self) -> None:
        """Leaves the group, so that its partitions move at once."""
        try:
            self._consumer.close(autocommit=False, timeout_ms=ANSWER_MS)
        except KafkaError as error:
            logger.warning("left without a word to the group: error=%s", error)
