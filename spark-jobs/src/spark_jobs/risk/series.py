"""A fleet's series in CSV, and the truth of what broke in it -> digests, failures, broken rules. No Spark."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from spark_jobs.load_bands import LOAD
from spark_jobs.risk.digests import AT_LOAD, COLUMNS, PLAIN, WHOLE, held_by
from spark_jobs.risk.history import Array, History
from spark_jobs.risk.labels import Failure
from telemetry.catalogue import Catalogue
from telemetry.detection import LOWEST_LOAD
from telemetry.errors import Misconfigured
from telemetry.timestamp import SECOND

TRUTH = ("gpu", "fault", "begin", "end", "xid")


class Series(NamedTuple):
    digests: pd.DataFrame
    models: dict[str, str]
    rules: pd.DataFrame
    """gpu, step: where a reading was beyond a limit of the catalogue that no healthy card reaches."""


def series(path: Path, catalogue: Catalogue, step_seconds: float) -> Series:
    """``path``: a header with ``time``, ``gpu``, ``model`` and metrics by the catalogue's names. A reading stands for a
    window. Raises Misconfigured."""
    rows = _table(path)
    if missing := sorted({"time", "gpu", "model"} - set(rows.columns)):
        raise Misconfigured(
            f"{path}, line 1", f"no {', '.join(missing)}", "time, gpu, model and metrics by their names"
        )
    for name in rows.columns:
        if name in catalogue.metrics and not pd.api.types.is_numeric_dtype(rows[name]):
            raise Misconfigured(f"{path}: {name}", "cells that are no numbers", "numbers, or nothing")
    micros = _micros(rows["time"], path)
    rows = rows.assign(step=micros // int(step_seconds * SECOND), seen=micros)
    models = {str(gpu): str(model) for gpu, model in rows.groupby("gpu")["model"].last().dropna().items()}
    parts = [_digest(rows.assign(value=1.0), WHOLE, None)]
    band = _band(rows[LOAD]) if LOAD in rows else None
    parts += [
        _digest(rows.assign(value=rows[name]), name, band) for name in AT_LOAD if name in rows and band is not None
    ]
    parts += [_digest(rows.assign(value=rows[name]), name, None) for name in PLAIN if name in rows]
    for name, bits in held_by(catalogue).items():
        if name in rows:
            held = (rows[name].fillna(0).astype("int64") & bits).ne(0).astype("float64").where(rows[name].notna())
            parts.append(_digest(rows.assign(value=rows[name], held=held), name, None))
    return Series(pd.concat(parts, ignore_index=True), models, _broken(rows, catalogue))


def failures(path: Path, step_seconds: float, harm: Mapping[str, float]) -> list[Failure]:
    """``path``: TRUTH, as ``kafka-producer simulate fleet --truth`` writes it; ``harm``: how many seconds after its
    beginning a fault of a kind has done its harm. A fault of a whole host (no ``:``) is none of a GPU.

    Raises Misconfigured.
    """
    rows = _table(path)
    if tuple(rows.columns) != TRUTH:
        raise Misconfigured(f"{path}, line 1", ",".join(rows.columns), ",".join(TRUTH))
    if unknown := sorted(set(harm) - set(rows.fault)):
        raise Misconfigured("--harm", unknown[0], f"a fault of {path}: {', '.join(sorted(set(rows.fault)))}")
    rows = rows[rows.gpu.str.contains(":", regex=False)]
    begins = _micros(rows.begin, path) / SECOND
    ends = _micros(rows.end.fillna("2200-01-01T00:00:00Z"), path) / SECOND
    return [
        Failure(str(gpu), str(fault), (begin + harm.get(str(fault), 0.0)) / step_seconds, end / step_seconds)
        for gpu, fault, begin, end in zip(rows.gpu, rows.fault, begins, ends, strict=True)
        if begin + harm.get(str(fault), 0.0) < end
    ]


def broken(rules: pd.DataFrame, history: History) -> Array:
    """(G, T): 1 where ``rules`` of a :class:`Series` were broken."""
    place = {gpu: number for number, gpu in enumerate(history.gpus)}
    made = np.zeros(history.windows.shape)
    made[rules.gpu.map(place).to_numpy(), (rules.step - history.first).to_numpy()] = 1.0
    return made


def _digest(rows: pd.DataFrame, metric: str, band: pd.Series[str] | None) -> pd.DataFrame:
    known = rows.assign(band=WHOLE if band is None else band, held=rows.get("held", np.nan))
    known = known[known.value.notna() & known.band.notna()]
    grouped = known.groupby(["gpu", "step", "band"], sort=False)
    made = grouped.agg(
        windows=("value", "size"),
        avg=("value", "mean"),
        low=("value", "min"),
        high=("value", "max"),
        held=("held", "mean"),
        seen=("seen", "max"),
    ).reset_index()
    host = made.gpu.str.rpartition(":")[0]
    return made.assign(metric=metric, host=host, source="csv", mode="import")[list(COLUMNS)]


def _broken(rows: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    beyond = pd.Series(False, index=rows.index)
    for model, part in rows.groupby("model", dropna=False):
        for metric in catalogue:
            limits = metric.limits_for(model if isinstance(model, str) else None)
            if metric.name not in part or limits is None or limits.warning is None or limits.expected:
                continue
            is_above = limits.direction == "above"
            values = part[metric.name]
            beyond.loc[part.index] |= values > limits.warning if is_above else values < limits.warning
    return rows[beyond][["gpu", "step"]].drop_duplicates()


def _band(load: pd.Series[float]) -> pd.Series[str]:
    edges = [*LOWEST_LOAD.values(), np.inf]
    return pd.cut(load, edges, right=False, labels=list(LOWEST_LOAD)).astype(object)


def _micros(times: pd.Series[str], path: Path) -> pd.Series[int]:
    try:
        parsed = pd.to_datetime(times, utc=True, format="ISO8601")
    except ValueError as error:
        raise Misconfigured(str(path), str(error).splitlines()[0], "times such as 2026-01-15T00:00:00Z") from None
    return parsed.dt.as_unit("us").astype("int64")


def _table(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=dict.fromkeys(("gpu", "model", "fault", "time", "begin", "end"), "str"))
    except OSError as error:
        raise Misconfigured(str(path), error.strerror or str(error), "a file that can be read") from None
    except ValueError as error:
        raise Misconfigured(str(path), str(error).splitlines()[0], "a CSV file with a header") from None
