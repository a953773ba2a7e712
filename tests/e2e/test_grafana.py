"""A real Grafana with our provisioning beside a real InfluxDB: what it loads, what it answers, and how it looks.

Where no Grafana can be had these tests are skipped, in one line.
"""

from __future__ import annotations

import base64
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, sync_playwright

from support import grafana_history
from support.dashboards import UIDS, Dashboard, View
from support.engines import Engines
from support.grafana import fill
from support.grafana_server import ROOT, USER, GrafanaServer, why_not
from support.identities import eventually

SOURCE = "gpustream-influxdb"
FOLDER = "gpustream"
PICTURES = ROOT / "artifacts" / "grafana"
"""Outside git: to be looked at by a person."""
CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
NOW = time.time_ns() // 1000

WHY_NOT = why_not()

pytestmark = [pytest.mark.timeout(900), pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)]


class Span(NamedTuple):
    """A choice of the time range, in milliseconds, and of the source."""

    begin: int
    end: int
    source: str = "gpu-metrics"


def last(seconds: int) -> Span:
    return Span(NOW // 1000 - seconds * 1000, NOW // 1000)


@pytest.fixture(scope="module")
def grafana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GrafanaServer]:
    folder = tmp_path_factory.mktemp("grafana-e2e")
    with Engines(folder / "engines") as engines:
        influxdb = engines.influxdb()
        fill(influxdb, grafana_history.messages(folder, NOW), NOW)
        with GrafanaServer(folder / "grafana", influxdb) as server:
            yield server


def test_every_data_source_is_healthy(grafana: GrafanaServer) -> None:
    sources = grafana.get("/api/datasources")
    assert [each["uid"] for each in sources] == [SOURCE]
    for each in sources:
        assert grafana.get(f"/api/datasources/uid/{each['uid']}/health")["status"] == "OK", each["name"]


def test_all_dashboards_and_rules_are_in_one_folder(grafana: GrafanaServer) -> None:
    (folder,) = grafana.get("/api/folders")
    assert folder["title"] == FOLDER
    found = grafana.get("/api/search?type=dash-db")
    assert {each["uid"]: each["folderUid"] for each in found} == dict.fromkeys(UIDS, folder["uid"])
    rules = grafana.get("/api/v1/provisioning/alert-rules")
    assert len(rules) > 20
    assert {each["folderUID"] for each in rules} == {folder["uid"]}


def span_of(name: str) -> Span:
    spans = {"5 minutes": last(300), "1 hour": last(3600), "30 days": last(30 * 86_400)}
    return spans.get(name) or Span(*grafana_history.imported_span(), "gpu-imports")


PAGES = [
    *((uid, "1 hour") for uid in UIDS if uid != "gpustream-nightly"),
    *((uid, "30 days") for uid in UIDS if uid != "gpustream-pipeline"),
    *((uid, name) for uid in ("gpustream-overview", "gpustream-detail") for name in ("5 minutes", "imported log")),
]


def _is_series(frame: dict[str, Any]) -> bool:
    """A time and one value: what is not in the key of a table would be a second series, of texts."""
    return [each["type"] for each in frame["schema"]["fields"]][:1] == ["time"] and len(frame["schema"]["fields"]) == 2


@pytest.mark.parametrize(("uid", "span_name"), PAGES)
def test_every_query_of_a_dashboard_is_answered(grafana: GrafanaServer, uid: str, span_name: str) -> None:
    span = span_of(span_name)
    seconds = (span.end - span.begin) // 1000
    page = Dashboard(
        uid, View(seconds, 1, span.source), lambda flux: grafana.tables(SOURCE, flux, span.begin, span.end)
    )
    slowest = (0.0, "")
    found: dict[tuple[str, str], bool] = defaultdict(bool)
    for question in page.questions():
        began = time.monotonic()
        frames = grafana.frames(SOURCE, question.flux, span.begin, span.end)
        slowest = max(slowest, (time.monotonic() - began, f"{question.panel} {question.ref_id} {question.value}"))
        # Of two bit masks a GPU reports one: what must not be empty is the panel.
        found[question.panel, question.value] |= any(frame["data"]["values"][0] for frame in frames)
        assert all(_is_series(frame) for frame in frames), question
    assert all(found.values()), [panel for panel, has_data in found.items() if not has_data]
    for name, flux in page.annotations():
        frames = grafana.frames(SOURCE, flux, span.begin, span.end)
        # Of the last five minutes and of the imported log there are none.
        assert frames or span_name in ("5 minutes", "imported log"), name
        columns = [{each["name"] for each in frame["schema"]["fields"]} for frame in frames]
        assert all({"_time", "text", "tags"} <= each for each in columns), (name, columns)
    print(f"slowest query of {uid} over {span_name}: {slowest[0]:.3f} s, {slowest[1]}")


def test_every_alert_rule_evaluates_without_error(grafana: GrafanaServer) -> None:
    def rules() -> list[dict[str, Any]]:
        groups = grafana.get("/api/prometheus/grafana/api/v1/rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def judged(found: list[dict[str, Any]]) -> bool:
        return len(found) > 20 and all(not rule["lastEvaluation"].startswith("0001") for rule in found)

    found = eventually(rules, judged, 180)
    assert judged(found), [(rule["name"], rule["lastEvaluation"]) for rule in found]
    assert {rule["name"]: (rule["health"], rule.get("lastError", "")) for rule in found} == {
        rule["name"]: ("ok", "") for rule in found
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "no Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM))
        yield browser
        browser.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("uid", UIDS)
def test_dashboard_shows_something_in_every_panel(
    grafana: GrafanaServer, browser: Browser, uid: str, theme: str
) -> None:
    if not (Path(grafana.home) / "public" / "build").is_dir():
        pytest.skip(f"{grafana.home} has no pages (public/build)")
    key = base64.b64encode(f"{USER}:{grafana.password}".encode()).decode()
    context = browser.new_context(
        viewport={"width": 1600, "height": 3000}, extra_http_headers={"Authorization": f"Basic {key}"}
    )
    page = context.new_page()
    span = last(30 * 86_400 if uid == "gpustream-nightly" else 3600)
    page.goto(f"{grafana.url}/d/{uid}?theme={theme}&from={span.begin}&to={span.end}&kiosk&refresh=", wait_until="load")
    panels = page.locator("[data-testid^='data-testid Panel header']")
    panels.first.wait_for(timeout=120_000)
    page.wait_for_load_state("networkidle", timeout=120_000)
    # In the place of "Refresh" while a panel asks.
    page.wait_for_function("!document.body.innerText.includes('Cancel')", timeout=120_000)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{uid}-{theme}.png")
    text = page.inner_text("body")
    assert panels.count() >= 4
    assert page.locator("[data-testid='data-testid Panel status error']").count() == 0
    assert not re.search(r"\bNo data\b|Nothing in this time range|Panel plugin not found", text), text
    context.close()
