"""The card as text for a terminal: 80 columns, colours only where they are wanted."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from dashboard.card import Card, Flagged, Sensor
from dashboard.card_findings import energy_sentence, findings
from dashboard.card_plot import plot, throttle_strip, time_axis
from dashboard.card_words import clean, counted, duration, few, full_moment, number, origin, share, short_moment

WIDTH = 80
_SGR = {"critical": "1;31", "warning": "33", "good": "32", "title": "1", "dim": "2"}
_MARKS = {"critical": "!!", "warning": " !", "good": "ok", "plain": "  "}
_PLOTTED_KINDS = 4


class Terminal:
    """Renders cards; ``colours`` for a terminal that shows them, ``name`` is what people call the session."""

    def __init__(self, colours: bool, name: str = "") -> None:
        self._colours = colours
        self._name = clean(name)

    def paint(self, tone: str, text: str) -> str:
        return f"\x1b[{_SGR[tone]}m{text}\x1b[0m" if self._colours and tone in _SGR else text

    def render(self, card: Card) -> str:
        parts = [self._head(card), self._findings(card), self._plots(card), self._peaks(card), self._limits(card)]
        parts += [self._reasons(card), self._worst_minute(card), self._energy(card), self._quality(card)]
        return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"

    def _title(self, text: str) -> str:
        return self.paint("title", text)

    def _wrapped(self, text: str, indent: int, first: str = "") -> Iterator[str]:
        lines = textwrap.wrap(text, WIDTH - indent) or [""]
        yield (first or " " * indent) + lines[0]
        for line in lines[1:]:
            yield " " * indent + line

    def _head(self, card: Card) -> Iterator[str]:
        name = f"GPU {card.gpu}" + (f", {clean(card.model)}" if card.model else "")
        yield self.paint("dim", "─" * WIDTH)
        if self._name:
            yield self._title(self._name)
        yield self._title(name) + self.paint("dim", f"  ({origin(card)})")
        yield f"{full_moment(card.begin)} to {full_moment(card.end)}, {duration(card.seconds)} of readings"
        if card.gap_count:
            longest = card.gaps[0]
            gaps = counted(card.gap_count, "gap")
            when = full_moment(longest.begin)
            yield f"{gaps}, {'the longest ' if card.gap_count > 1 else ''}{duration(longest.seconds)} from {when}"

    def _findings(self, card: Card) -> Iterator[str]:
        for finding in findings(card):
            mark = self.paint(finding.tone, _MARKS[finding.tone])
            yield from self._wrapped(finding.text, 3, f"{mark} ")

    def _plots(self, card: Card) -> Iterator[str]:
        kinds: list[str] = []
        for chart in card.charts.charts:
            kind = chart.lines[0].sensor.kind
            if kind in kinds or len(kinds) == _PLOTTED_KINDS:
                continue
            kinds.append(kind)
            yield from plot(chart, card.charts, WIDTH, 6 if len(kinds) == 1 else 3, self.paint)
        if kinds:
            if strip := throttle_strip(card.charts, WIDTH):
                yield self.paint("warning", strip)
            steps = len(card.charts.moments)
            yield time_axis(short_moment(card.begin, card), short_moment(card.end, card), WIDTH, steps)
            if card.charts.gaps:
                yield self.paint("dim", " " * 11 + "gaps are cut out")

    def _peaks(self, card: Card) -> Iterator[str]:
        shown = [sensor for sensor in card.sensors if sensor.is_headline]
        if not shown:
            return
        yield self._title(f"{'Sensor':<26}{'lowest':>10}{'average':>10}{'highest':>12}  at")
        for sensor in shown:
            yield (
                f"{sensor.label[:25]:<26}{number(sensor.lowest.value, sensor.decimals):>10}"
                f"{number(sensor.average, sensor.decimals):>10}"
                f"{number(sensor.highest.value, sensor.decimals, sensor.symbol):>12}"
                f"  {short_moment(sensor.highest.at, card)}"
            )
        rest = len(card.sensors) - len(shown)
        if rest:
            yield self.paint("dim", f"and {counted(rest, 'more sensor')} in the HTML card (--html FILE)")

    def _limits(self, card: Card) -> Iterator[str]:
        if card.exceeded:
            yield self._title("Beyond a limit")
        for each in card.exceeded:
            sign = ">" if each.direction == "above" else "<"
            level = f"{sensor_level(each.sensor, each.level)} {each.severity if each.is_fault else 'busy'}"
            tone = each.severity if each.is_fault else "dim"
            time = f"{duration(each.seconds)} ({share(each.seconds, card.seconds)})"
            yield self.paint(tone, f"  {each.sensor.label[:25]:<26}{sign} {level:<20}{time}")

    def _reasons(self, card: Card) -> Iterator[str]:
        if card.throttling is None or not card.throttling.reasons:
            return
        yield self._title("Why the clocks were not higher")
        for each in card.throttling.reasons:
            tone = "warning" if each.is_throttling else "dim"
            normal = "" if each.is_throttling else ", which is normal"
            time = f"{duration(each.seconds)} ({share(each.seconds, card.seconds)}){normal}"
            yield self.paint(tone, f"  {each.words:<28}{time}")

    def _worst_minute(self, card: Card) -> Iterator[str]:
        worst = card.worst_minute
        if worst is None:
            return
        yield self._title(f"{worst.title}: {short_moment(worst.begin, card)}")
        values = ", ".join(
            f"{each.label} {number(value, each.decimals, each.symbol)}" for each, value in worst.averages
        )
        yield from self._wrapped(f"On average {values}.", 2)
        for trouble in worst.troubles:
            yield from self._wrapped(trouble, 4, "  - ")

    def _energy(self, card: Card) -> Iterator[str]:
        yield self._title("Energy") + f"  {energy_sentence(card)}"

    def _quality(self, card: Card) -> Iterator[str]:
        quality = card.quality
        rate = f", one every {card.interval:g} s" if card.interval else ""
        yield self._title("Data") + f"  {counted(quality.rows, 'row')}{rate}, {counted(len(card.sensors), 'sensor')}"
        if quality.missing_rows:
            yield f"  {counted(quality.missing_rows, 'row')} of the log did not arrive"
        for each in quality.flags:
            yield from self._wrapped(flag_sentence(each, 4), 2)
        for note in quality.notes:
            yield from self._wrapped(note, 2)


def flag_sentence(flagged: Flagged, most: int) -> str:
    """How many values were doubted, why and of which sensors (``most`` of them)."""
    values = f"{counted(flagged.values, 'value')} in " if flagged.values else ""
    names = f": {few(flagged.sensors, most)}" if flagged.sensors else ""
    return f"{values}{counted(flagged.readings, 'row')} left out or doubted, {flagged.why}{names}."


def sensor_level(sensor: Sensor, level: float) -> str:
    """A limit with no more decimals than it needs."""
    return number(level, 0 if level == int(level) else 1, sensor.symbol)
