"""A reader at the page: a real browser that notes everything that should not happen."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright, expect

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / ".artifacts" / "e2e"
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = 1440, 360
# Browsers write this whenever an answer is not 200 or a connection is refused, which some tests bring about.
FAILED_REQUEST = r"Failed to load resource: .*"

expect.set_options(timeout=15_000)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium: `make e2e` installs it where it is missing."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("the browser tests need Chromium: run 'make e2e', or apt-get install chromium")
    async with async_playwright() as playwright:
        # Its sandbox does not work for root; the page comes from this machine.
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def reading(
    browser: Browser, address: str, path: str = "/", *, width: int = WIDE, dark: bool = False, allowed: str = "$^"
) -> AsyncIterator[Page]:
    """The page at `path`, opened. Fails at the end if it wrote an error, other than those that `allowed` matches whole,
    opened a dialog, or asked any other host for anything.
    """
    context = await browser.new_context(
        viewport={"width": width, "height": 900 if width > NARROW else 780},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not re.fullmatch(allowed, message.text):
            problems.append(f"console: {message.text}")

    def on_request(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(address).netloc:
            problems.append(f"asked another host: {request.url}")

    page = await context.new_page()
    page.on("console", on_console)
    page.on("request", on_request)
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))
    try:
        await page.goto(address.rstrip("/") + path)
        yield page
    finally:
        await context.close()
    assert problems == []


async def in_state(page: Page, state: str) -> None:
    """Wait until the page says that its connection is in this state."""
    await expect(page.locator(f"#state[data-state={state}]")).to_be_visible(timeout=30_000)


async def shown_ids(page: Page, within: str = "main") -> list[str]:
    """Ids of the items on the page, in their order."""
    found: list[str] = await page.locator(f"{within} [data-id]").evaluate_all("all => all.map(one => one.dataset.id)")
    return found


async def keep(page: Page, name: str) -> None:
    """A screenshot among the artifacts of the run."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=ARTIFACTS / f"{name}.png")


async def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA and good practice; empty when all is well."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found["violations"] for node in rule["nodes"]]


async def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    wider: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
