"""The trial of a model of failures as tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from spark_jobs.risk.score import Bin, Score
from spark_jobs.risk.trial import MODEL, NO, RULES, Row, Trial, weights

_HEAD = (
    *("way", "allowed per 100 GPUs and day", "alerts per 100 GPUs and day", "alerts", "true", "precision"),
    *("failures", "foretold", "recall"),
)
_MANY = 100
"""Samples of a bin that say something."""


def text(tried: Trial) -> str:
    """Alerts by way and budget, what was found of each kind, calibration, weights; and where the model loses."""
    parts = [
        f"Horizon {tried.horizon_hours} h; learned from {tried.learned[0]:,} samples ({tried.learned[1]} GPUs failed), "
        f"judged on {tried.judged:,} later ones, after {tried.base_rate:.2%} of which the GPU failed.",
        _table(
            _HEAD,
            (_row(row) for row in tried.rows),
        ),
        _kinds(tried),
        "Calibration: what was said, and what came. "
        + "Brier scores (0 is perfect): "
        + ", ".join(f"{way} {value:.5f}" for way, value in tried.briers.items())
        + ".",
        _table(
            ("said", "samples", "mean of what was said", "came"),
            (_bin(each) for each in tried.bins),
        ),
        "The model: what each feature adds to the logarithm of the odds, per standard deviation and per unit.",
        _table(
            ("feature", "per deviation", "per unit"),
            ((name, f"{weight:+.3f}", f"{unit:+.4f}") for name, weight, unit in weights(tried.model)),
        ),
        verdict(tried),
    ]
    return "\n\n".join(parts)


def verdict(tried: Trial) -> str:
    """Where the model loses or says what does not come, as a list; else that it does not."""
    rules = next(row.score for row in tried.rows if row.way == RULES)
    ours = [row for row in tried.rows if row.way == MODEL]
    lost: list[str] = []
    fitting = [row for row in ours if row.score.alerts <= rules.alerts]
    found = max((row.score.foretold for row in fitting), default=0)
    if found < rules.foretold:
        lost.append(f"{RULES} foretell {rules.foretold} of {rules.failures} with {rules.alerts} alerts, we {found}.")
    lost += [
        f"{RULES} have the better precision, {_share(rules.precision)} against {_share(row.score.precision)} "
        f"with {row.budget:g} alerts allowed."
        for row in ours
        if rules.precision is not None and (row.score.precision or 0) < rules.precision and row.score.alerts
    ]
    lost += [
        f"{way}: the better Brier score, {value:.5f} against {tried.briers[MODEL]:.5f}."
        for way, value in tried.briers.items()
        if way != MODEL and value < tried.briers[MODEL]
    ]
    lost += [
        f"calibration: {each.samples:,} times {each.mean:.2%} on average was said, and {each.observed:.2%} came."
        for each in tried.bins
        if each.samples >= _MANY and _is_off(each)
    ]
    if not lost:
        return "Where the model loses: nowhere in these tables, but for the kinds of which it foretold none."
    return "\n".join(["Where the model loses:", "", *(f"- {each}" for each in lost)])


def _is_off(each: Bin) -> bool:
    """By more than twice, where that is more than a percent."""
    low, high = sorted((each.mean, each.observed))
    return high > 2 * low and high - low > 0.01


def _kinds(tried: Trial) -> str:
    """What each way foretold of each kind; the model at each of its budgets."""
    rows = [row for row in tried.rows if row.way != NO]
    names = tuple(row.way if row.budget is None else f"{row.way}, {row.budget:g} allowed" for row in rows)
    kinds = sorted({kind for row in rows for kind in row.score.by_kind})
    return _table(
        ("kind of failure", "failures", *names),
        (
            (kind, str(rows[0].score.by_kind[kind][1]), *(str(row.score.by_kind[kind][0]) for row in rows))
            for kind in kinds
        ),
    )


def _row(row: Row) -> Sequence[str]:
    score: Score = row.score
    allowed = "" if row.budget is None else f"{row.budget:g}"
    alerts = (f"{score.per_100_gpu_days:.1f}", str(score.alerts), str(score.true), _share(score.precision))
    return row.way, allowed, *alerts, str(score.failures), str(score.foretold), _share(score.recall)


def _bin(each: Bin) -> Sequence[str]:
    return f"{each.above:g} to {each.up_to:g}", f"{each.samples:,}", f"{each.mean:.4f}", f"{each.observed:.4f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)
