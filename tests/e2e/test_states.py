"""What the page says when there is nothing to show, or nobody to ask."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Route, expect
from pydantic import SecretStr

from app.gateway.server import serving
from app.settings import Settings
from tests.e2e.browsing import FAILED_REQUEST, in_state, keep, reading, violations
from tests.e2e.records import current, put_events
from tests.gateway_tools import TOPICS

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_an_empty_gateway_says_what_will_come(address: str, browser: Browser) -> None:
    words = {
        "live": "No events yet",
        "stories": "No stories yet",
        "alerts": "No alerts",
        "sources": "No source has been polled yet",
    }
    for view, text in words.items():
        async with reading(browser, address, f"/?view={view}") as page:
            await in_state(page, "connected")
            await expect(page.get_by_text(text, exact=True).first).to_be_visible()
            await keep(page, f"empty-{view}")


async def test_filters_that_let_nothing_through_can_be_cleared(
    settings: Settings, address: str, browser: Browser
) -> None:
    await put_events(settings, [current(1)])
    async with reading(browser, address, "/?q=nothing+like+it") as page:
        await in_state(page, "connected")
        await expect(page.get_by_text("No event passes these filters").first).to_be_visible()
        await page.get_by_role("button", name="Clear filters").first.click()
        await expect(page.locator("main [data-id]")).to_have_count(1)


async def test_a_gateway_without_kafka_says_why_and_the_page_goes_on_by_itself(
    settings: Settings, browser: Browser
) -> None:
    nowhere = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    async with (
        serving(nowhere, TOPICS) as gateway,
        reading(browser, gateway.address, allowed=FAILED_REQUEST) as page,
    ):
        await in_state(page, "connecting")
        await expect(page.get_by_role("alert")).to_contain_text("127.0.0.1:9")
        await keep(page, "not-ready")


async def test_an_unreachable_gateway_is_tried_again(settings: Settings, address: str, browser: Browser) -> None:
    [one] = await put_events(settings, [current(1)])
    async with reading(browser, address, allowed=FAILED_REQUEST) as page:
        await in_state(page, "connected")

        async def cut(route: Route) -> None:
            await route.abort()

        await page.route("**/v1/**", cut)
        await page.reload()
        await in_state(page, "connecting")
        await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
        await keep(page, "unreachable")
        await page.get_by_role("button", name="Retry now").click()
        await page.unroute("**/v1/**")
        await in_state(page, "connected")
        await expect(page.locator(f"[data-id='{one}']")).to_be_visible()


async def test_lists_that_cannot_be_loaded_say_so(address: str, browser: Browser) -> None:
    async with reading(browser, address, allowed=FAILED_REQUEST) as page:
        await in_state(page, "connected")

        async def fail(route: Route) -> None:
            await route.fulfill(status=500, content_type="application/problem+json", body='{"detail": "out of order"}')

        await page.route("**/v1/sources*", fail)
        await page.keyboard.press("5")
        await expect(page.get_by_role("alert")).to_contain_text("out of order")


async def test_a_page_that_is_not_built_says_how_to_build_it(
    address: str, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.page.STATIC", tmp_path)
    async with reading(browser, address, allowed=FAILED_REQUEST) as page:
        await expect(page.get_by_role("heading")).to_have_text("The live page is not built")
        await expect(page.get_by_text("make web")).to_be_visible()


async def test_a_gateway_that_wants_a_key_is_given_one(settings: Settings, browser: Browser) -> None:
    closed = settings.model_copy(update={"anonymous_read": False, "api_keys": [SecretStr("open sesame")]})
    async with serving(closed, TOPICS) as gateway, reading(browser, gateway.address, allowed=FAILED_REQUEST) as page:
        await expect(page.get_by_text("This gateway asks for a key")).to_be_visible()
        assert await violations(page) == []
        await page.get_by_label("API key").fill("wrong")
        await page.get_by_role("button", name="Read").click()
        await expect(page.get_by_label("API key")).to_have_value("")
        await page.get_by_label("API key").fill("open sesame")
        await page.get_by_role("button", name="Read").click()
        await in_state(page, "connected")
        await page.reload()
        await in_state(page, "connected")
