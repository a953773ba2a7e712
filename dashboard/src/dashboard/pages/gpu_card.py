"""The card of one GPU on the overview: what an instrument shows at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.card_words import counted, few
from dashboard.pages.figures import Figures
from dashboard.pages.icons import icon
from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.moments import ago
from dashboard.pages.sparkline import sparkline
from dashboard.pages.states import CRITICAL, GOOD, INFO, OF_MODE, SILENT, WARNING, State, badge
from dashboard.stores.alerts import Alert
from dashboard.stores.live import Latest, SparkPoint
from telemetry.timestamp import SECOND

HEADLINE = "gpu_temperature"
FIGURES = (
    ("hot_spot_temperature", "Hot spot"),
    ("gpu_load", "Load"),
    ("board_power_draw", "Power"),
    ("gpu_memory_used", "Memory"),
)
"""With the short names that fit under each other on a phone; the catalogue's stand in the title."""
SILENT_AFTER = 60 * SECOND
_MOST_REASONS = 2


def state(latest: Latest, figures: Figures, alerts: Sequence[Alert], now: int) -> State:
    """The worst thing to say of this GPU."""
    if now - latest.arrived > SILENT_AFTER:
        return SILENT
    found = {figures.figure(name, value, latest.model).severity for name, value in latest.metrics.items()}
    told = {alert.severity for alert in alerts}
    if "critical" in found | told:
        return CRITICAL
    if "warning" in found | told:
        return WARNING
    return INFO if told else GOOD


def card(latest: Latest, spark: list[SparkPoint], figures: Figures, alerts: Sequence[Alert], now: int) -> Markup:
    shown = state(latest, figures, alerts, now)
    return joined(
        tag(
            "div",
            tag(
                "div",
                tag("div", latest.model or latest.gpu, class_="card-name"),
                tag("div", latest.gpu if latest.model else f"host {latest.host}", class_="soft small"),
            ),
            badge(*_badge(shown, alerts)),
            class_="card-top",
        ),
        tag("div", _headline(latest, figures), sparkline(spark, now, _spark_words(figures)), class_="card-main"),
        tag("dl", *(_figure(latest, figures, name, short) for name, short in FIGURES), class_="figures"),
        tag("div", _throttling(latest, figures), tag("span", ago(latest.arrived, now)), class_="card-foot"),
    )


def _badge(shown: State, alerts: Sequence[Alert]) -> tuple[State, str]:
    if not alerts:
        return shown, shown.word
    words = counted(len(alerts), "alert")
    return (shown, f"{shown.word}, {words}") if shown is SILENT else (shown, words)


def _headline(latest: Latest, figures: Figures) -> Markup:
    value = latest.metrics.get(HEADLINE)
    label = tag("div", figures.label(HEADLINE), class_="soft small")
    told = tag("span", "–", class_="soft") if value is None else figures.figure(HEADLINE, value, latest.model).markup
    return tag("div", label, tag("div", told, class_="big"))


def _spark_words(figures: Figures) -> str:
    return f"{figures.label(HEADLINE)} of the last 10 minutes"


def _figure(latest: Latest, figures: Figures, name: str, short: str) -> Markup:
    value = latest.metrics.get(name)
    told = tag("span", "–", class_="soft") if value is None else figures.figure(name, value, latest.model).markup
    return tag("div", tag("dt", short, title=figures.label(name)), tag("dd", told))


def _throttling(latest: Latest, figures: Figures) -> Markup:
    """Why the clocks are not higher, in the catalogue's words."""
    found = figures.throttling(latest.metrics)
    if found is None:
        return tag("span", "throttle reason not reported")
    words, held_back = found
    if not words:
        return tag("span", "not throttled")
    told = few(words, _MOST_REASONS)
    if held_back:
        return tag("span", icon("warning", 14), f" throttled: {told}", title=", ".join(words), class_="value warning")
    return tag("span", told, title=", ".join(words))


def mode_badge(latest: Latest) -> Markup:
    return badge(OF_MODE[latest.mode])
