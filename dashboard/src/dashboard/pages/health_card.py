"""The health of one GPU: score and trend, components, reasons, risk, and what to do with the money behind it."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.pages import event_rows
from dashboard.pages import health_words as words
from dashboard.pages.markup import Child, Markup, joined, tag
from dashboard.pages.moments import moment
from dashboard.pages.states import OF_MODE, badge, named
from dashboard.stores.health import Advice, Event, Risk, Score, TrendPoint
from dashboard.stores.history import Span

WIDTH, HEIGHT = 200.0, 40.0
_MOST_FLIPS = 3


def card(
    score: Score,
    title: Child,
    beside: Child,
    trend: Markup,
    risks: Sequence[Risk],
    advice: Advice | None,
    now: int,
    events: Sequence[Event] = (),
) -> Markup:
    """The columns of one GPU; the element around them has the class ``health`` and the tone of the score."""
    return joined(
        tag("div", _names(title, beside), _figure(score, trend), _states(score, now)),
        tag("div", tag("h3", "Components"), parts(score), happened(events, now)),
        tag("div", tag("h3", "Why it is not higher"), reasons(score), risk(risks)),
        tag("div", decision(advice)),
    )


def brief(
    score: Score, title: Child, beside: Child, trend: Markup, risks: Sequence[Risk], advice: Advice | None, now: int
) -> Markup:
    """Of a GPU of which there is little to say: no component, and no money."""
    kept = badge(named(words.OF_ACTION, advice.action)) if advice else None
    return joined(
        tag("div", _names(title, beside), _states(score, now)),
        tag("div", _figure(score, trend)),
        tag("div", risk(risks)),
        tag("div", kept),
    )


def is_calm(score: Score, advice: Advice | None, events: Sequence[Event] = ()) -> bool:
    return not score.reasons and not events and (advice is None or advice.action == "keep")


def _names(title: Child, beside: Child) -> Markup:
    return tag("div", tag("div", title, class_="name"), tag("div", beside, class_="soft small"))


def _figure(score: Score, trend: Markup) -> Markup:
    tone = words.state(score.score).tone
    value = tag("span", words.score(score.score), tag("small", " of 100"), class_=f"big value {tone}")
    return tag("div", value, trend, class_="health-score")


def _states(score: Score, now: int) -> Markup:
    mode = None if score.mode == "live" else badge(OF_MODE[score.mode])
    age = tag("span", moment(score.time, now), title=f"rules {score.version}", class_="soft small")
    return tag("div", badge(words.state(score.score)), mode, age, class_="row-of")


def parts(score: Score) -> Markup:
    """A bar for each; those without evidence are not there."""
    rows: list[Markup] = []
    for name, value in sorted(score.components.items(), key=lambda pair: (pair[1], pair[0])):
        bar = tag(
            "div", tag("i", style=f"width:{max(0.0, min(100.0, value)):.0f}%"), class_=f"bar {words.state(value).tone}"
        )
        rows += [tag("dt", words.component(name)), bar, tag("dd", words.score(value))]
    return tag("dl", *rows, class_="parts") if rows else tag("p", "No component has evidence yet.", class_="soft small")


def happened(events: Sequence[Event], now: int) -> Markup | None:
    if not events:
        return None
    lines = (tag("li", event_rows.title(each), ", ", moment(each.last, now)) for each in events)
    return tag("div", tag("h3", "Newest events"), tag("ul", *lines, class_="told plain soft"))


def reasons(score: Score) -> Markup:
    if not score.reasons:
        return tag("p", "Nothing takes points from it.", class_="soft")
    lines = (
        tag(
            "li",
            tag("span", words.points(each), class_="taken"),
            tag("span", each.sentence),
            title=words.component(each.component),
        )
        for each in score.reasons
    )
    return tag("ul", *lines, class_="told")


def risk(risks: Sequence[Risk]) -> Markup:
    if not risks:
        return tag(
            "div", tag("h3", "Failure risk"), tag("p", "No prediction yet: the nightly batch makes it.", class_="soft")
        )
    lines = [
        tag("div", tag("b", words.chance(each.probability)), f" within the next {words.horizon(each.horizon_hours)}")
        for each in risks
    ]
    first = risks[0]
    why = tag("ul", *(tag("li", each) for each in first.reasons), class_="told plain soft") if first.reasons else None
    return tag("div", tag("h3", f"Failure risk, model {first.model_version}"), *lines, why)


def decision(advice: Advice | None) -> Markup:
    """Advice, never more: nothing acts on it."""
    if advice is None:
        return tag(
            "div", tag("h3", "What to do"), tag("p", "No advice yet: the nightly batch makes it.", class_="soft")
        )
    money: list[Markup] = []
    for action, cost in words.costs(advice.yearly_cost):
        chosen = "chosen" if action == advice.action else None
        told = named(words.OF_ACTION, action).word
        money += [tag("dt", told, class_=chosen), tag("dd", words.money(cost, advice.currency), class_=chosen)]
    flips = [tag("li", each) for each in advice.flips[:_MOST_FLIPS]]
    return joined(
        tag("div", tag("h3", "What to do"), badge(named(words.OF_ACTION, advice.action))),
        *(tag("p", each) for each in advice.reasons),
        tag("div", tag("h3", "What a year costs"), tag("dl", *money, class_="costs soft")) if money else None,
        tag("div", tag("h3", "What would change this"), tag("ul", *flips, class_="told plain soft")) if flips else None,
    )


def trend(points: Sequence[TrendPoint], span: Span, label: str) -> Markup:
    """From 0 to 100, so that two GPUs can be compared at a glance."""
    if len(points) < 2:
        return Markup('<svg class="spark" aria-hidden="true"></svg>')
    length = span.end - span.begin

    def place(point: TrendPoint) -> str:
        return f"{WIDTH * (point.time - span.begin) / length:.1f} {HEIGHT - HEIGHT * point.score / 100:.1f}"

    line = " L".join(map(place, points))
    first, last = place(points[0]).split()[0], place(points[-1]).split()[0]
    drawn = f'<path class="area" d="M{first} {HEIGHT} L{line} L{last} {HEIGHT} Z"/><path d="M{line}"/>'
    return tag(
        "svg", Markup(drawn), class_="spark", viewBox=f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", preserveAspectRatio="none",
        role="img", aria_label=label,
    )  # fmt: skip
