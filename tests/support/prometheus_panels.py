"""The queries of the dashboards that read Prometheus, and what a Prometheus answers to them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

import httpx

FOLDER = Path(__file__).parents[2] / "dashboard" / "grafana" / "prometheus"
_MACROS = {"$__rate_interval": "1m", "$__interval": "1m", "$__range": "1h"}
"""As Grafana fills them in for an hour and a scrape each 10 s."""
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")

Series = dict[str, Any]
"""Labels under ``metric``, and ``value``: (time, number as text)."""


class PanelQuery(NamedTuple):
    dashboard: str
    """Its uid."""
    panel: str
    """Its title, or ``variable NAME``."""
    expr: str


class Answer(NamedTuple):
    query: PanelQuery
    series: list[Series]
    seconds: float


def panel_queries(folder: Path = FOLDER) -> Iterator[PanelQuery]:
    """Every query of every panel, and what each variable looks its values up in; variables stand at "All"."""
    for path in sorted(folder.glob("*.json")):
        page = json.loads(path.read_text(encoding="utf-8"))
        names = [variable["name"] for variable in page["templating"]["list"]]
        for variable in page["templating"]["list"]:
            looked_up = _LABEL_VALUES.fullmatch(variable["query"]["query"])
            assert looked_up, variable["query"]
            group = f"group by ({looked_up[2]}) ({looked_up[1]})"
            yield PanelQuery(page["uid"], f"variable {variable['name']}", _filled(group, names))
        for panel in page["panels"]:
            for target in panel.get("targets", []):
                yield PanelQuery(page["uid"], panel["title"], _filled(target["expr"], names))


def _filled(expr: str, names: Iterable[str]) -> str:
    for macro, value in _MACROS.items():
        expr = expr.replace(macro, value)
    for name in names:
        expr = expr.replace(f'=~"${name}"', '=~".+"')
    assert "$" not in re.sub(r'"\$1"', "", expr), expr
    return expr


def ask(url: str, expr: str, http: httpx.Client | None = None) -> list[Series]:
    """What Prometheus at ``url`` answers now; AssertionError with its words where it does not take the query."""
    answer = (http or httpx).post(f"{url}/api/v1/query", data={"query": expr}, timeout=30)
    said = answer.json()
    assert said["status"] == "success", f"{said['error']}\n{expr}"
    result = said["data"]["result"]
    assert isinstance(result, list), expr
    return result


def ask_all(url: str, queries: Iterable[PanelQuery]) -> list[Answer]:
    """One after another, each with the time that it took. Panels about the API and InfluxDB's requests have data only
    where somebody has asked those lately."""
    answers = []
    with httpx.Client() as http:
        for query in queries:
            began = time.monotonic()
            series = ask(url, query.expr, http)
            answers.append(Answer(query, series, time.monotonic() - began))
    return answers


def p95(answers: Iterable[Answer]) -> float:
    """Seconds."""
    return quantiles((each.seconds for each in answers), n=100)[94]


def without_data(answers: Iterable[Answer], reasons: Mapping[str, str]) -> list[PanelQuery]:
    """Those that found nothing, but for queries in which a key of ``reasons`` stands (a metric that cannot be there,
    and why)."""
    return [each.query for each in answers if not each.series and not any(key in each.query.expr for key in reasons)]
