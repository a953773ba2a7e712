"""What the console answers under many eyes: the newest readings of all GPUs, and live streams that are held.

A real Kafka, ``kafka-producer load`` with one reading a second of each GPU, and ``dashboard serve`` as ``./start.sh``
runs it; the other stores are away, and nobody asks for them. First, so many clients ask for ``/metrics/latest`` once a
second each, at moments spread over the second; an answer's time is from the request to its last byte. Then so many
clients hold a stream of one GPU each; all must hear of it until the end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import orjson
from latency import percentile
from verdict import status

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from process import Job  # noqa: E402

from dashboard.roles import Role  # noqa: E402
from support.console import make_tokens  # noqa: E402  # tests are not installed
from support.engines import Engines, free_ports  # noqa: E402

EXAMPLES = """examples:
  python benchmarks/console.py                     1,000 GPUs, 50 clients, 1,000 streams, 30 s each
  python benchmarks/console.py --gpus 50 --clients 5 --streams 20 --seconds 3
  python benchmarks/console.py --p99-below 50      exit status 3 where it is not
"""


class Console:
    """Where it answers, and how it is asked."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token

    async def ask(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which ``path`` was asked for."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
        self.request(writer, path)
        return reader, writer

    def request(self, writer: asyncio.StreamWriter, path: str) -> None:
        head = f"GET /api/v1{path} HTTP/1.1\r\nHost: console\r\nAuthorization: Bearer {self._token}\r\n\r\n"
        writer.write(head.encode())


async def answer(reader: asyncio.StreamReader) -> bytes:
    """The body of one. Raises SystemExit where it is an error."""
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(head.decode())
    (length,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return await reader.readexactly(int(length.partition(b":")[2]))


async def latest(console: Console, clients: int, seconds: int, gpus: int) -> list[float]:
    """Milliseconds of each answer, sorted."""
    times: list[float] = []
    begin = time.monotonic() + 1

    async def client(number: int) -> None:
        reader, writer = await console.ask("/metrics/latest")
        await answer(reader)
        for second in range(seconds):
            await asyncio.sleep(max(0.0, begin + second + number / clients - time.monotonic()))
            asked = time.monotonic()
            console.request(writer, "/metrics/latest")
            body = await answer(reader)
            times.append((time.monotonic() - asked) * 1000)
            if second == 0 and len({each["gpu"] for each in orjson.loads(body)}) != gpus:
                raise SystemExit(f"an answer has not the {gpus} GPUs of the load")
        writer.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    return sorted(times)


async def held(console: Console, streams: int, seconds: int, host: str, gpus: int) -> list[int]:
    """How many events each stream brought."""
    connections = [await console.ask(f"/stream?gpu={host}:{number % gpus}") for number in range(streams)]
    end = time.monotonic() + seconds

    async def events(reader: asyncio.StreamReader) -> int:
        count = 0
        while (left := end - time.monotonic()) > 0:
            try:
                line = await asyncio.wait_for(reader.readline(), left)
            except TimeoutError:
                break
            if not line:
                raise SystemExit("a stream was closed")
            count += line.startswith(b"event: reading")
        return count

    found = await asyncio.gather(*(events(reader) for reader, _ in connections))
    for _, writer in connections:
        writer.close()
    return sorted(found)


def measure(console: Console, serving: Job, options: argparse.Namespace) -> float:
    """Prints both, and returns the 99th percentile of the first, in milliseconds."""
    times = asyncio.run(latest(console, options.clients, options.seconds, options.gpus))
    p99 = percentile(times, 0.99)
    print(f"/metrics/latest of {options.gpus:,} GPUs, {options.clients} clients, one request a second each: ", end="")
    print(f"p50 {percentile(times, 0.5):.0f} ms, p99 {p99:.0f} ms, most {times[-1]:.0f} ms of {len(times):,}")
    before = serving.usage()
    found = asyncio.run(held(console, options.streams, options.seconds, "demo-load-bench", options.gpus))
    used = serving.usage()
    if found[0] < 2:
        raise SystemExit(f"a stream brought {found[0]} events in {options.seconds} s")
    print(
        f"{len(found):,} streams held for {options.seconds} s: {found[0]} to {found[-1]} readings each; the console ",
        end="",
    )
    print(f"took {100 * (used.cpu - before.cpu) / options.seconds:.0f} % of a core and {used.mebibytes:.0f} MiB")
    return p99


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gpus", type=int, default=1000, help="that are shown (%(default)s)")
    parser.add_argument("--clients", type=int, default=50, help="that ask (%(default)s)")
    parser.add_argument("--streams", type=int, default=1000, help="that are held (%(default)s)")
    parser.add_argument("--seconds", type=int, default=30, help="how long, each of both (%(default)s)")
    parser.add_argument("--p99-below", type=float, metavar="MS", help="exit status 3 where it is not")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gpustream-bench-") as name, Engines(Path(name, "engines")) as engines:
        folder = Path(name)
        (port,) = free_ports(1)
        environment = os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": engines.kafka().bootstrap,
            "GPUSTREAM_RUN_DIR": name,
            "CONSOLE_PORT": str(port),
            "CONSOLE_RATE_PER_MINUTE": "1000000",
            "LOG_LEVEL": "WARNING",
        }
        token = make_tokens(folder / "secrets")[Role.VIEWER]
        commands = Path(sys.executable).parent
        Job([str(commands / "kafka-producer"), "topics"], environment, folder / "topics.log").wait(60)
        load = [str(commands / "kafka-producer"), "load", "--name", "bench", "--gpus", str(options.gpus)]
        load += ["--rate", str(options.gpus), "--seconds", "3600"]
        sending = Job(load, environment, folder / "load.log")
        serving = Job([str(commands / "dashboard"), "serve"], environment, folder / "console.log")
        console = Console(port, token)
        try:
            serving.until(lambda: asyncio.run(shows(console)) == options.gpus, 120)
            p99 = measure(console, serving, options)
        finally:
            serving.end()
            sending.end()
    return status(options.p99_below is not None and p99 >= options.p99_below)


async def shows(console: Console) -> int:
    """How many GPUs; 0 while it does not answer."""
    try:
        reader, writer = await console.ask("/metrics/latest")
    except OSError:
        return 0
    found = orjson.loads(await answer(reader))
    writer.close()
    return len(found)


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
