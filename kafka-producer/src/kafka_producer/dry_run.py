"""``replay --dry-run``: readings as JSON lines, and a summary. Needs no Kafka, writes nothing to disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import BinaryIO, TextIO

from kafka_producer import passes
from kafka_producer.gpu_of_log import nth_gpu
from kafka_producer.mode_of_log import live_after, moded
from kafka_producer.pass_state import Stream
from kafka_producer.passes import Wish
from kafka_producer.recorded import sessions_of
from kafka_producer.replay_plan import Planned
from kafka_producer.sources.logs.log import RejectedLine, SensorLog, Tally
from telemetry.reading import FUTURE_TOLERANCE, IMPORT_AGE, encode

_BATCH = 64 * 1024


def print_readings(logs: Iterable[Planned], wish: Wish, now: int, out: BinaryIO, summary: TextIO) -> None:
    """Readings on ``out``; after each log its summary on ``summary``."""
    for planned in logs:
        fingerprint = planned.prefix_hashes[-1] if planned.prefix_hashes else "0" * 16
        stream = Stream(fingerprint, planned.gpu, wish.kind)
        run = passes.run_of(planned, stream, passes.new(planned, wish, None, now), now)
        rejected: deque[RejectedLine] = deque(maxlen=3)
        source = SensorLog(planned.file, run, rejected.append)
        live_from = _live_after(planned, now) if wish.kind == "original" else None
        # Not a list of lines: to keep a kilobyte alive per reading takes as long as parsing it.
        pending = bytearray()
        for reading in source.readings():
            pending += encode(moded(reading, live_from))
            pending += b"\n"
            if len(pending) > _BATCH:
                out.write(pending)
                pending.clear()
        out.write(pending)
        out.flush()
        summary.writelines(f"{line}\n" for line in _summary(planned, source.tally, rejected))
        summary.flush()


def _live_after(planned: Planned, now: int) -> int | None:
    """As if the log was seen for the first time. A log of long ago is not read once more for it."""
    newest = planned.survey.newest
    if newest is None or newest < now - IMPORT_AGE:
        return None
    return live_after(planned.gpu, sessions_of(planned.file, now + FUTURE_TOLERANCE)[0], now)


def _summary(planned: Planned, tally: Tally, rejected: Iterable[RejectedLine]) -> Iterator[str]:
    refused = sum(tally.rejected.values())
    gpus = ",".join(nth_gpu(planned.gpu, card) for card in planned.file.cards)
    yield f"{planned.file.name}: gpu={gpus} rows={tally.rows + refused} readings={tally.rows} rejected={refused}"
    if tally.rejected:
        yield "  rejected: " + ", ".join(f"{reason}={count}" for reason, count in sorted(tally.rejected.items()))
        yield from (f"    at byte {line.offset}: {line.error}" for line in rejected)
    if tally.flags:
        yield "  flags: " + ", ".join(f"{kind}={count}" for kind, count in sorted(tally.flags.items()))
    if tally.stayed_zero:
        yield "  sensors that stayed 0: " + ", ".join(tally.stayed_zero)
    if tally.unknown:
        yield "  columns that the catalogue does not know: " + ", ".join(tally.unknown)
    if tally.refused:
        yield f"  columns left out, because a log may bring only so many: {', '.join(tally.refused[:10])}, ..."
