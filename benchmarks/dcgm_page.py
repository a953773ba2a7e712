"""What a dcgm-exporter's page costs to read, in CPU time, beside prometheus-client's parser, which we leave for what is
unusual. Needs no server.

    python benchmarks/dcgm_page.py [--gpus N] [--pages N]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from kafka_producer.sources.dcgm.page import parse

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.dcgm_exporter import OLD, Gpu, page  # tests are not installed

RUNS = 5


def milliseconds(work: Callable[[], object], pages: int) -> float:
    """Per page, the best of some runs, so that a busy machine disturbs it little."""
    best = float("inf")
    for _ in range(RUNS):
        begin = time.process_time()
        for _ in range(pages):
            work()
        best = min(best, time.process_time() - begin)
    return best / pages * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gpus", type=int, default=8, help="on a page (%(default)s)")
    parser.add_argument("--pages", type=int, default=50, help="in each run (%(default)s)")
    options = parser.parse_args()
    text = page([Gpu(number) for number in range(options.gpus)])
    known = parse(text)
    assert len(known.parts) == options.gpus
    ours = milliseconds(lambda: parse(text), options.pages)
    again = milliseconds(lambda: parse(text, known.labels), options.pages)
    library = milliseconds(
        lambda: [family.samples for family in text_string_to_metric_families(text)], options.pages
    )  # fmt: skip
    print(f"a page of {options.gpus} GPUs, {len(OLD)} fields each, {len(text):,} bytes")
    print(f"  ours, to values per GPU          {ours:8.2f} ms of processor time")
    print(f"  ours, its labels known           {again:8.2f} ms, as in each poll but the first")
    print(f"  prometheus-client, to samples    {library:8.2f} ms")
    print(f"  10,000 GPUs, labels known        {again * 10_000 / options.gpus / 1000:8.2f} s")


if __name__ == "__main__":
    main()
