"""The command ``spark-jobs``: what of this project is no Spark application."""

from __future__ import annotations

import argparse
import signal
import sys
from threading import Event

from spark_jobs.evaluation import command
from spark_jobs.risk import options
from spark_jobs.scheduler import PROCESS, Scheduler
from telemetry import logs
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured
from telemetry.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 stopped or done, 1 nothing to learn from, 2 misconfigured or misused."""
    parser = argparse.ArgumentParser(prog="spark-jobs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("schedule", help="run the batch by REPORT_SCHEDULE and after large imports, until stopped")
    evaluate = commands.add_parser("evaluate", help="how well something is found, against a labelled series")
    whats = evaluate.add_subparsers(dest="what", required=True)
    command.add_to(whats.add_parser("anomalies", help="precision, recall and delay of the detectors of anomalies"))
    options.of_evaluation(whats.add_parser("risk", help="how well failures are foretold by what was learned before"))
    risk = "the model of failures, and what GPUs cost (docs/risk.md)"
    options.of_risk(commands.add_parser("risk", help=risk))
    chosen = parser.parse_args(arguments)
    if chosen.command == "evaluate":
        return _evaluate(chosen)
    if chosen.command == "risk":
        return _risk(chosen)
    return _schedule()


def _evaluate(chosen: argparse.Namespace) -> int:
    try:
        if chosen.what == "anomalies":
            print(command.run(chosen, Settings.load()))
        else:
            from spark_jobs.risk import evaluate_command

            print(evaluate_command.run(chosen, Settings.load()))
    except Misconfigured as error:
        print(f"spark-jobs: {error}", file=sys.stderr)
        return 2
    return 0


def _risk(chosen: argparse.Namespace) -> int:
    from spark_jobs.risk import train_command

    try:
        return train_command.run(chosen, Settings.load())
    except Misconfigured as error:
        print(f"spark-jobs: {error}", file=sys.stderr)
        return 2


def _schedule() -> int:
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    try:
        settings = Settings.load()
        logs.configure(PROCESS, settings.log_level)
        Scheduler(settings, SystemClock(), stop).run()
    except Misconfigured as error:
        print(f"spark-jobs: {error}", file=sys.stderr)
        return 2
    return 0
