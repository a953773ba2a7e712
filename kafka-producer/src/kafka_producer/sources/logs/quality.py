"""Cells of a row to values: what is written that is no measurement is dropped, and a flag says why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kafka_producer.sources.logs.layout import Layout
from kafka_producer.sources.logs.naming import Column
from kafka_producer.sources.logs.plain import Plain
from telemetry.reading import IMPLAUSIBLE

FAILED_READ: Final = "failed_read"
"""A ``-``, an empty cell, or a zero beside them in a row in which the card did not answer."""
FALSE_ZERO: Final = "false_zero"
"""A zero that the catalogue calls impossible here."""
NOT_A_NUMBER: Final = "not_a_number"
ASSUMED_LAYOUT: Final = "assumed_layout"

_DECIMALS = 9
"""Beyond them, a value in another unit shows nothing but the factor's own rounding."""


def judge(layout: Layout, line: bytes) -> tuple[dict[str, float], dict[str, str]]:
    """(metrics, flags) of a row that fits ``layout``; every column is in one of the two."""
    metrics: dict[str, float] = {}
    flags: dict[str, str] = {}
    masks: dict[str, int] = {}
    columns, missing, zeros = 0, 0, []
    _, *cells = layout.cells_of(line) or [b""]
    for column, cell in zip(layout.columns, cells, strict=True):
        if column is None:
            continue
        text = cell.strip()
        if text in layout.absent:
            continue
        columns += column.is_of_gpu
        if text in layout.missing:
            missing += column.is_of_gpu
            flags[column.name] = FAILED_READ
            continue
        value = layout.number_of(text)
        low, high = column.plausible
        if value is not None and column.factor != 1.0:
            value = round(value * column.factor, _DECIMALS)
        if value is None:
            flags[column.name] = NOT_A_NUMBER
        elif column.bit:
            masks[column.name] = masks.get(column.name, 0) | (column.bit if value else 0)
        elif not low <= value <= high:
            flags[column.name] = IMPLAUSIBLE
        else:
            metrics[column.name] = value
            if value == 0.0:
                zeros.append(column)
    for name, mask in masks.items():
        flags.pop(name, None)
        metrics[name] = int(metrics.get(name, 0)) | mask
    if missing and _card_did_not_answer(columns, missing, zeros):
        for zero in zeros:
            if zero.is_of_gpu:
                del metrics[zero.name]
                flags[zero.name] = FAILED_READ
    return metrics, flags | drop_false_zeros(layout, metrics)


def drop_false_zeros(layout: Layout, metrics: dict[str, float]) -> dict[str, str]:
    """Takes the zeros that the catalogue forbids beside the other values out of ``metrics``; returns their flags."""
    flags = {
        name: FALSE_ZERO
        for name, rule in layout.zero_rules.items()
        if metrics.get(name) == 0.0 and rule.forbids(metrics)
    }
    for name in flags:
        del metrics[name]
    return flags


def _card_did_not_answer(gpu_columns: int, missing: int, zeros: Iterable[Column]) -> bool:
    """Whether the zeros of a row are what GPU-Z writes for sensors of a card that it could not read.

    A single ``-`` is no proof: integrated GPUs show it for the one sensor that they lack, in every row. Half of the
    card's columns is; so are two of them beside a zero that cannot be (a running chip at 0 °C or 0 V). In the logs
    seen, failed reads leave 6 of 11, 15 of 21 and 14 of 27 columns of the card without a value.
    """
    if missing * 2 >= gpu_columns:
        return True
    impossible = (zero.metric is not None and zero.metric.zero_rule.kind == "never" for zero in zeros if zero.is_of_gpu)
    return missing >= 2 and any(impossible)


class ZeroWatch:
    """Which sensors have shown nothing but zeros: most likely the card has none there."""

    def __init__(self) -> None:
        self._zero: set[str] = set()
        self._alive: set[str] = set()

    def see(self, layout: Layout, plain: Plain) -> None:
        """Rows in which every column has a value."""
        for name, values in zip(layout.names, plain.columns, strict=True):
            if name not in self._alive:
                (self._alive if any(values) else self._zero).add(name)

    def see_some(self, metrics: dict[str, float], flags: dict[str, str]) -> None:
        for name, value in metrics.items():
            (self._alive if value else self._zero).add(name)
        self._zero.update(name for name, flag in flags.items() if flag == FALSE_ZERO)

    def stayed_zero(self) -> list[str]:
        return sorted(self._zero - self._alive)
