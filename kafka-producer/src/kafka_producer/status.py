"""The command ``status``: what became of each log that was dropped or replayed. Asks the progress, and no server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TextIO

from kafka_producer.ledger import File, Known, Ledger
from kafka_producer.pass_state import PassState, Stream
from kafka_producer.progress import Progress, Seen
from telemetry.log_states import LogState, document
from telemetry.reading import Mode
from telemetry.settings import Settings
from telemetry.timestamp import format_time

_NOTHING = "Nothing was dropped yet: put a GPU-Z log into data/ (or type `kafka-producer replay LOG`)."


def run(settings: Settings, as_json: bool, out: TextIO) -> None:
    found: list[LogState] = []
    # Asking must not leave a database behind.
    if (settings.state_dir / "producer.sqlite").exists():
        progress = Progress(settings.state_dir)
        try:
            found = lines(progress)
        finally:
            progress.close()
    if as_json:
        out.write(document(found).decode())
    else:
        out.writelines(f"{text}\n" for text in (_table(found) if found else [_NOTHING]))


def lines(progress: Progress) -> list[LogState]:
    """Files by folder and name, then what is in no file there."""
    ledger = Ledger(progress)
    files = ledger.all_files()
    present = {(file.fingerprint, file.gpu) for _, file in files if file.state != "gone"}
    found = [
        _of_file(progress, ledger, folder, file)
        for folder, file in files
        if file.state != "gone" or (file.fingerprint, file.gpu) not in present  # renamed, or there is a copy
    ]
    dropped = {(file.fingerprint, file.gpu) for _, file in files}
    replayed = (seen for seen in progress.seen() if (seen.stream.fingerprint, seen.stream.gpu) not in dropped)
    return found + [_of_replay(ledger, seen) for seen in replayed]


def _of_file(progress: Progress, ledger: Ledger, folder: str, file: File) -> LogState:
    known = ledger.known(file.fingerprint) if file.fingerprint else None
    gpu = file.gpu
    state = progress.latest(Stream(file.fingerprint, gpu, "original")) if file.fingerprint and gpu else None
    mode = _mode(state, known) if state else None
    sent = min(state.rows, file.rows) if state else 0
    size = file.signature.size
    changed = format_time(file.updated)
    rows = file.rows if gpu else None
    return LogState(
        file.name,
        folder,
        gpu,
        mode,
        sent,
        rows,
        file.read,
        size,
        file.state,
        file.reason,
        file.detail,
        changed,
        *_span(known),
    )


def _mode(state: PassState, known: Known | None) -> Mode:
    """Of the log's newest readings."""
    is_live = known is not None and known.live_after is not None
    return "live" if is_live and state.mode == "import" else state.mode


def _span(known: Known | None) -> tuple[str | None, str | None]:
    """Of the log's readings, as it was recorded."""
    if known is None or not known.sessions:
        return None, None
    return format_time(known.sessions[0].first), format_time(known.sessions[-1].last)


def _of_replay(ledger: Ledger, seen: Seen) -> LogState:
    state = "unfinished" if seen.stream.kind == "now" and not seen.state.finished else "sent"
    changed = format_time(seen.updated)
    stream, rows = seen.stream, seen.state.rows
    mode = _mode(seen.state, ledger.known(stream.fingerprint) if stream.kind == "original" else None)
    return LogState(seen.file, None, stream.gpu, mode, rows, None, None, None, state, None, "", changed)


def _table(found: Iterable[LogState]) -> Iterator[str]:
    head = ("LOG", "GPU", "MODE", "SENT", "OF", "READ", "STATE", "CHANGED (UTC)")
    cells = [head, *(_cells(line) for line in found)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(
            cell.rjust(width) if 3 <= n <= 5 else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()


def _cells(line: LogState) -> tuple[str, ...]:
    of = "-" if line.rows is None else f"{line.rows:,}"
    changed = line.changed[:19].replace("T", " ")
    words = [line.state, *([line.reason] if line.reason else [])]
    state = ": ".join(words) + (f" ({line.detail[:80]})" if line.detail else "")
    return line.file, line.gpu or "-", line.mode or "-", f"{line.rows_sent:,}", of, _read(line), state, changed


def _read(line: LogState) -> str:
    if line.state in ("done", "gone"):
        return "100 %"
    if not line.bytes or line.bytes_read is None or line.bytes_read > line.bytes:
        return "-"
    return f"{100 * line.bytes_read // line.bytes} %"
