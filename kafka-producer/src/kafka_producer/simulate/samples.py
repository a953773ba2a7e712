"""The logs in data/samples/: what each one is, and ``python -m kafka_producer.simulate.samples DIR`` to make them."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from kafka_producer.simulate import command
from kafka_producer.simulate.quirks import QUIRKS

_SHORT = "--scenario gaming --card gtx-970 --duration 40 --start '2016-03-30 12:45:55'"
_OTHERWISE = {
    "dst-back": "--interval 60 --duration 40m --start '2023-10-29 02:40:00'",
    "dst-forward": "--interval 60 --duration 40m --start '2024-03-31 01:40:00'",
    # Their point shows only on a card with these columns, or with more than one header.
    "failed-read": "--card rtx-3080",
    "constant-zero": "--card rtx-3080",
    "utf8-mixed-degree": "--quirk repeated-header",
    "gap": "--start '2016-03-30 22:45:55'",
}

SAMPLES = {
    "demo-failing-fan.txt": "--scenario failing-fan --card rtx-3080 --duration 6m",
    "gaming-rtx-4090.txt": "--scenario gaming --card rtx-4090 --duration 5m --interval 2 --start '2025-11-08 20:12:40'",
    "rendering-rx-6800.txt": "--scenario rendering --card rx-6800 --duration 5m --interval 2 "
    "--start '2020-12-05 09:30:11'",
    "throttling-gtx-970.txt": "--scenario thermal-throttling --card gtx-970 --duration 8m --interval 2 "
    "--start '2016-07-19 17:02:30'",
    "idle-integrated.txt": "--scenario idle --card integrated --duration 4m --interval 2 --start '2024-03-26 14:11:45'",
} | {
    # One small log per quirk. A later option wins over an earlier one.
    f"quirks/{name}.txt": f"{_SHORT} {_OTHERWISE.get(name, '')} --quirk {name}"
    for name in QUIRKS
}
"""Path below data/samples/ -> the options of ``kafka-producer simulate gpuz`` that make it."""


def make(name: str, folder: Path) -> Path:
    """Writes one sample below ``folder`` and returns its path."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    command.write(parser.parse_args(["gpuz", *shlex.split(SAMPLES[name]), "--out", str(path)]))
    return path


if __name__ == "__main__":
    for each in SAMPLES:
        print(make(each, Path(sys.argv[1])))
