"""What `benchmarks/run` found, into the document: verdicts on stdin (``name|what|target|verdict``), what each benchmark
printed in a folder."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_BEGIN, _END = "<!-- benchmarks: begin, written by benchmarks/run --write -->", "<!-- benchmarks: end -->"
_VERSIONS = ("kafka-python", "orjson", "pyspark", "influxdb-client")


def machine() -> str:
    """Processor, cores, memory, and the versions that matter."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    libraries = ", ".join(f"{name} {version(name)}" for name in _VERSIONS)
    return f"{os.cpu_count()} cores ({model}), {pages:.0f} GB; Python {platform.python_version()}, {libraries}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def document(verdicts: Iterable[str], told: Path, today: str) -> str:
    """Markdown: the table of targets, then what each benchmark printed."""
    rows = [line.strip().split("|") for line in verdicts if line.strip()]
    parts = [f"Made on {today} on {machine()}, by `benchmarks/run --write`.", ""]
    parts += ["| benchmark | what | target | |", "| --- | --- | --- | --- |"]
    parts += [f"| {' | '.join(row)} |" for row in rows]
    for name, what, *_ in rows:
        parts += ["", f"### {name}: {what}", "", "```", (told / name).read_text(encoding="utf-8").rstrip(), "```"]
    return "\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("told", type=Path, help="folder of what the benchmarks printed")
    parser.add_argument("into", type=Path, help="the document with the marks")
    options = parser.parse_args()
    text = options.into.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    made = document(sys.stdin, options.told, datetime.now(UTC).date().isoformat())
    options.into.write_text(f"{before}{_BEGIN}\n\n{made}\n\n{_END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
