"""The rows of the last run as a table: printed at its end, and by `scripts/faults.sh` written into a document."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROWS = Path(__file__).parents[2] / "artifacts" / "faults"
_BEGIN, _END = "<!-- faults: begin, written by scripts/faults.sh -->", "<!-- faults: end -->"
_HEAD = ("harm", "to", "seed", "store", "sent", "found", "missing", "double", "s until all was there")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown: one line per row and store."""
    lines = [_line(_HEAD), _line(["---"] * len(_HEAD))]
    for row in sorted(rows, key=lambda each: (each["harm"], each["to"], each["seed"])):
        for place, (store, count) in enumerate(row["counts"].items()):
            sent, found, missing, double = count
            first = (row["harm"], row["to"], row["seed"]) if place == 0 else ("", "", "")
            last = f"{row['seconds']:.0f}" if place == 0 else ""
            lines.append(_line([*first, store, f"{sent:,}", f"{found:,}", missing, double, last]))
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, required=True, help="the document with the marks")
    parser.add_argument("--note", default="", help="a line above the table")
    options = parser.parse_args()
    rows = [json.loads(each.read_text()) for each in sorted(ROWS.glob("*.json"))]
    if not rows:
        print(f"no rows in {ROWS}: ./test.sh faults makes them", file=sys.stderr)
        return 1
    text = options.into.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    made = f"{before}{_BEGIN}\n\n{options.note}\n\n{table(rows)}\n\n{_END}{after}"
    options.into.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
