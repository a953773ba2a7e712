"""``spark-jobs evaluate risk``: a model of failures on a labelled series, learned before and judged after."""

from __future__ import annotations

import argparse

from spark_jobs.evaluation.document import put
from spark_jobs.risk import tables
from spark_jobs.risk.history import history
from spark_jobs.risk.series import broken, failures, series
from spark_jobs.risk.training import TooFew
from spark_jobs.risk.trial import Plan, trial
from telemetry import catalogue
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

MARK = "risk"


def run(arguments: argparse.Namespace, settings: Settings) -> str:
    """The tables in Markdown. Raises Misconfigured."""
    step, horizon = arguments.step, arguments.horizon
    if horizon % 3600 or horizon % step:
        raise Misconfigured("--horizon", f"{horizon} s", f"whole hours, and whole steps of {step} s")
    metrics = catalogue.load(settings.config_dir / "metrics.yaml")
    told = series(arguments.csv, metrics, step)
    known = history(told.digests, told.models)
    plan = Plan(
        horizon=horizon // step,
        horizon_hours=horizon // 3600,
        step_hours=step / 3600,
        learned_share=arguments.learn,
        budgets=tuple(arguments.budget) or (1.0,),
    )
    try:
        tried = trial(known, failures(arguments.truth, step, dict(arguments.harm)), plan, broken(told.rules, known))
    except TooFew as error:
        raise Misconfigured(str(arguments.truth), str(error), "a longer series, more GPUs or more faults") from None
    text = tables.text(tried)
    if arguments.into:
        put(arguments.into, MARK, "\n\n".join(part for part in (arguments.note, text) if part))
    return text
