"""``kafka-producer collect`` on a machine with the GPUs of a recording: python -m support.recorded_collect NAME COUNT
OPTIONS... In a process of its own, so that it can be stopped and killed as the real one."""

from __future__ import annotations

import sys
from functools import partial

from kafka_producer.main import main
from kafka_producer.sources.nvml import library
from support.nvml import RecordedDriver


def run(name: str, count: int, options: list[str]) -> int:
    setattr(library, "Library", partial(RecordedDriver.of, name, count))  # noqa: B010
    return main(["collect", *options])


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
