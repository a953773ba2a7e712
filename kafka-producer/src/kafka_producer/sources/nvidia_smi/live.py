"""The source ``nvidia_smi``: the GPUs of this machine by NVIDIA's command, where its library cannot be loaded."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kafka_producer.sources.logs import quality
from kafka_producer.sources.logs.decode import text_of
from kafka_producer.sources.nvidia_smi.log import SOURCE, NvidiaSmiHeaders
from telemetry.catalogue import Catalogue
from telemetry.errors import Misconfigured, Unavailable
from telemetry.reading import NO_LABELS, Reading, gpu_name, mode_of
from telemetry.timestamp import MILLISECOND, SECOND

log = logging.getLogger(__name__)

FIELDS: Final = (
    "timestamp", "index", "name", "pstate", "temperature.gpu", "temperature.memory", "temperature.gpu.tlimit",
    "utilization.gpu", "utilization.memory", "utilization.encoder", "utilization.decoder", "utilization.jpeg",
    "utilization.ofa", "memory.total", "memory.used", "memory.free", "memory.reserved", "power.draw",
    "power.draw.instant", "enforced.power.limit", "clocks.gr", "clocks.sm", "clocks.mem", "clocks.video", "fan.speed",
    "pcie.link.gen.current", "pcie.link.width.current", "clocks_event_reasons.active", "clocks_throttle_reasons.active",
    "ecc.errors.corrected.volatile.total", "ecc.errors.uncorrected.volatile.total",
    "ecc.errors.corrected.aggregate.total", "ecc.errors.uncorrected.aggregate.total", "retired_pages.sbe",
    "retired_pages.dbe", "retired_pages.pending", "remapped_rows.correctable", "remapped_rows.uncorrectable",
    "remapped_rows.pending", "remapped_rows.failure",
)  # fmt: skip
"""What is asked for: names that drivers know since years, and newer ones. What a driver does not know is left out."""
_ESSENTIAL = frozenset(("timestamp", "index"))
_REFUSED = re.compile(rb'Field "([^"]{1,80})" is not a valid field to query')
_LONGEST_ANSWER = 1024 * 1024
_DO = "the command of NVIDIA's driver, or its path as command: in config/sources.yaml"


class NvidiaSmi:
    """One target: the command, which answers for all GPUs at once."""

    def __init__(
        self,
        command: str,
        host: str,
        wanted: Sequence[str],
        timeout: int,
        catalogue: Catalogue,
        labels: Mapping[str, str] = NO_LABELS,
    ) -> None:
        """``wanted``: indices and UUIDs of GPUs; empty: all. ``timeout`` in microseconds. ``labels``: of all.

        Raises Misconfigured where there is no such command.
        """
        path = shutil.which(command)
        if path is None:
            raise Misconfigured("collect nvidia_smi", f"no command {command}", _DO)
        self.name = f"{SOURCE}:{host}"
        self.targets = [_Command(path, host, wanted, timeout, catalogue, labels)]

    def about(self, target: str) -> Iterator[str]:
        """What there is to say once it has answered, a line each."""
        (command,) = self.targets
        offered = {name for names in command.serves.values() for name in names}
        for gpu, names in sorted(command.serves.items()):
            yield f"gpu={gpu} offers metrics={len(names)}: {', '.join(sorted(names))}"
        if command.refused:
            yield f"{command} does not know fields={len(command.refused)}: {', '.join(sorted(command.refused))}"
        if not offered:
            yield f"{command} offers nothing"

    def restart(self) -> None:
        """Each question is a process of its own."""

    def close(self) -> None:
        """Nothing stays open."""


class _Command:
    """``str()`` of it is what a log line calls it."""

    def __init__(
        self,
        path: str,
        host: str,
        wanted: Sequence[str],
        timeout: int,
        catalogue: Catalogue,
        labels: Mapping[str, str],
    ) -> None:
        self.name = path
        self.refused: set[str] = set()
        """Fields that this driver does not know."""
        self.serves: dict[str, set[str]] = {}
        """GPU -> the metrics that it has had a value of."""
        self._host = host
        self._ids = [f"--id={','.join(wanted)}"] if wanted else []
        self._timeout = timeout / SECOND
        self._catalogue = catalogue
        self._labels = labels
        self._last = 0
        self._said: set[bytes] = set()

    def __str__(self) -> str:
        return f"command={self.name}"

    def poll(self, now: int) -> Sequence[Reading]:
        """Raises Unavailable where the command fails, does not end in time, or shows no GPU."""
        first, *lines = [line for line in self._answer().splitlines() if line.strip()] or [b""]
        headers = NvidiaSmiHeaders(self._catalogue)
        layout = headers.layout_of(first)
        if layout is None:
            raise Unavailable(f"{self} does not answer: {text_of(first)[:120] or 'it printed nothing'}")
        # To the millisecond, because that is the row; a clock that was put back must not give a time twice.
        row = self._last = max(now // MILLISECOND, self._last + 1)
        readings = []
        for line in lines:
            if layout.cells_of(line) is None:
                self._say(line)
                continue
            ((card, _, model),) = layout.parts_of(line)
            metrics, flags = quality.judge(layout, line)
            if metrics:
                gpu = gpu_name(self._host, str(headers.first_card + card))
                readings.append(self._reading(gpu, row, now, model, metrics, flags))
        if not readings:
            raise Unavailable(f"{self} shows no GPU that can be read")
        return readings

    def _reading(
        self, gpu: str, row: int, now: int, model: str | None, metrics: dict[str, float], flags: dict[str, str]
    ) -> Reading:
        used, total = metrics.get("gpu_memory_used"), metrics.get("gpu_memory_total")
        if used is not None and total:
            metrics["gpu_memory_used_percent"] = round(100 * used / total, 3)
        self.serves.setdefault(gpu, set()).update(metrics)
        mode = mode_of(self._host, now, now)
        identity = (f"{SOURCE}:{gpu}", row, mode, row * MILLISECOND)
        return Reading(*identity, None, gpu, self._host, SOURCE, model, metrics, flags, self._labels)

    def _answer(self) -> bytes:
        while True:
            fields = [field for field in FIELDS if field not in self.refused]
            command = [self.name, f"--query-gpu={','.join(fields)}", "--format=csv,nounits", *self._ids]
            try:
                done = subprocess.run(
                    command, stdin=subprocess.DEVNULL, capture_output=True, timeout=self._timeout, check=False
                )
            except subprocess.TimeoutExpired as error:
                raise Unavailable(f"{self} does not answer: no answer in {self._timeout:g} s") from error
            except OSError as error:
                raise Unavailable(f"{self} does not answer: {error.strerror or error}") from error
            said = done.stdout[:_LONGEST_ANSWER] + done.stderr[:_LONGEST_ANSWER]
            unknown = {name.decode("latin-1") for name in _REFUSED.findall(said)} - self.refused
            if unknown and unknown.isdisjoint(_ESSENTIAL) and unknown <= set(fields):
                # It names one a time; what a driver does not know today it will not know tomorrow.
                self.refused |= unknown
                continue
            if done.returncode:
                words = text_of(said).split("\n", 1)[0].strip()[:120]
                raise Unavailable(f"{self} does not answer: {words or f'exit status {done.returncode}'}")
            return done.stdout[:_LONGEST_ANSWER]

    def _say(self, line: bytes) -> None:
        if line not in self._said and len(self._said) < 100:
            self._said.add(line)
            log.warning("%s says %r", self, text_of(line)[:200])
