"""The options of ``spark-jobs evaluate risk`` and ``spark-jobs risk``; what they run is loaded when it is asked for."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

LEAST_DAYS = 36
"""One more than the features look back (spark_jobs.risk.features.LOOKS_BACK)."""
_SPAN = re.compile(r"([0-9]+)(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def of_evaluation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--csv", type=Path, required=True, metavar="FILE", help="time, gpu, model, metrics by name")
    parser.add_argument("--truth", type=Path, required=True, metavar="FILE", help="gpu,fault,begin,end,xid")
    harm = "how long after its beginning a fault has done its harm, such as paste=1h (default: at once); repeatable"
    parser.add_argument("--harm", type=_harm, action="append", default=[], metavar="FAULT=TIME", help=harm)
    step = "a step of the features: a day in the nightly batch, less for a simulated fleet (default: 1d)"
    parser.add_argument("--step", type=_span, default=86_400, metavar="TIME", help=step)
    parser.add_argument("--horizon", type=_span, default=7 * 86_400, metavar="TIME", help="whole hours (default: 7d)")
    share = "of the time, the earlier part that is learned from (default: %(default)s)"
    parser.add_argument("--learn", type=_share, default=0.6, metavar="SHARE", help=share)
    budget = "alerts per 100 GPUs and day that are allowed; repeatable (default: 1)"
    parser.add_argument("--budget", type=float, action="append", default=[], metavar="N", help=budget)
    parser.add_argument("--into", type=Path, metavar="FILE", help="also write the tables between the marks in FILE")
    parser.add_argument("--note", default="", help="a line above the tables")


def of_risk(parser: argparse.ArgumentParser) -> None:
    whats = parser.add_subparsers(dest="what", required=True)
    train = whats.add_parser("train", help="learn from the lake; the nightly batch uses the model from then on")
    train.add_argument("--days", type=_days, default=180, metavar="N", help="that it looks back (default: %(default)s)")
    train.add_argument("--demo", action="store_true", help="learn from demonstration GPUs, too")
    budget = "alerts per 100 GPUs and day for its evaluation (default: %(default)s)"
    train.add_argument("--budget", type=float, default=1.0, metavar="N", help=budget)
    train.add_argument("--dry-run", action="store_true", help="show the evaluation, keep nothing")
    whats.add_parser("show", help="the model in use: its weights and its evaluation, as JSON")
    whats.add_parser("economics", help="config/economics.yaml: what each action costs a model in a year")


def _span(text: str) -> int:
    match = _SPAN.fullmatch(text)
    if match is None or not int(match[1]):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a time such as 10m, 1h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def _harm(text: str) -> tuple[str, int]:
    fault, _, span = text.partition("=")
    return fault, _span(span)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.2 <= value <= 0.9:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a share from 0.2 to 0.9")
    return value


def _days(text: str) -> int:
    if not text.isdecimal() or not LEAST_DAYS <= int(text) <= 3650:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {LEAST_DAYS} to 3650")
    return int(text)
