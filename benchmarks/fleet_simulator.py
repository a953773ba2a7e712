"""What a simulated fleet costs: `kafka-producer simulate fleet` in a process of its own, every page fetched once per
interval over HTTP, as a collector does. Prints the process's share of a processor. Needs no server.

    python benchmarks/fleet_simulator.py                   1,250 nodes x 8 GPUs, each 10 s, for 60 s
    python benchmarks/fleet_simulator.py --below 0.6       exit status 3 from that share on
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from verdict import status

_CLOCK = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK


def megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def fetch(address: str, path: str) -> int:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", path)
    size = len(connection.getresponse().read())
    connection.close()
    return size


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1250, help="of 8 GPUs (%(default)s)")
    parser.add_argument("--interval", type=float, default=10.0, help="seconds from page to page (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (%(default)s)")
    parser.add_argument("--tick", default="5", help="of the simulation, seconds (%(default)s)")
    parser.add_argument("--below", type=float, default=float("inf"), metavar="SHARE", help="exit 3 from this share on")
    options = parser.parse_args()
    command = [
        str(Path(sys.executable).with_name("kafka-producer")),
        "simulate",
        "fleet",
        "--nodes",
        str(options.nodes),
    ]
    command += ["--tick", options.tick, "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as simulator:
        try:
            assert simulator.stderr is not None
            told = next(found for line in simulator.stderr if (found := re.search(r"http://([0-9.:]+)/", line)))
            longest, size, rounds = 0.0, 0, int(options.seconds / options.interval)
            begin, spent = time.monotonic(), processor_seconds(simulator.pid)
            for number in range(rounds):
                due = begin + number * options.interval
                time.sleep(max(0.0, due - time.monotonic()))
                started = time.monotonic()
                size = sum(fetch(told[1], f"/node-{node}/metrics") for node in range(1, options.nodes + 1))
                longest = max(longest, time.monotonic() - started)
            time.sleep(max(0.0, begin + rounds * options.interval - time.monotonic()))
            elapsed = time.monotonic() - begin
            share = (processor_seconds(simulator.pid) - spent) / elapsed
            memory = megabytes(simulator.pid)
        finally:
            simulator.terminate()
    gpus = 8 * options.nodes
    print(f"{gpus:,} GPUs, every page each {options.interval:g} s for {elapsed:.0f} s, {size / 1e6:.0f} MB a round")
    print(f"  processor, of one core      {share:8.2f}")
    print(f"  all pages, slowest round    {longest:8.1f} s")
    print(f"  memory, at most             {memory:8.0f} MiB")
    return status(share >= options.below or longest > options.interval)


if __name__ == "__main__":
    sys.exit(main())
