"""Digests of many GPUs as arrays, a place for each GPU and step, so that features are sums over slices. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from spark_jobs.risk.digests import AT_LOAD, WHOLE
from telemetry.detection import LOWEST_LOAD

if TYPE_CHECKING:
    import pandas as pd  # many a batch has no model, and no need of it

Array: TypeAlias = npt.NDArray[np.float64]
BANDS = tuple(LOWEST_LOAD)


@dataclass(frozen=True)
class History:
    """G GPUs, T steps, B bands of load. What nobody measured is NaN."""

    gpus: tuple[str, ...]
    hosts: tuple[str, ...]
    sources: tuple[str, ...]
    modes: tuple[str, ...]
    peers: npt.NDArray[np.int64]
    """(G,): GPUs of the same number are compared with each other."""
    first: int
    """The number of the first step."""
    windows: Array
    """(G, T): how many there are, 0 where the GPU was away."""
    seen: Array
    """(G, T): the end of the last window, microseconds UTC."""
    at_load: Mapping[str, tuple[Array, Array]]
    """Metric -> sums of the windows' averages and how many windows, each (G, B, T)."""
    low: Mapping[str, Array]
    high: Mapping[str, Array]
    """Metric -> (G, T)."""
    held: Array
    """(G, T): share of the windows in which the clocks were held back."""

    @property
    def steps(self) -> int:
        return int(self.windows.shape[1])

    def there(self) -> npt.NDArray[np.bool_]:
        """(G, T): whether the GPU was heard of."""
        return self.windows > 0


def history(digests: pd.DataFrame, models: Mapping[str, str]) -> History:
    """Of ``digests`` (:data:`spark_jobs.risk.digests.COLUMNS`, a row at least); ``models``: GPU -> its model. GPUs of
    one model are peers; one whose model is unknown has those of its host."""
    whole = digests[digests.metric == WHOLE]
    of_gpu = whole.groupby("gpu")[["host", "source", "mode"]].last()
    gpus = tuple(str(gpu) for gpu in of_gpu.index)
    place = {gpu: number for number, gpu in enumerate(gpus)}
    first, last = int(whole.step.min()), int(whole.step.max())
    shape = (len(gpus), last - first + 1)
    known = digests[digests.gpu.isin(gpus)]
    row, column = known.gpu.map(place).to_numpy(), (known.step - first).to_numpy()
    metric, band = known.metric.to_numpy(), known.band.to_numpy()
    columns = {name: known[name].to_numpy(np.float64) for name in ("windows", "avg", "low", "high", "held", "seen")}

    def filled(name: str, chosen: npt.NDArray[np.bool_], empty: float = np.nan) -> Array:
        made = np.full(shape, empty)
        made[row[chosen], column[chosen]] = columns[name][chosen]
        return made

    def at_load(name: str) -> tuple[Array, Array]:
        sums, counts = np.zeros((len(gpus), len(BANDS), shape[1])), np.zeros((len(gpus), len(BANDS), shape[1]))
        for number, each in enumerate(BANDS):
            chosen = (metric == name) & (band == each)
            counts[row[chosen], number, column[chosen]] = columns["windows"][chosen]
            sums[row[chosen], number, column[chosen]] = (columns["avg"] * columns["windows"])[chosen]
        return sums, counts

    held = np.full(shape, np.nan)
    masked = ~np.isnan(columns["held"])
    np.fmax.at(held, (row[masked], column[masked]), columns["held"][masked])
    is_whole = metric == WHOLE
    names = sorted(set(metric) - {WHOLE})
    hosts = tuple(str(host) for host in of_gpu.host)
    groups = [models.get(gpu) or f"host {host}" for gpu, host in zip(gpus, hosts, strict=True)]
    return History(
        gpus=gpus,
        hosts=hosts,
        sources=tuple(str(each) for each in of_gpu.source),
        modes=tuple(str(each) for each in of_gpu["mode"]),
        peers=_numbers(groups),
        first=first,
        windows=filled("windows", is_whole, 0.0),
        seen=filled("seen", is_whole),
        at_load={name: at_load(name) for name in AT_LOAD if name in names},
        low={name: filled("low", (metric == name) & (band == WHOLE)) for name in names if name not in AT_LOAD},
        high={name: filled("high", (metric == name) & (band == WHOLE)) for name in names if name not in AT_LOAD},
        held=held,
    )


def _numbers(groups: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.unique(np.array(groups, dtype=object).astype(str), return_inverse=True)[1].astype(np.int64)
