"""A log on its way: what is told of it in a line."""

from __future__ import annotations

from urllib.parse import quote

from dashboard.pages.markup import Markup, joined, tag
from dashboard.pages.moments import moment
from dashboard.pages.states import OF_LOG, badge, named
from telemetry.log_states import LogState
from telemetry.timestamp import MILLISECOND, parse_time


def table(logs: list[LogState], now: int) -> Markup:
    names = ("Log", "GPU", "Progress", "Rows", "State", "", "Changed")
    classes = {"Rows": "n", "Changed": "optional"}
    columns = tag("tr", *(tag("th", name, class_=classes.get(name)) for name in names))
    rows_of = (_row(each, now) for each in logs)
    return tag("div", tag("table", columns, *rows_of, class_="stacked"), class_="scroll")


def _row(log: LogState, now: int) -> Markup:
    why = (
        tag("div", f"{(log.reason or '').replace('_', ' ')}: {log.detail}", class_="soft small") if log.reason else None
    )
    return tag(
        "tr",
        tag("td", tag("a", log.file, href=address(log)), why),
        tag("td", log.gpu or "–", class_="nowrap", data_label="GPU"),
        tag("td", progress(log), data_label="Progress"),
        tag("td", rows(log), class_="n", data_label="Rows"),
        tag("td", badge(named(OF_LOG, log.state)), data_label="State"),
        tag("td", links(log), class_="nowrap"),
        tag("td", moment(parse_time(log.changed), now), class_="optional nowrap soft"),
    )


def address(log: LogState) -> str:
    return f"/logs/one?file={quote(log.file, safe='')}"


def links(log: LogState) -> Markup:
    if log.gpu is None or log.begin is None or log.end is None:
        return Markup("")
    return tag("a", "Charts", href=charts(log))


def charts(log: LogState) -> str:
    """The page of its GPU at its time."""
    begin, end = parse_time(log.begin or ""), parse_time(log.end or "")
    return f"/gpu/{log.gpu}?from={begin // MILLISECOND}&to={end // MILLISECOND + 1000}"


def rows(log: LogState) -> str:
    if log.rows is None or log.rows <= log.rows_sent:
        return f"{log.rows_sent:,}"
    return f"{log.rows_sent:,} of {log.rows:,}"


def part(log: LogState) -> float:
    """Of its bytes that were read, 0 to 1."""
    if log.state in ("done", "gone", "sent"):
        return 1.0
    if not log.bytes or log.bytes_read is None:
        return 0.0
    return min(1.0, log.bytes_read / log.bytes)


def progress(log: LogState) -> Markup:
    if log.state == "rejected":
        return tag("span", "–", class_="soft")
    percent = int(100 * part(log))
    bar = tag(
        "div",
        tag("i", style=f"width:{percent}%"),
        class_="bar",
        role="progressbar",
        aria_valuenow=percent,
        aria_valuemin=0,
        aria_valuemax=100,
        aria_label=f"{log.file} read",
    )
    return joined(bar, tag("span", f"{percent} %", class_="soft small figure"))
