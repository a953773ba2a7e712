"""The pages Fleet and Health as a person goes through them, in front of a real PostgreSQL and a real Kafka."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from browser.conftest import DESKTOP, PATIENCE, PHONE, Open, sign_in, watch
from support.console_platform import ConsolePlatform
from support.health_cases import a_decision, a_risk, a_score, an_event
from support.health_tables import fill
from support.live_fleet import SICK, WORN, names, send
from telemetry.timestamp import SECOND

REMAPS = ("memory", -18.0, "3 uncorrectable row remaps this week")
HOT = ("thermals", -34.0, "11 °C hotter than its peers at the same load")
GPUS = names(16)
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def told(platform: ConsolePlatform) -> None:
    """What the health of the cluster is: one GPU is poor, one worth a look, the others are well."""
    assert platform.postgres
    now = time.time_ns() // 1000
    of_gpu = {SICK: (REMAPS, HOT), WORN: (("throttling", -22.0, "Held back by heat for 38 % of the last hour"),)}
    messages = [
        a_score(gpu, now - minutes * 60 * SECOND, *(of_gpu.get(gpu, ()) if minutes < 600 else ()))
        for gpu in GPUS
        for minutes in range(0, 1440, 60)
    ]
    fill(
        platform.postgres,
        "gpustream",
        [
            *messages,
            a_risk(SICK, now, 0.31, "Row remaps grew in 3 of the last 7 days"),
            a_decision(SICK, now, "repair"),
            an_event(1, SICK, now - 3600 * SECOND),
            an_event(2, None, now - 7200 * SECOND),
        ],
    )


@pytest.fixture(autouse=True)
def alive(platform: ConsolePlatform, told: None) -> None:
    send(platform.environment["KAFKA_BOOTSTRAP_SERVERS"], GPUS)


def cell(page: Page, gpu: str) -> Locator:
    return page.locator(f'.heat a[data-gpu="{gpu}"]')


def test_one_look_finds_the_gpu_that_is_worst_off(open_as: Open, artefacts: Path) -> None:
    page = open_as("viewer", "/fleet?by=health&group=rack&sort=worst")
    sick = cell(page, SICK)
    expect(sick).to_have_attribute("data-level", "c")
    expect(cell(page, WORN)).to_have_attribute("data-level", "w")
    expect(sick).to_have_attribute("aria-label", re.compile("health score 48, .*3 uncorrectable row remaps"))
    expect(page.locator(".heat-group h2").first).to_have_text("r1")
    expect(page.locator(".heat-legend")).to_contain_text("critical < 50: 1")
    worst = page.locator(".worst-panel tr").nth(1)
    expect(worst).to_contain_text(SICK)
    expect(worst).to_contain_text(HOT[2])
    sick.hover()
    expect(page.locator(".heat-tip")).to_contain_text("−34: 11 °C hotter than its peers")
    page.screenshot(path=artefacts / "fleet-16-desktop-dark.png")
    page.get_by_label("Colour").click()
    page.get_by_role("option", name="GPU temperature").click()
    page.wait_for_url("**/fleet?by=gpu_temperature&group=rack&sort=worst")
    expect(sick).to_have_attribute("aria-label", re.compile(r"GPU temperature \d+\.0 °C"))
    expect(page.locator(".heat-legend")).to_contain_text("warning > 85.0 °C")
    sick.click()
    page.wait_for_url(f"**/gpu/{SICK}")


def test_the_keyboard_walks_over_the_map_and_keeps_its_place(open_as: Open) -> None:
    page = open_as("viewer", "/fleet?by=health&group=cluster")
    first = page.locator('.heat a[tabindex="0"]')
    expect(first).to_have_count(1)
    expect(cell(page, GPUS[1])).to_have_attribute("data-level", "0")
    cell(page, GPUS[0]).focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.dataset.gpu") == GPUS[1]
    expect(page.locator(".heat-tip")).to_contain_text("health score 100")
    # The whole map is drawn anew, and whoever stands on a cell still stands on it.
    layout = "gpu => heatMap.draw({size: 'small', groups: [{title: '', note: '', nodes: [{name: 'x', gpus: [gpu]}]}]})"
    page.evaluate(layout, GPUS[1])
    assert page.evaluate("document.activeElement.dataset.gpu") == GPUS[1]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/gpu/{GPUS[1]}")


def test_a_finger_is_told_first_and_opens_then(browser: Browser, platform: ConsolePlatform, artefacts: Path) -> None:
    faults: list[str] = []
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, base_url=platform.url, has_touch=True, color_scheme="light"
    )
    context.set_default_timeout(PATIENCE)
    watch(context, platform.url, faults)
    page = context.new_page()
    sign_in(page, platform.token("viewer"))
    page.goto("/fleet?by=health")
    sick = cell(page, SICK)
    expect(sick).to_have_attribute("data-level", "c")
    sick.tap()
    expect(page.locator(".heat-tip")).to_contain_text(REMAPS[2])
    page.screenshot(path=artefacts / "fleet-16-phone-light.png")
    page.locator(".heat-tip a").tap()
    page.wait_for_url(f"**/gpu/{SICK}")
    context.close()
    assert faults == []


def test_every_missing_point_has_its_reason_and_advice_its_money(open_as: Open, artefacts: Path) -> None:
    page = open_as("viewer", "/health")
    cards = page.locator("article.health")
    expect(cards.first).to_contain_text(SICK)
    expect(cards.nth(1)).to_contain_text(WORN)
    # The console asks once a minute for what comes once a night: a test before this one may have made it ask too early.
    expect(cards.first).to_contain_text("Repair", timeout=3 * PATIENCE)
    for said in (
        "48 of 100", "Poor", "H100 SXM, rack r1, cluster a", REMAPS[2], "−34", "Thermals", "31 %", "next 7 days",
        "Row remaps grew", "Xid 79", "Repair", "1,240 EUR", "2,900 EUR", "keep, were a repair dearer than 1,900 EUR",
    ):  # fmt: skip
        expect(cards.first).to_contain_text(said)
    expect(cards.first.locator("svg.spark path").first).to_be_attached()
    expect(page.locator(".tiles")).to_contain_text("GPUs with a score")
    page.screenshot(path=artefacts / "health-16-desktop-dark.png")
    page.get_by_role("link", name="Events").click()
    expect(page.get_by_role("row", name=re.compile(SICK))).to_contain_text("Xid 79: GPU has fallen off the bus")
    expect(page.get_by_role("row", name=re.compile("device 0000:3b:00"))).to_contain_text("node-1")
    page.goto(f"/gpu/{SICK}")
    expect(page.locator(".gpu-health .health")).to_contain_text(REMAPS[2])
    expect(page.locator("section.events", has_text="Xid 79")).to_be_visible()


def test_a_thousand_gpus_are_one_picture(open_as: Open, platform: ConsolePlatform, artefacts: Path) -> None:
    send(platform.environment["KAFKA_BOOTSTRAP_SERVERS"], names(1000))
    for path, size, name in (
        ("/fleet?by=gpu_temperature&group=rack", DESKTOP, "desktop"), ("/fleet?by=health&sort=worst", PHONE, "phone")
    ):  # fmt: skip
        page = open_as("", "/login?next=" + path.replace("&", "%26"), size)
        page.get_by_label("Token").fill(platform.token("viewer"))
        page.get_by_role("button", name="Sign in").click()
        expect(cell(page, names(1000)[-1])).to_have_attribute("data-level", re.compile(".?"))
        assert page.locator(".heat a").count() >= 1000
        expect(page.locator(".heat")).to_have_attribute("data-size", "small")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        page.screenshot(path=artefacts / f"fleet-1000-{name}.png", full_page=True)
