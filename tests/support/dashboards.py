"""The dashboards as a browser sees them: variables looked up and filled in, panels repeated over them.

Variables are filled in as Grafana's own code does (the format `regex` for ${gpu:regex}); what its server fills in
(pkg/tsdb/influxdb/flux/macros.go, for v.*) is left to who asks the query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

DASHBOARDS = Path(__file__).parents[2] / "dashboard" / "grafana" / "dashboards"
UIDS = tuple(path.stem for path in sorted(DASHBOARDS.glob("*.json")))

Tables = list[list[dict[str, str]]]


@dataclass
class View:
    """What stands in Grafana's bar: the range, the interval that follows from it, and choices other than the first."""

    seconds: int
    interval: int
    source: str = "gpu-metrics"
    choices: dict[str, list[str]] = field(default_factory=dict)

    @property
    def long(self) -> bool:
        return self.seconds > 6 * 3600


class Question(NamedTuple):
    """A query of a panel, with the variables filled in."""

    panel: str
    ref_id: str
    value: str
    """Of the variable over which the panel repeats."""
    flux: str


class Dashboard:
    """One dashboard. ``ask`` answers a variable's query: it gets Flux in which only v.* is left to fill in."""

    def __init__(self, uid: str, view: View, ask: Callable[[str], Tables]) -> None:
        self.view = view
        self.page = json.loads((DASHBOARDS / f"{uid}.json").read_text(encoding="utf-8"))
        self.variables: dict[str, list[str]] = {}
        self.texts: dict[str, list[str]] = {}
        for variable in self.page["templating"]["list"]:
            self._resolve(variable, ask)

    def _resolve(self, variable: dict[str, Any], ask: Callable[[str], Tables]) -> None:
        name = variable["name"]
        if variable["type"] == "custom":
            found = [each.rsplit(" : ", maxsplit=1)[-1] for each in variable["query"].split(", ")]
            self.texts[name] = found
            self.variables[name] = [self.view.source] if name == "bucket" else self.view.choices.get(name, found[:1])
            return
        (frame,) = ask(self.filled(variable["query"]["query"]))
        found = [row["_value"] for row in frame]
        if pattern := variable.get("regex"):
            named = [re.search(pattern.strip("/").replace("(?<", "(?P<"), each) for each in found]
            self.texts[name] = [each["text"] for each in named if each]
            found = [each["value"] for each in named if each]
        else:
            self.texts[name] = found
        chosen = self.view.choices.get(name, found if variable.get("includeAll") else found[:1])
        assert set(chosen) <= set(found), f"{name}: {chosen} of {found}"
        self.variables[name] = chosen

    def questions(self) -> Iterator[Question]:
        """Every query of every panel, once per value over which it repeats."""
        row_repeat = None
        for panel in self.page["panels"]:
            if panel["type"] == "row":
                row_repeat = panel.get("repeat")
                continue
            over = panel.get("repeat") or row_repeat
            for value in self.variables[over] if over else [""]:
                for target in panel["targets"]:
                    flux = self.filled(target["query"], {over: [value]} if over else {})
                    yield Question(panel.get("title") or f"{panel['type']} {panel['id']}", target["refId"], value, flux)

    def annotations(self) -> Iterator[tuple[str, str]]:
        """Name and Flux."""
        for each in self.page["annotations"]["list"]:
            yield each["name"], self.filled(each["target"]["query"])

    def filled(self, flux: str, scoped: dict[str, list[str]] | None = None) -> str:
        values = self.variables | (scoped or {})

        def variable(match: re.Match[str]) -> str:
            chosen = values[match[1]]
            if match[2] == ":regex":
                escaped = [re.sub(r"([\\^$*+?.()|\[\]{}/])", r"\\\1", each) for each in chosen]
                return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
            assert len(chosen) == 1, f"${{{match[1]}}} has several values in {flux}"
            return chosen[0]

        flux = re.sub(r"\$\{(\w+)(:\w+)?\}", variable, flux)
        assert "${" not in flux, flux
        return flux
