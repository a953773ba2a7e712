"""History -> features: what is known to change before a GPU fails, each as one number with its words. Pure.

A step is a day in the nightly batch. The last W steps are the present, the P steps before them the past with which a
GPU is compared. No feature tells how busy a GPU is, nor which one it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from spark_jobs.risk import digests
from spark_jobs.risk.history import Array, History

W = 7
P = 28
LOOKS_BACK = W + P
"""Steps before its own that a feature may ask for."""
LEAST_PEERS = 3
_FEWEST = 3.0
"""Windows of a band that make a mean worth comparing with."""


class Feature(NamedTuple):
    name: str
    words: str
    """With ``{:...}`` for the value."""
    is_log: bool = False
    """The feature is ln(1 + n), the words are about n."""


FEATURES = (
    Feature("temperature_rise", "{:.1f} °C hotter at its load than in its own past"),
    Feature("temperature_climb", "{:.1f} °C hotter at its load than three steps ago"),
    Feature("temperature_over_peers", "{:.1f} °C further above its peers at the same load than in its past"),
    Feature("fan_rise", "its fan is {:.1f} points faster at its load than in its past"),
    Feature("power_rise", "it draws {:.1f} % more power at its load than in its past"),
    Feature("clock_loss", "its clock is {:.1f} % lower at its load than in its past"),
    Feature("held_share", "heat or hardware held its clocks back in {:.0%} of the present"),
    Feature("corrected", "{:.0f} corrected memory errors in the last step", True),
    Feature("corrected_week", "{:.0f} corrected memory errors in the last seven steps", True),
    Feature("uncorrected_past", "{:.0f} uncorrected memory errors in the time that is known", True),
    Feature("remapped", "{:.0f} memory rows remapped in the last seven steps", True),
    Feature("pending", "memory rows wait to be remapped, or could not be"),
    Feature("replays", "{:.0f} PCIe replays in the last step", True),
    Feature("width_loss", "its PCIe link has lost {:.0%} of its lanes"),
    Feature("gaps", "{:.0%} of its readings did not come in the last step"),
    Feature("recovery", "its driver asks for a reset or a restart"),
    Feature("earlier_failures", "{:.0f} failures before", True),
)
NAMES = tuple(each.name for each in FEATURES)


def features(history: History, earlier_failures: Array | None = None) -> Array:
    """(G, T, features), in the order of FEATURES; what cannot be known is 0, which stands for "as always".

    ``earlier_failures``: (G, T), how many each GPU had before the step and in the LOOKS_BACK before it.
    """
    temperature = _per_band(history, digests.TEMPERATURE)
    rise = _against_past(temperature)
    beside = _over_peers(temperature, history)
    clock = next((name for name in digests.CLOCKS if name in history.at_load), digests.CLOCKS[0])
    corrected = _growth(history, digests.CORRECTED)
    uncorrected = _growth(history, digests.UNCORRECTED)
    width = history.low.get(digests.WIDTH, _unknown(history))
    widest = np.fmax.accumulate(history.high.get(digests.WIDTH, _unknown(history)), axis=1)
    made = {
        "temperature_rise": rise,
        "temperature_climb": rise - _before(rise, 3),
        "temperature_over_peers": beside - _mean_of_past(beside),
        "fan_rise": _against_past(_per_band(history, digests.FAN)),
        "power_rise": 100 * _against_past(_per_band(history, digests.POWER), relative=True),
        "clock_loss": -100 * _against_past(_per_band(history, clock), relative=True),
        "held_share": _sum_of_last(np.nan_to_num(history.held), W) / W,
        "corrected": np.log1p(corrected),
        "corrected_week": np.log1p(_sum_of_last(corrected, W)),
        "uncorrected_past": np.log1p(_sum_of_last(uncorrected, LOOKS_BACK)),
        "remapped": np.log1p(_sum_of_last(_growth(history, digests.REMAPPED), W)),
        "pending": _greatest(history, digests.PENDING) > 0,
        "replays": np.log1p(_growth(history, (digests.REPLAYS,))),
        "width_loss": 1 - width / np.where(widest > 0, widest, np.nan),
        "gaps": _gaps(history),
        "recovery": _greatest(history, (digests.RECOVERY,)) > 0,
        "earlier_failures": np.log1p(np.zeros(history.windows.shape) if earlier_failures is None else earlier_failures),
    }
    return np.nan_to_num(np.stack([made[name].astype(np.float64) for name in NAMES], axis=-1))


def sentence(feature: Feature, value: float) -> str:
    return feature.words.format(np.expm1(value) if feature.is_log else value)


def _per_band(history: History, metric: str) -> tuple[Array, Array]:
    empty = np.zeros((len(history.gpus), 1, history.steps))
    return history.at_load.get(metric, (empty, empty))


def _against_past(of_bands: tuple[Array, Array], *, relative: bool = False) -> Array:
    """(G, T): how far the step's means lie from those of the past in the same bands; of their size if ``relative``."""
    sums, counts = of_bands
    past_sums, past_counts = _sum_of_past(sums), _sum_of_past(counts)
    usual = past_sums / np.where(past_counts >= _FEWEST, past_counts, np.nan)
    apart = _ratio(sums, counts) - usual
    if relative:
        apart = _ratio(apart, np.abs(usual))
    return _weighted(apart, counts)


def _over_peers(of_bands: tuple[Array, Array], history: History) -> Array:
    """(G, T): above the median of the peers in the same band and step."""
    sums, counts = of_bands
    means = _ratio(sums, counts)
    apart = np.full(means.shape, np.nan)
    for group in np.unique(history.peers):
        members = means[history.peers == group]
        enough = (~np.isnan(members)).sum(axis=0) >= LEAST_PEERS
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # nobody in a band: there is no median
            middle = np.where(enough, np.nanmedian(members, axis=0), np.nan)
        apart[history.peers == group] = members - middle
    return _weighted(apart, counts)


def _weighted(values: Array, weights: Array) -> Array:
    """The mean over the bands that have a value."""
    known = np.where(np.isnan(values), 0.0, weights)
    return _ratio((np.nan_to_num(values) * known).sum(axis=1), known.sum(axis=1))


def _growth(history: History, counters: Iterable[str]) -> Array:
    """(G, T): how much the fastest of ``counters`` grew in the step. One that fell has begun anew."""
    most = np.zeros(history.windows.shape)
    for name in counters:
        if name not in history.high:
            continue
        high, low = history.high[name], history.low[name]
        before = _before(_last_known(high), 1)
        # With the step from the last reading of the step before, unless the counter began anew.
        begun = np.where(before <= low, before, low)
        most = np.fmax(most, high - np.where(np.isnan(begun), low, begun))
    return np.nan_to_num(most)


def _gaps(history: History) -> Array:
    """(G, T): the share of windows that a GPU lacks of what its host's best has."""
    most = np.zeros(history.windows.shape)
    hosts = np.unique(np.array(history.hosts), return_inverse=True)[1]
    for host in np.unique(hosts):
        most[hosts == host] = history.windows[hosts == host].max(axis=0)
    return np.where(history.windows > 0, 1 - _ratio(history.windows, most), 0.0)


def _greatest(history: History, names: Iterable[str]) -> Array:
    most = np.zeros(history.windows.shape)
    for name in names:
        most = np.fmax(most, history.high.get(name, most))
    return most


def _mean_of_past(values: Array) -> Array:
    known = (~np.isnan(values)).astype(np.float64)
    return _ratio(_sum_of_past(np.nan_to_num(values)), _sum_of_past(known))


def _sum_of_past(values: Array) -> Array:
    """Over the P steps before the last W."""
    return _before(_sum_of_last(values, P), W, 0.0)


def _sum_of_last(values: Array, steps: int) -> Array:
    total = np.cumsum(values, axis=-1)
    return total - _before(total, steps, 0.0)


def _before(values: Array, steps: int, empty: float = np.nan) -> Array:
    """What was ``steps`` steps ago."""
    made = np.full(values.shape, empty)
    if steps < values.shape[-1]:
        made[..., steps:] = values[..., :-steps]
    return made


def _last_known(values: Array) -> Array:
    places = np.where(np.isnan(values), 0, np.arange(values.shape[1]))
    return np.take_along_axis(values, np.maximum.accumulate(places, axis=1), axis=1)


def _ratio(above: Array, below: Array) -> Array:
    return above / np.where(below > 0, below, np.nan)


def _unknown(history: History) -> Array:
    return np.full(history.windows.shape, np.nan)
