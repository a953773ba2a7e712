"""``spark-jobs risk``: trains the model of failures on the lake, shows the one in use, and what the prices come to."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession

from spark_jobs.days import Days
from spark_jobs.decisions import economics
from spark_jobs.decisions.costs import ACTIONS, Seen
from spark_jobs.decisions.decide import decide
from spark_jobs.knowledge import Knowledge, keep_model
from spark_jobs.lake import Lake
from spark_jobs.lake_history import LakeHistory
from spark_jobs.report_store import ReportStore
from spark_jobs.reports.failures import NAME as FAILURES
from spark_jobs.risk import lake_digests, tables
from spark_jobs.risk.features import LOOKS_BACK
from spark_jobs.risk.history import history
from spark_jobs.risk.labels import Failure, lost
from spark_jobs.risk.model import Model, model
from spark_jobs.risk.training import TooFew
from spark_jobs.risk.trial import Plan, Trial, for_use, trial
from spark_jobs.session import session
from spark_jobs.transforms.metrics import models
from telemetry import catalogue, logs
from telemetry.reading import DEMO_HOST_PREFIX
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, format_time

HORIZONS = (1, 7)
"""Days."""
LEARNED_SHARE = 0.6
EXAMPLES = (0.0, 0.05, 0.3)
"""Probabilities for which the prices are shown."""


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Exit status 0 done, 1 there is too little to learn from, or no model. Raises Misconfigured."""
    if arguments.what == "economics":
        print(prices(settings))
        return 0
    logs.configure("risk", settings.log_level)
    logging.getLogger("py4j").setLevel(logging.WARNING)
    spark = session("gpustream risk", settings, page=False)
    try:
        store = ReportStore(spark, settings)
        return _show(settings, store) if arguments.what == "show" else train(arguments, settings, spark, store)
    finally:
        spark.stop()


def _show(settings: Settings, store: ReportStore) -> int:
    found = Knowledge(settings, store).risk_model
    if found is None:
        print("no model of failures has been trained: spark-jobs risk train")
        return 1
    print(found.text())
    return 0


def train(arguments: argparse.Namespace, settings: Settings, spark: SparkSession, store: ReportStore) -> int:
    """Exit status 0 kept, 1 there is too little to learn from."""
    known = catalogue.load(settings.config_dir / "metrics.yaml")
    days = Days(settings.report_timezone)
    lake = Lake(spark, settings, known)
    until = datetime.now(UTC).date() - timedelta(days=1)
    windows = LakeHistory(spark, settings).windows(days.period(until, arguments.days))
    if not arguments.demo:
        windows = windows.filter(~windows.host.startswith(DEMO_HOST_PREFIX))
    parts = list(lake_digests.daily(windows, days, known))
    first = until - timedelta(days=arguments.days)
    dates = [day.isoformat() for day in store.dates(FAILURES) if first <= day]
    told = lake_digests.failures(store.rows(FAILURES, *dates), days) if dates else []
    names = models(lake.readings()) if lake.has_readings() else {}
    try:
        made, tried = learned(parts, told, names, arguments.budget)
    except TooFew as error:
        print(f"too little to learn from in {arguments.days} days up to {until}: {error}")
        return 1
    print("\n\n".join(tables.text(each) for each in tried))
    if arguments.dry_run:
        return 0
    print(f"\nkept as {settings.reports_path}/{keep_model(store, made)}; the next batch uses it")
    return 0


def learned(
    parts: Sequence[pd.DataFrame], told: Sequence[Failure], names: dict[str, str], budget: float
) -> tuple[Model, list[Trial]]:
    """The model of all of the time, and its trials: learned before, judged after. ``parts``: of digests with a step a
    day; ``told``: failures out of gpu-events; GPUs that fell silent beside others of their host count, too.

    Raises TooFew.
    """
    if not parts:
        raise TooFew("there are no windows")
    known = history(pd.concat(parts, ignore_index=True), names)
    if known.steps <= LOOKS_BACK:
        raise TooFew(f"{known.steps} days, more than {LOOKS_BACK} are needed")
    failures = [*told, *lost(known)]
    # Of a lake there are windows, not the readings that a rule would judge: the baseline is what the driver asks for.
    asked = sum((known.high.get(name, np.zeros(known.windows.shape)) > 0) for name in _ASKED)
    plans = [Plan(horizon, 24 * horizon, 24.0, LEARNED_SHARE, (budget,)) for horizon in HORIZONS]
    tried = [trial(known, failures, plan, np.minimum(asked, 1.0)) for plan in plans]
    final = [for_use(known, failures, plan, each) for plan, each in zip(plans, tried, strict=True)]
    span = f"{_date(known.first)} to {_date(known.first + known.steps - 1)}, {len(known.gpus)} GPUs"
    now = format_time(int(datetime.now(UTC).timestamp()) * SECOND)
    return model(now, span, 24.0, final), tried


_ASKED = ("row_remap_pending", "row_remap_failed", "retired_pages_pending", "gpu_recovery_action")


def prices(settings: Settings) -> str:
    """A table: the cost of a year by model, action and probability, of a GPU at 70 % load by its data sheet."""
    known, version = economics.load(settings.config_dir)
    lines = [f"config/economics.yaml, version {version}: {known.currency} in a year, at 70 % load", ""]
    lines.append(f"{'model':<12} {'fails in 7 days':>15} " + " ".join(f"{each:>8}" for each in ACTIONS) + "  chosen")
    for name in known.models:
        for probability in EXAMPLES:
            advice = decide(Seen(name, None, 0.7, 0.0, probability, 168), known)
            costs = " ".join(f"{advice.yearly_cost[each]:>8,.0f}" for each in ACTIONS)
            lines.append(f"{name:<12} {probability:>15.0%} {costs}  {advice.action}")
    return "\n".join(lines)


def _date(step: int) -> date:
    return date(1970, 1, 1) + timedelta(days=step)
