"""The card as one HTML file that needs nothing else: no script, no request, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files

from dashboard.card import Card, Sensor, WorstMinute
from dashboard.card_findings import energy_sentence, findings
from dashboard.card_svg import figure
from dashboard.card_terminal import flag_sentence, sensor_level
from dashboard.card_words import (
    clean,
    cost,
    counted,
    duration,
    energy,
    full_moment,
    number,
    origin,
    share,
    short_moment,
)
from telemetry.catalogue import Catalogue

# The page may use its own style and nothing else, whatever stands in a log.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(cards: Sequence[Card], catalogue: Catalogue, name: str = "") -> str:
    """All cards in one document; ``name`` is what people call the session, such as the log's file name."""
    style = files("dashboard").joinpath("card.css").read_text(encoding="utf-8")
    title = f"GPU {cards[0].gpu}, {full_moment(cards[0].begin)}" if len(cards) == 1 else f"{len(cards)} GPUs"
    title = f"{clean(name)}: {title}" if name else title
    body = "".join(f"<main>{''.join(_card(card, catalogue, clean(name)))}</main>\n" for card in cards)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n<body>\n{body}"
        "<footer>Session card of gpustream. Limits and their reasons: config/metrics.yaml.</footer>\n</body></html>\n"
    )


def _card(card: Card, catalogue: Catalogue, name: str) -> Iterator[str]:
    yield _head(card, name)
    yield _tiles(card)
    yield '<ul class="findings">'
    yield from (f'<li class="{each.tone}">{escape(each.text)}</li>' for each in findings(card))
    yield "</ul>"
    yield _charts(card)
    yield _section("Limits", _limits(card))
    yield _section("Why the clocks were not higher", _reasons(card))
    if card.worst_minute is not None:
        yield _section(card.worst_minute.title, _worst_minute(card.worst_minute, card))
    yield _section("All sensors", _sensors(card, catalogue))
    yield _section("Energy", _energy(card))
    yield _section("Data", _quality(card))


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>\n" if content else ""


def _head(card: Card, name: str) -> str:
    gpu = f"GPU {card.gpu}" + (f", {clean(card.model)}" if card.model else "")
    when = f"{full_moment(card.begin)} to {full_moment(card.end)}"
    facts = [when, *([gpu] if name else []), origin(card)]
    return f'<h1>{escape(name or gpu)}</h1><p class="when">{escape(" · ".join(facts))}</p>\n'


def _tiles(card: Card) -> str:
    tiles = [("", duration(card.seconds), _gaps_in_short(card))]
    hottest = next((sensor for sensor in card.sensors if sensor.kind == "temperature"), None)
    if hottest is not None:
        tone = next((each.severity for each in card.exceeded if each.sensor is hottest), "")
        when = short_moment(hottest.highest.at, card)
        tiles.append((tone, _value(hottest, hottest.highest.value), f"highest {hottest.label} at {when}"))
    if card.throttling is not None:
        part = share(card.throttling.seconds, card.seconds)
        tone = "warning" if card.throttling.seconds else ""
        some = card.throttling.seconds > 0
        tiles.append(
            (tone, duration(card.throttling.seconds) if some else "never", f"throttled{f' ({part})' if some else ''}")
        )
    if card.energy is not None:
        tiles.append(("", energy(card.energy.kwh), f"energy, {cost(card.energy.cost, card.energy.currency)}"))
    shown = (
        f'<div class="tile {tone}"><b>{escape(big)}</b><span>{escape(small)}</span></div>' for tone, big, small in tiles
    )
    return f'<div class="tiles">{"".join(shown)}</div>\n'


def _gaps_in_short(card: Card) -> str:
    if not card.gap_count:
        return "of readings, no gaps"
    return f"of readings, {counted(card.gap_count, 'gap')}"


def _charts(card: Card) -> str:
    if not card.charts.charts:
        return ""
    moments = card.charts.moments
    middle = [moments[len(moments) // 2]] if len(moments) > 2 and len(full_moment(card.begin)) < 24 else []
    times = [short_moment(moment, card) for moment in (card.begin, *middle, card.end)]
    shown = "".join(figure(chart, card.charts, times) for chart in card.charts.charts)
    gaps = (
        '<p class="note">Gaps are cut out of the charts; a dotted line stands where one was.</p>'
        if card.charts.gaps
        else ""
    )
    return f"<section>{shown}{gaps}</section>\n"


def _table(head: Iterable[tuple[str, str]], rows: Iterable[str]) -> str:
    made = "".join(rows)
    if not made:
        return ""
    cells = "".join(f'<th class="{kind}">{escape(text)}</th>' for text, kind in head)
    return f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{made}</tbody></table></div>'


def _limits(card: Card) -> str:
    rows = []
    for each in card.exceeded:
        sign = ">" if each.direction == "above" else "<"
        tone = each.severity if each.is_fault else ""
        limit = f"{sign} {sensor_level(each.sensor, each.level)}"
        time = f"{duration(each.seconds)} ({share(each.seconds, card.seconds)})"
        rows.append(
            f'<tr><td class="{tone}">{escape(each.sensor.label)}</td><td class="n">{escape(limit)}</td>'
            f'<td class="n">{escape(time)}</td><td class="soft optional">{escape(each.reason)}</td></tr>'
        )
    table = _table((("Sensor", ""), ("limit", "n"), ("time beyond it", "n"), ("why this limit", "optional")), rows)
    within = [
        f"{sensor.label} ({_value(sensor, sensor.highest.value)} of {sensor_level(sensor, level)})"
        if sensor.highest.value <= level
        else f"{sensor.label} ({_value(sensor, sensor.lowest.value)}, at least {sensor_level(sensor, level)})"
        for sensor, level in card.within
    ]
    kept = f'<p class="note">Within its limit: {escape(", ".join(within))}.</p>' if within else ""
    return table + kept


def _reasons(card: Card) -> str:
    if card.throttling is None:
        return ""
    rows = (
        f'<tr><td class="{"warning" if each.is_throttling else ""}">{escape(each.words)}</td>'
        f'<td class="n">{escape(duration(each.seconds))}</td><td class="n">{share(each.seconds, card.seconds)}</td>'
        f'<td class="soft">{"throttling" if each.is_throttling else "normal"}</td></tr>'
        for each in card.throttling.reasons
    )
    return _table((("Reason", ""), ("time", "n"), ("share", "n"), ("", "")), rows)


def _worst_minute(worst: WorstMinute, card: Card) -> str:
    values = ", ".join(f"{sensor.label} {_value(sensor, value)}" for sensor, value in worst.averages)
    troubles = "".join(f"<li>{escape(trouble)}</li>" for trouble in worst.troubles)
    listed = f'<ul class="plainlist">{troubles}</ul>' if troubles else ""
    return f"<p><b>{escape(short_moment(worst.begin, card))}</b>: on average {escape(values)}.</p>{listed}"


def _sensors(card: Card, catalogue: Catalogue) -> str:
    rows = []
    kind: str | None = None
    for sensor in card.sensors:
        if sensor.kind != kind:
            kind = sensor.kind
            name = catalogue.kinds.get(kind, "Other sensors")
            rows.append(f'<tr class="group"><td colspan="5">{escape(name)}</td></tr>')
        lowest = _value(sensor, sensor.lowest.value, False)
        rows.append(
            f'<tr><td>{escape(sensor.label)}</td><td class="n optional">{lowest}</td>'
            f'<td class="n">{_value(sensor, sensor.average, False)}</td>'
            f'<td class="n">{escape(_value(sensor, sensor.highest.value))}</td>'
            f'<td class="n at">{escape(short_moment(sensor.highest.at, card))}</td></tr>'
        )
    head = (("Sensor", ""), ("lowest", "n optional"), ("average", "n"), ("highest", "n"), ("at", "n"))
    return _table(head, rows)


def _energy(card: Card) -> str:
    return f"<p>{escape(energy_sentence(card))}</p>"


def _quality(card: Card) -> str:
    quality = card.quality
    rate = f", one every {card.interval:g} s" if card.interval else ""
    items = [f"{counted(quality.rows, 'row')}{rate}, {counted(len(card.sensors), 'sensor')}."]
    if card.gap_count:
        longest = ", ".join(f"{duration(gap.seconds)} from {full_moment(gap.begin)}" for gap in card.gaps[:5])
        items.append(f"{counted(card.gap_count, 'gap')}: {longest}{', ...' if card.gap_count > 5 else ''}.")
    if quality.missing_rows:
        items.append(f"{counted(quality.missing_rows, 'row')} of the log did not arrive.")
    for each in quality.flags:
        items.append(flag_sentence(each, 12))
    items += [*quality.lies, *quality.notes]
    return f'<ul class="plainlist">{"".join(f"<li>{escape(item)}</li>" for item in items)}</ul>'


def _value(sensor: Sensor, value: float, unit: bool = True) -> str:
    return number(value, sensor.decimals, sensor.symbol if unit else "")
