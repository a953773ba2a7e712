"""What a page says where there is nothing yet, or a store is away: what it is, and what to do."""

from __future__ import annotations

from dashboard.pages.icons import icon
from dashboard.pages.markup import Child, Markup, tag
from telemetry.errors import Unavailable


def empty(picture: str, title: str, text: Child, *do: Child, slim: bool = False) -> Markup:
    return tag(
        "div",
        icon(picture, 30 if slim else 40),
        tag("h2", title),
        tag("p", text),
        tag("div", *do, class_="do") if do else None,
        class_="empty slim" if slim else "empty",
    )


def code(text: str) -> Markup:
    return tag("code", text, class_="code")


def away(error: Unavailable) -> Markup:
    """The rest of the page goes on."""
    return tag(
        "div",
        tag("h3", icon("warning"), " Not to be had right now"),
        tag("p", str(error), class_="soft"),
        tag(
            "p", "The page tries again by itself. ", code("./start.sh status"), " tells what runs.", class_="soft small"
        ),
        class_="panel trouble",
        role="status",
    )


def alone(why: str) -> Markup:
    """Alertmanager is away: what there is, is ours."""
    return tag(
        "div",
        tag("h3", icon("warning"), " Prometheus' alerts are not to be had right now"),
        tag("p", why, class_="soft"),
        tag("p", "Those below are of gpustream's own engine. The page tries again by itself.", class_="soft small"),
        class_="panel trouble",
        role="status",
    )


def no_score() -> Markup:
    """Nothing makes scores here, or none was made yet: no error."""
    text = "No score yet: a GPU gets its first one about a minute after its first readings, where scores are made."
    return tag("p", icon("info", 16), " ", text, class_="soft no-score", role="status")


def framed(page: str, title: str) -> Markup:
    """A whole page that others made, within ours: whatever stands in a log or a report, it runs nothing."""
    return tag("iframe", srcdoc=page, title=title, class_="framed", sandbox="allow-same-origin")
