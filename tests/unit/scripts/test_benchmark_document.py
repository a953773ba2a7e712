"""`benchmarks/document.py` puts what was run into docs/performance.md and leaves what was not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
MARKS = ("<!-- benchmarks: begin, written by benchmarks/run --write -->", "<!-- benchmarks: end -->")
ORDER = ("first", "second", "third")


def write(document: Path, folder: Path, **told: tuple[str, str]) -> list[str]:
    """The lines of ``document`` after these benchmarks, name -> (verdict, what it printed)."""
    for name, (_, text) in told.items():
        (folder / name).write_text(text + "\n")
    verdicts = "".join(f"{name}|what {name} is|at most 3|{verdict}\n" for name, (verdict, _) in told.items())
    command = [sys.executable, str(ROOT / "benchmarks" / "document.py"), str(folder), str(document), *ORDER]
    subprocess.run(command, input=verdicts, text=True, check=True)
    return document.read_text().splitlines()


def test_one_benchmark_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("\n".join(["before", *MARKS, "after"]) + "\n")
    write(document, tmp_path, second=("holds", "2 s\n\n| not | a | table | row"), third=("holds", "3 s"))
    lines = write(document, tmp_path, first=("holds", "1 s"), third=("does not hold", "4 s"))
    assert (lines[0], lines[-1]) == ("before", "after")
    assert [line for line in lines if line.endswith(("hold |", "holds |"))] == [
        "| first | what first is | at most 3 | holds |",
        "| second | what second is | at most 3 | holds |",
        "| third | what third is | at most 3 | does not hold |",
    ]
    assert [line for line in lines if line.startswith("### ")] == [f"### {each}: what {each} is" for each in ORDER]
    text = "\n".join(lines)
    assert "```\n2 s\n\n| not | a | table | row\n```" in text
    assert "```\n4 s\n```" in text
    assert "3 s" not in text
