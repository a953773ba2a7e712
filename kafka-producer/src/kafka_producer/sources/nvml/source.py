"""The source ``nvml``: the NVIDIA GPUs of this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

from kafka_producer.sources.nvml.driver import Driver
from kafka_producer.sources.nvml.gpu import SOURCE, NvmlGpu
from telemetry.catalogue import Catalogue
from telemetry.errors import Misconfigured, Unavailable
from telemetry.reading import NO_LABELS, gpu_name

log = logging.getLogger(__name__)


class Nvml:
    """Raises Misconfigured where there is no driver or no GPU, Unavailable where they do not answer now."""

    def __init__(
        self,
        driver: Driver,
        host: str,
        wanted: Sequence[str],
        catalogue: Catalogue,
        labels: Mapping[str, str] = NO_LABELS,
    ) -> None:
        """``wanted``: indices and UUIDs of GPUs; empty: all. ``labels``: of every reading."""
        self.name = f"{SOURCE}:{host}"
        self._driver = driver
        self._labels = labels
        driver.start()
        try:
            self.gpus = _chosen(list(self._found(host, catalogue)), wanted)
        except BaseException:
            driver.stop()
            raise

    def _found(self, host: str, catalogue: Catalogue) -> Iterator[tuple[str, NvmlGpu]]:
        count = self._driver.count()
        if not count:
            raise Misconfigured("collect nvml", "an NVIDIA driver, and no GPU", "a GPU that `nvidia-smi -L` lists")
        failed: list[Unavailable] = []
        for index in range(count):
            try:
                card = self._driver.card(index)
                gpu = gpu_name(host, str(index))
                yield str(index), NvmlGpu(self._driver, card, gpu, host, catalogue, self._labels)
            except Unavailable as error:
                log.warning("gpu=%s:%d is left out until the next start, it does not answer: %s", host, index, error)
                failed.append(error)
        if len(failed) == count:
            raise failed[0]

    @property
    def targets(self) -> Sequence[NvmlGpu]:
        return self.gpus

    def about(self, name: str) -> Iterator[str]:
        """What there is to say of a GPU once it was read, a line each."""
        gpu = next(each for each in self.gpus if each.gpu == name)
        yield f"gpu={gpu.gpu} model={gpu.model} uuid={gpu.uuid} driver={self._driver.version()}"
        offered, absent = gpu.serves, gpu.absent()
        yield f"gpu={gpu.gpu} offers metrics={len(offered)}; not offered by it: {', '.join(absent) or 'nothing'}"
        parts = gpu.parts()
        if parts is not None:
            yield (
                f"gpu={gpu.gpu} is divided (MIG) into {len(parts)}: {', '.join(parts) or 'no part yet'}."
                " It is read as one GPU; what the driver gives for the whole is there, its load is not"
            )

    def restart(self) -> None:
        """Opens the driver anew; only while nobody reads. Raises Misconfigured, Unavailable."""
        self._driver.start()

    def close(self) -> None:
        self._driver.stop()


def _chosen(gpus: Sequence[tuple[str, NvmlGpu]], wanted: Sequence[str]) -> list[NvmlGpu]:
    missing = [each for each in wanted if not any(each in {index, gpu.uuid} for index, gpu in gpus)]
    if missing:
        there = ", ".join(f"{index} ({gpu.uuid})" for index, gpu in gpus)
        raise Misconfigured("config/sources.yaml: collect.gpus", repr(missing[0]), f"one of {there}")
    return [gpu for index, gpu in gpus if not wanted or index in wanted or gpu.uuid in wanted]
