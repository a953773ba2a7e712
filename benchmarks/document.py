"""What `benchmarks/run` found, into the document, in the place of what it found before: verdicts on stdin
(``name|what|target|verdict``), what each benchmark printed in a folder."""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

_BEGIN, _END = "<!-- benchmarks: begin, written by benchmarks/run --write -->", "<!-- benchmarks: end -->"
_LIBRARIES = ("kafka-python", "orjson", "pyspark", "delta_spark", "pyarrow", "influxdb-client", "duckdb")
_SCRIPTS = ("scripts/native/versions.sh", "benchmarks/telegraf.sh")
_NAMES = {"INFLUXDB": "InfluxDB"}
_SERVERS = re.compile(r"^(KAFKA|HADOOP|INFLUXDB|TELEGRAF)_VERSION=(\S+)$", re.M)
_SECTION = re.compile(r"^### (?P<name>[\w-]+): .*?\n\n(?P<made>Made on .*?)\n\n```\n(?P<told>.*?)\n```$", re.M | re.S)


class Entry(NamedTuple):
    """A benchmark's row of the table and its section."""

    name: str
    what: str
    target: str
    verdict: str
    made: str
    told: str


def machine() -> str:
    """Processor, cores, memory, and the versions that matter."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    libraries = [f"{name} {version(name)}" for name in _LIBRARIES]
    found = [each for script in _SCRIPTS for each in _SERVERS.findall(_text(script))]
    servers = [f"{_NAMES.get(name, name.title())} {number}" for name, number in found]
    told = ", ".join([f"Python {platform.python_version()}", _java(), *servers, *libraries])
    return f"{os.cpu_count()} cores ({model}), {pages:.0f} GB; {told}"


def _java() -> str:
    if shutil.which("java") is None:
        return "Java not on the PATH"
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "([^"]+)"', told)
    return f"Java {found[1]}" if found else "Java, which does not say its version"


def _text(path: str) -> str:
    return (Path(__file__).parents[1] / path).read_text(encoding="utf-8")


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def written(text: str) -> dict[str, Entry]:
    """Name -> what a document says of it."""
    found = {}
    rows = (line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| "))
    of_name = {cells[0]: cells for cells in rows if len(cells) == 4}
    for section in _SECTION.finditer(text):
        name, what, target, verdict = of_name[section["name"]]
        found[name] = Entry(name, what, target, verdict, section["made"], section["told"])
    return found


def made(verdicts: Iterable[str], told: Path, today: str) -> dict[str, Entry]:
    """Name -> what was found just now."""
    rows = [line.strip().split("|") for line in verdicts if line.strip()]
    note = f"Made on {today} on {machine()}."
    return {
        name: Entry(name, what, target, verdict, note, (told / name).read_text(encoding="utf-8").rstrip())
        for name, what, target, verdict in rows
    }


def document(entries: Mapping[str, Entry], order: Sequence[str]) -> str:
    """Markdown: the table of targets, then what each benchmark printed."""
    chosen = [entries[name] for name in order if name in entries]
    parts = ["| benchmark | what | target | |", "| --- | --- | --- | --- |"]
    parts += [f"| {each.name} | {each.what} | {each.target} | {each.verdict} |" for each in chosen]
    for each in chosen:
        parts += ["", f"### {each.name}: {each.what}", "", each.made, "", "```", each.told, "```"]
    return "\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("told", type=Path, help="folder of what the benchmarks printed")
    parser.add_argument("into", type=Path, help="the document with the marks")
    parser.add_argument("order", nargs="+", help="names of all benchmarks")
    options = parser.parse_args()
    text = options.into.read_text(encoding="utf-8")
    before, _, rest = text.partition(_BEGIN)
    old, _, after = rest.partition(_END)
    entries = written(old) | made(sys.stdin, options.told, datetime.now(UTC).date().isoformat())
    options.into.write_text(f"{before}{_BEGIN}\n\n{document(entries, options.order)}\n\n{_END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
