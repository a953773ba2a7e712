"""Through every page of the console as a person goes: nothing here asks the server but through the browser."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path

import pytest
import requests
from hdfs import InsecureClient
from kafka import KafkaProducer
from playwright.sync_api import Browser, Page, expect

from browser.conftest import DESKTOP, PATIENCE, PHONE, Open, sign_in, watch
from support.console_platform import ROOT, ConsolePlatform
from support.identities import dry_run, eventually
from support.live_cards import HOT, LATER, WELL, LiveCards
from telemetry import topics

SAMPLE = ROOT / "data" / "samples" / "gaming-rtx-4090.txt"
BROKEN = ROOT / "data" / "samples" / "quirks" / "bad-rows.txt"
PRODUCER = ROOT / ".venv" / "bin" / "kafka-producer"
PAGES = 20
MOST_BYTES = 200_000_000
expect.set_options(timeout=PATIENCE)


def card_of(page: Page, gpu: str) -> str:
    return page.locator(f'a.gpu-card[href="/gpu/{gpu}"]').inner_text()


def test_nobody_sees_a_page_without_a_session(open_as: Open, platform: ConsolePlatform) -> None:
    page = open_as("", f"/gpu/{HOT}?last=1h")
    assert "/login" in page.url
    page.get_by_label("Token").fill("not a token")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("No such token")
    page.get_by_label("Token").fill(platform.token("viewer"))
    page.get_by_role("button", name="Sign in").click()
    # Back to where they wanted to go.
    page.wait_for_url(f"**/gpu/{HOT}?last=1h")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")


def test_a_link_lets_somebody_in_once(open_as: Open, platform: ConsolePlatform) -> None:
    link = platform.run("dashboard", "login-link", "--role", "operator").strip()
    page = open_as("", link)
    page.wait_for_url(f"{platform.url}/")
    expect(page.locator(".who .as")).to_have_text("operator")
    assert "used already" in open_as("", link).locator("main").inner_text()


def test_the_overview_is_alive(open_as: Open, cards: LiveCards) -> None:
    page = open_as("viewer", "/")
    hot = page.locator(f'a.gpu-card[href="/gpu/{HOT}"]')
    expect(hot).to_contain_text("GeForce RTX 3080")
    expect(hot).to_contain_text("throttled: thermal limit")
    expect(hot).to_contain_text(re.compile(r"\d+ alert"))
    expect(hot.locator("svg.spark path").first).to_be_attached()
    expect(page.locator(f'a.gpu-card[href="/gpu/{WELL}"]')).to_contain_text("OK")
    seen: set[str] = set()

    def look() -> int:
        seen.add(hot.locator(".big").inner_text())
        return len(seen)

    assert eventually(look, lambda count: count >= 3) >= 3
    assert all(re.fullmatch(r"9\d\.\d °C", text) for text in seen)


def test_a_gpu_with_its_limits_and_alerts_over_any_time(open_as: Open, cards: LiveCards) -> None:
    page = open_as("viewer", f"/gpu/{HOT}")
    temperatures = page.locator("section.panel", has=page.get_by_role("heading", name="Temperatures"))
    expect(temperatures.locator("svg")).to_contain_text("GPU temperature warning > 85.0 °C")
    expect(page.locator(".lanes")).to_contain_text("thermal limit")
    expect(page.locator(".events")).to_contain_text("above 95 °C")
    page.get_by_role("button", name="closer").click()
    page.wait_for_url(re.compile(r"from=\d+&to=\d+"))
    # Dragging over a chart looks closer.
    box = temperatures.locator("svg").bounding_box()
    assert box
    before = page.url
    page.wait_for_function(
        "import('nicegui-echart').then(({echarts}) => echarts.getInstanceByDom("
        "document.querySelector('.chart'))?.group === 'panels')"
    )
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 120, steps=8)
    page.mouse.up()
    page.wait_for_url(lambda url: url != before)
    page.get_by_role("button", name="Everything").click()
    expect(temperatures.locator("svg")).to_be_visible()


def test_a_span_comes_out_as_csv_and_parquet(open_as: Open, cards: LiveCards, tmp_path: Path) -> None:
    page = open_as("viewer", f"/gpu/{WELL}?last=1h")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    file = tmp_path / "export.csv"
    download.value.save_as(file)
    rows = list(csv.DictReader(file.open()))
    assert len(rows) >= 600
    assert {row["gpu"] for row in rows} == {WELL}
    assert all(55 < float(row["gpu_temperature"]) < 70 for row in rows)
    with page.expect_download() as download:
        page.get_by_role("link", name="Parquet").click()
    download.value.save_as(tmp_path / "export.parquet")
    assert (tmp_path / "export.parquet").read_bytes()[:4] == b"PAR1"


def test_two_gpus_over_each_other(open_as: Open, cards: LiveCards) -> None:
    page = open_as("viewer", f"/compare?a={HOT}&b={WELL}&minutes=15")
    expect(page.locator(".chart svg").first).to_be_visible()
    expect(page.locator(".page")).to_contain_text(re.compile(r"On average B is −3\d\.\d °C against A"))
    page.get_by_role("button", name="6 h").click()
    page.wait_for_url("**minutes=360")


def test_a_log_is_dropped_counted_and_gets_its_card(open_as: Open, platform: ConsolePlatform) -> None:
    rows = len(dry_run(PRODUCER, [SAMPLE], "--time", "original", "--gpu", "bench-01:0", cwd=ROOT))
    page = open_as("operator", "/logs")
    page.get_by_text("Whose logs are they?").click()
    page.get_by_label("GPU as host:index").fill("bench-01:0")
    page.locator("#log-files").set_input_files(SAMPLE)
    line = page.get_by_role("row", name=re.compile(SAMPLE.name))
    expect(line).to_contain_text("Read to its end")
    expect(line).to_contain_text(f"{rows:,}")
    expect(line.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    line.get_by_role("link", name=re.compile(SAMPLE.name)).click()
    card = page.frame_locator("iframe.framed")
    expect(card.get_by_role("heading", name="All sensors")).to_be_visible()
    expect(card.locator("body")).to_contain_text("bench-01:0")
    expect(page.locator(".story")).to_contain_text("Every row was read.")
    page.get_by_role("link", name="Charts of this log").click()
    page.wait_for_url("**/gpu/bench-01:0?from=*")
    expect(page.get_by_role("heading", name="Temperatures")).to_be_visible()


def test_what_was_not_read_is_told_with_its_bytes(open_as: Open, tmp_path: Path) -> None:
    page = open_as("operator", "/logs")
    picture = tmp_path / "holiday.txt"
    picture.write_bytes(b"\xff\xd8\xff\xe0 no log at all\n" * 40)
    page.locator("#log-files").set_input_files([BROKEN, picture])
    expect(page.get_by_role("row", name=re.compile("holiday"))).to_contain_text("Rejected")
    line = page.get_by_role("row", name=re.compile(BROKEN.name))
    expect(line).to_contain_text("Read to its end")
    line.get_by_role("link", name=re.compile(BROKEN.name)).click()
    expect(page.locator(".story")).to_contain_text(re.compile(r"\d+ lines? could not be used"))
    # By the keyboard: above it the session card takes its place meanwhile, and a click may come down beside it.
    page.locator(".story summary").first.press("Enter")
    expect(page.locator(".story pre").first).to_be_visible()


def test_a_viewer_changes_nothing(open_as: Open, cards: LiveCards) -> None:
    page = open_as("viewer", "/logs")
    expect(page.get_by_role("heading", name="Logs")).to_be_visible()
    assert page.locator("#log-files").count() == 0
    page.goto("/alerts")
    expect(page.locator("article.alert").first).to_be_visible()
    assert page.get_by_role("button", name="Acknowledge").count() == 0
    # A page of a stranger can make this browser send a request, but not with our header; a viewer may not with it.
    for headers in ({}, {"X-Gpustream": "console"}):
        assert page.request.post("/uploads?name=x.txt", data=b"x", headers=headers).status == 403


def test_an_alert_is_acknowledged_commented_and_silenced(
    open_as: Open, platform: ConsolePlatform, cards: LiveCards
) -> None:
    page = open_as("operator", "/alerts")
    alert = page.locator("article.alert.critical", has_text=HOT).first
    expect(alert).to_contain_text("Firing")
    alert.get_by_role("button", name="Acknowledge").click()
    expect(alert).to_contain_text("Acknowledged")
    expect(alert).to_contain_text("acknowledged by operator")
    alert.get_by_role("button", name="Comment …").click()
    page.get_by_label("Comment").fill("The second fan stands still.")
    page.get_by_role("button", name="Comment", exact=True).click()
    alert.get_by_role("button", name="Silence …").click()
    page.get_by_role("dialog").get_by_label("Why").fill("a new fan comes tomorrow")
    page.get_by_role("dialog").get_by_role("button", name="Silence").click()
    alert.get_by_role("link", name=re.compile("above")).click()
    story = page.locator(".timeline")
    expect(story).to_contain_text("The second fan stands still.")
    expect(story).to_contain_text("Acknowledged by operator")
    token = {"Authorization": f"Bearer {platform.token('viewer')}"}
    told = requests.get(f"{platform.url}/api/v1/alerts/active", headers=token, timeout=10).json()
    assert [each["status"] for each in told if each["id"] in page.url] == ["acknowledged"]
    page.goto("/alerts?show=silences")
    expect(page.locator("article.alert")).to_contain_text("a new fan comes tomorrow")
    page.get_by_role("button", name="End it now").click()
    expect(page.get_by_role("heading", name="Nothing is silenced")).to_be_visible()
    page.goto("/alerts?show=history")
    expect(page.get_by_role("row", name=re.compile(HOT)).first).to_be_visible()


def test_reports_of_the_night(open_as: Open, platform: ConsolePlatform) -> None:
    page = open_as("viewer", "/reports")
    expect(page.get_by_role("heading", name="No report yet")).to_be_visible()
    put_reports(platform)
    page.goto("/reports?document=nightly-2026-11-25.html")
    nightly = page.frame_locator("iframe.framed")
    expect(nightly.get_by_role("heading", name="Night of 25 November")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("desk-01:0")).first).to_contain_text("GPU temperature")
    with page.expect_download() as download:
        page.get_by_role("link", name="Parquet").click()
    assert Path(download.value.path()).read_bytes()[:4] == b"PAR1"


def test_the_pipeline_and_what_it_could_not_use(open_as: Open, platform: ConsolePlatform, cards: LiveCards) -> None:
    page = open_as("admin", "/pipeline")
    expect(page.get_by_role("row", name=re.compile("influxdb-writer"))).to_contain_text("Running")
    expect(page.get_by_role("row", name=re.compile("alert-engine"))).to_contain_text("Running")
    producer = KafkaProducer(bootstrap_servers=platform.environment["KAFKA_BOOTSTRAP_SERVERS"])
    producer.send(topics.GPU_METRICS, key=HOT.encode(), value=b"{no reading").get(timeout=30)
    producer.close()
    letter = page.locator(".letter", has_text="not json").first

    def shown() -> bool:
        page.reload()
        expect(page.locator(".letters, .empty").last).to_be_visible()
        return letter.count() > 0

    assert eventually(shown, bool)
    letter.locator("summary").click()
    expect(letter.locator("pre")).to_have_text("{no reading")
    letter.get_by_role("button", name="Send again").click()
    expect(page.locator(".q-notification")).to_contain_text("Sent to gpu-metrics")


def test_the_keyboard_reaches_everything(open_as: Open, cards: LiveCards) -> None:
    page = open_as("viewer", "/")
    expect(page.locator("a.gpu-card").first).to_be_visible()
    reached: list[str] = []
    while not any(text.startswith("GeForce RTX") for text in reached) and len(reached) < 40:
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 40)"))
    assert reached[0] == "To the content"
    assert {"Overview", "Fleet", "Health", "GPU", "Compare", "Reports", "Logs", "Pipeline", "Sign out"} <= set(reached)
    assert reached[-1].startswith("GeForce RTX")
    assert len(set(reached)) == len(reached), "somewhere the focus was lost, and it went through the same links again"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "2px"


def test_the_keyboard_keeps_its_place_while_the_page_changes(open_as: Open, cards: LiveCards) -> None:
    """The link to the alerts says how many are open: one more, and whoever stands on a link still stands on it."""
    page = open_as("operator", "/")
    alerts = page.locator("nav a", has_text="Alerts")
    expect(alerts.locator(".count")).to_be_visible()
    before = alerts.locator(".count").inner_text()
    page.locator("nav a", has_text="Logs").focus()
    cards.join(LATER)
    expect(alerts.locator(".count")).not_to_have_text(before)
    assert page.evaluate("document.activeElement.textContent.trim()") == "Logs"


def test_every_page_looks_right_everywhere(open_as: Open, cards: LiveCards, artefacts: Path) -> None:
    """Screenshots for people; what a program can tell is told: nothing is wider than a phone."""
    for size, device in ((DESKTOP, "desktop"), (PHONE, "phone")):
        for scheme in ("light", "dark"):
            page = open_as("", "/login", size, scheme)
            page.screenshot(path=artefacts / f"login-{device}-{scheme}.png")
            sign_in(page, "admin-token-of-the-browser-test")
            for path, ready in shown_pages():
                page.goto(path)
                expect(page.locator(ready).first).to_be_visible()
                page.evaluate("document.fonts.ready")
                name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "overview"
                page.screenshot(path=artefacts / f"{name}-{device}-{scheme}.png", full_page=True)
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= size[0], f"{path} is {wide} px wide"


def shown_pages() -> list[tuple[str, str]]:
    """(address, what is there once it is ready)."""
    return [
        ("/", "a.gpu-card"),
        ("/fleet?by=gpu_temperature", ".heat a"),
        # Scores are there for the tests of these two pages alone (test_fleet.py): until then a page says so.
        ("/health", ".empty, article.health"),
        (f"/gpu/{HOT}", ".chart svg"),
        (f"/compare?a={HOT}&b={WELL}&minutes=15", ".chart svg"),
        ("/alerts", "article.alert"),
        ("/alerts?show=history", "table"),
        ("/alerts?show=silences", ".empty"),
        ("/reports?document=nightly-2026-11-25.html", "td"),
        ("/logs", "table"),
        (f"/logs/one?file=bench-01/0/{SAMPLE.name}", "iframe.framed"),
        ("/pipeline", "table"),
    ]


def test_twenty_open_pages_fit_in_memory(
    browser: Browser, platform: ConsolePlatform, cards: LiveCards, capsys: pytest.CaptureFixture[str]
) -> None:
    faults: list[str] = []
    context = browser.new_context(base_url=platform.url)
    context.set_default_timeout(PATIENCE)
    watch(context, platform.url, faults)
    page = context.new_page()
    sign_in(page, platform.token("admin"))
    pages = shown_pages()
    for number in range(PAGES):
        path, ready = pages[number % len(pages)]
        tab = context.new_page()
        tab.goto(path)
        expect(tab.locator(ready).first).to_be_visible()
    page.close()
    highest = 0
    until = time.monotonic() + 15
    while time.monotonic() < until:
        highest = max(highest, resident(platform.pid("console")))
        time.sleep(0.5)
    context.close()
    with capsys.disabled():
        print(
            f"\nconsole with {PAGES} open pages: {highest / 1e6:.0f} MB resident at most (bound {MOST_BYTES / 1e6:.0f})"
        )
    assert faults == []
    assert highest < MOST_BYTES


def resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def put_reports(platform: ConsolePlatform) -> None:
    """A table and a page where the batch puts them."""
    import io

    import pyarrow as pa
    from pyarrow import parquet

    client = InsecureClient(platform.environment["WEBHDFS_URL"], user=platform.hdfs_user)
    table = pa.table(
        {
            "gpu": [HOT, WELL, HOT, WELL],
            "metric": ["gpu_temperature", "gpu_temperature", "board_power_draw", "board_power_draw"],
            "count": [86_400, 86_400, 86_400, 86_400],
            "avg": [97.4, 61.0, 251.0, 251.0],
            "max": [99.2, 62.9, 273.0, 273.0],
        }
    )
    file = io.BytesIO()
    parquet.write_table(table, file)
    client.write("/gpu-analytics/daily_statistics/date=2026-11-25/part-0.parquet", file.getvalue(), overwrite=True)
    text = (
        '<!doctype html><html><head><meta charset="utf-8"><style>:root{color-scheme:light dark}</style></head>'
        "<body><h1>Night of 25 November</h1><p>Two GPUs, one of them too hot.</p></body></html>"
    )
    client.write("/gpu-analytics/documents/nightly-2026-11-25.html", text.encode(), overwrite=True)
