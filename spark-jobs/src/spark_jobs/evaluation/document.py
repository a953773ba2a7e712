"""A part of a document that a command writes: between two marks, which must be there."""

from __future__ import annotations

from pathlib import Path

from telemetry.errors import Misconfigured

END = "<!-- evaluation: end -->"


def begin(what: str) -> str:
    return f"<!-- evaluation: begin, written by scripts/evaluate-{what}.sh -->"


def put(document: Path, what: str, text: str) -> None:
    """``text`` between the marks of ``what``. Raises Misconfigured."""
    try:
        before = document.read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(str(document), error.strerror or str(error), "a document with the marks") from None
    head, found, rest = before.partition(begin(what))
    _, ended, tail = rest.partition(END)
    if not (found and ended):
        raise Misconfigured(str(document), "no marks", f"lines {begin(what)} and {END}")
    document.write_text(f"{head}{begin(what)}\n\n{text}\n\n{END}{tail}", encoding="utf-8")
