"""The console in a real Chromium, in front of a real platform. One of each for all tests of this folder.

Every page that a test opens is watched: a request to anywhere but the console, an error on the page or in its console
fails the test that saw it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from support.console_platform import ROOT, ConsolePlatform
from support.engines import Engines
from support.live_cards import LiveCards

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever the browser itself may want of the world, it does not find it.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
DESKTOP, PHONE = (1360, 900), (375, 812)
PATIENCE = 30_000
"""Milliseconds for what must become true on a page: the machine may be busy."""

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsolePlatform]:
    with (
        Engines(tmp_path_factory.mktemp("engines")) as engines,
        ConsolePlatform(tmp_path_factory.mktemp("console"), engines) as platform,
    ):
        yield platform


@pytest.fixture(scope="session")
def cards(platform: ConsolePlatform) -> Iterator[LiveCards]:
    """Two live GPUs that never stop: one too hot, one well."""
    with LiveCards(platform.environment["KAFKA_BOOTSTRAP_SERVERS"]) as cards:
        yield cards


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "no chromium: ./test.sh browser installs Debian's"
    browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def open_as(browser: Browser, platform: ConsolePlatform) -> Iterator[Open]:
    """``open_as("admin", "/alerts")``: the page, seen by somebody of that role in a browser of their own."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(role: str, path: str, size: tuple[int, int] = DESKTOP, scheme: str = "dark") -> Page:
        options: dict[str, Any] = {"color_scheme": scheme, "accept_downloads": True}
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, base_url=platform.url, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        watch(context, platform.url, faults)
        page = context.new_page()
        if role:
            sign_in(page, platform.token(role))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def watch(context: BrowserContext, url: str, faults: list[str]) -> None:
    inside = (url, url.replace("http:", "ws:"), "data:", "blob:", "about:")
    context.on(
        "request", lambda asked: None if asked.url.startswith(inside) else faults.append(f"asked for {asked.url}")
    )
    context.on("weberror", lambda error: faults.append(f"error on the page: {error.error}"))
    # A page that a test expects to be refused (401, 403) makes the browser say so.
    context.on(
        "console",
        lambda said: (
            faults.append(f"console: {said.text}") if said.type == "error" and "status of 40" not in said.text else None
        ),
    )


def sign_in(page: Page, token: str) -> None:
    page.goto("/login")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


@pytest.fixture(scope="session")
def artefacts() -> Path:
    """Screenshots: git does not see them."""
    folder = ROOT / "artifacts" / "browser"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
