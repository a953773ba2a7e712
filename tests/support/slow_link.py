"""A way to a server that is long and bad: what passes is late, stands still now and then, and connections break."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread

from support.engines import free_ports


@dataclass(frozen=True)
class Weather:
    """What a chunk of up to 64 KiB meets, in each direction."""

    delay: float = 0.05
    """Seconds, of every chunk; they keep their order."""
    lost: float = 0.02
    """Share that is lost and sent again by TCP: ``resend`` seconds later, and all behind it waits."""
    resend: float = 0.4
    broken: float = 0.005
    """Share after which the connection is gone."""


@dataclass
class Passed:
    """What a link has done: chunks of both directions."""

    chunks: int = 0
    lost: int = 0
    broken: int = 0


@contextmanager
def slow_link(port: int, weather: Weather, seed: int, passed: Passed) -> Iterator[int]:
    """The port on 127.0.0.1 that leads to ``port`` there; ``passed`` is kept up."""
    (own,) = free_ports(1)
    loop = asyncio.new_event_loop()
    link = _Link(port, weather, random.Random(seed), passed)
    server = loop.run_until_complete(asyncio.start_server(link.pass_on, "127.0.0.1", own))
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield own
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()


class _Link:
    def __init__(self, port: int, weather: Weather, chance: random.Random, passed: Passed) -> None:
        self._port = port
        self._passed = passed
        self._weather = weather
        self._chance = chance

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        both = [asyncio.create_task(self._one_way(*ends)) for ends in ((reader, far_writer), (far_reader, writer))]
        with suppress(OSError):
            await asyncio.wait(both, return_when=asyncio.FIRST_EXCEPTION)
        for end in (writer, far_writer):
            end.transport.abort()
        for task in both:
            task.cancel()

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ends when its side says no more; raises where the connection breaks."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sender = asyncio.create_task(self._send(waiting, writer))
        clock = asyncio.get_running_loop().time
        try:
            while chunk := await reader.read(65_536):
                is_lost = self._chance.random() < self._weather.lost
                late = self._weather.resend if is_lost else 0.0
                self._passed.chunks += 1
                self._passed.lost += is_lost
                waiting.put_nowait((clock() + self._weather.delay + late, chunk))
                if self._chance.random() < self._weather.broken:
                    self._passed.broken += 1
                    raise ConnectionResetError
            waiting.put_nowait((clock(), b""))
            await sender
        finally:
            sender.cancel()

    @staticmethod
    async def _send(waiting: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due, chunk = await waiting.get()
            await asyncio.sleep(max(0.0, due - clock()))
            if not chunk:
                writer.write_eof()
                return
            writer.write(chunk)
            await writer.drain()
