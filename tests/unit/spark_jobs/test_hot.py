"""Which temperatures are hot, by the limit of the model and by what is usual."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from spark_jobs.transforms.hot import Hot, Usual
from support.lake_day import CATALOGUE
from telemetry.catalogue import Limits, Metric, ModelLimits

REASON = "Made up for this test."
CORE = CATALOGUE["gpu_temperature"].model_copy(
    update={
        "limits": Limits(warning=80, reason=REASON),
        "limits_by_model": (ModelLimits(model="RTX 9090", warning=90, reason=REASON),),
    }
)
MARGIN = CATALOGUE["gpu_temperature"].model_copy(
    update={"limits": Limits(warning=5, direction="below", reason=REASON), "limits_by_model": ()}
)


def found(metric: Metric, usual: Usual, *readings: tuple[str, str | None, str | None, float | None]) -> pa.Table:
    """``readings``: (gpu, band, model, value)."""
    gpus, bands, models, values = zip(*readings, strict=True)
    time = pa.array([datetime(2026, 11, 22, tzinfo=UTC)] * len(readings), pa.timestamp("us", "UTC"))
    columns = {
        "gpu": pa.array(gpus),
        "host": pa.array(gpus),
        "demo": pa.array([False] * len(readings)),
        "source": pa.array(["nvml"] * len(readings)),
        "time": time,
        "band": pa.array(bands, pa.string()),
        "model": pa.array(models, pa.string()),
        metric.name: pa.array(values, pa.float64()),
    }
    found = list(Hot([metric], usual)(iter(pa.table(columns).to_batches())))
    return pa.Table.from_batches(found) if found else pa.table({})


def usual(**beyond: float) -> Usual:
    """Of the GPU ``a``, by band."""
    bounds = {"gpu": ["a"] * len(beyond), "band": list(beyond), "metric": [CORE.name] * len(beyond)}
    return Usual.of(pa.table(bounds | {"beyond": pa.array(beyond.values(), pa.float64())}), [CORE.name])


def test_limit_is_that_of_the_model() -> None:
    table = found(
        CORE, usual(), ("a", None, "NVIDIA rtx 9090 FE", 85.0), ("b", None, None, 85.0), ("b", None, None, 80)
    )
    assert table.select(["gpu", "value", "threshold", "cause"]).to_pylist() == [
        {"gpu": "b", "value": 85.0, "threshold": 80.0, "cause": "limit"}
    ]


def test_the_lowest_that_is_broken_is_told() -> None:
    table = found(
        CORE,
        usual(idle=40.0, full=85.0),
        ("a", "idle", None, 50.0),
        ("a", "idle", None, 90.0),
        ("a", "full", None, 84.0),
        ("a", "full", None, 86.0),
        ("a", "half", None, 50.0),
        ("b", "idle", None, 50.0),
        ("a", "idle", None, None),
    )
    assert [tuple(row.values()) for row in table.select(["value", "threshold", "cause"]).to_pylist()] == [
        (50.0, 40.0, "load"),
        (90.0, 40.0, "limit"),
        (84.0, 80.0, "limit"),
        (86.0, 80.0, "limit"),
    ]


def test_a_limit_below_is_none_above() -> None:
    assert len(found(MARGIN, usual(), ("a", None, None, 60.0), ("a", None, None, 1.0))) == 0
