"""What was found, for a terminal: aligned, the same columns in every section, colour where the reader can see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from dashboard.status.check import State
from dashboard.status.examine import Examined

_WORDS: Final[dict[State, str]] = {"ok": "ok", "note": "note", "bad": "FAIL"}
_COLOURS: Final[dict[State, str]] = {"ok": "\x1b[32m", "note": "\x1b[33m", "bad": "\x1b[31m"}
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


def render(examined: Sequence[Examined], when: str, colour: bool) -> str:
    """All sections, then the verdict."""

    def paint(text: str, code: str) -> str:
        return f"{code}{text}{_PLAIN}" if colour else text

    width = max((len(line.label) for each in examined for line in each.finding.lines), default=0)
    parts = []
    for each in examined:
        parts.append(paint(each.title, _BOLD))
        for line in each.finding.lines:
            word = paint(f"{_WORDS[line.state]:4}", _COLOURS[line.state])
            parts.append(f"  {word}  {line.label:{width}}  {line.text}")
            if line.do:
                parts.append(f"        {'':{width}}  {paint('do: ' + line.do, _COLOURS[line.state])}")
        parts.append("")
    problems = sum(len(each.problems) for each in examined)
    verdict = (
        paint(f"{problems} thing{'s' if problems != 1 else ''} to mend: see FAIL above.", _COLOURS["bad"])
        if problems
        else paint("All is well.", _COLOURS["ok"])
    )
    return "\n".join([*parts, f"{verdict} {paint(when, _DIM)}"])
