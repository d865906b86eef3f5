"""Pause and resume, and everything by key."""

import re

import pytest
from playwright.async_api import Browser, expect

from app.settings import Settings
from tests.e2e.browsing import in_state, reading, shown_ids
from tests.e2e.records import current, put_events

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_a_paused_page_counts_what_waits_and_shows_it_when_resumed(
    settings: Settings, address: str, browser: Browser
) -> None:
    first = await put_events(settings, [current(1)])
    async with reading(browser, address) as page:
        await in_state(page, "connected")
        await page.get_by_role("button", name="Pause").click()
        await in_state(page, "paused")
        waiting = await put_events(settings, [current(number) for number in range(2, 5)])
        await expect(page.get_by_role("button", name="Resume (3 new)")).to_be_visible()
        assert await shown_ids(page) == first
        await page.get_by_role("button", name="Resume").click()
        await in_state(page, "connected")
        await expect(page.locator("main [data-id]")).to_have_count(4)
        assert sorted(await shown_ids(page)) == sorted(first + waiting)


async def test_everything_has_a_key(settings: Settings, address: str, browser: Browser) -> None:
    ids = await put_events(settings, [current(1, title="First"), current(2, title="Second")])
    async with reading(browser, address, "/?topic=davos") as page:
        await expect(page.locator("main [data-id]")).to_have_count(2)
        focused = page.locator("[data-id]:focus-within")
        order = await shown_ids(page)
        for key, expected in (("j", order[0]), ("j", order[1]), ("j", order[1]), ("k", order[0])):
            await page.keyboard.press(key)
            await expect(focused).to_have_attribute("data-id", expected)
        await expect(page.locator("h3 a:focus")).to_be_visible()
        await page.keyboard.press("o")
        await expect(page.locator(f"[data-id='{order[0]}'] .details")).to_be_visible()
        await page.keyboard.press("o")
        await expect(page.locator(".details")).to_have_count(0)
        await page.keyboard.press("p")
        await in_state(page, "paused")
        await page.keyboard.press("p")
        await page.keyboard.press("/")
        await page.keyboard.type("first pjk")
        await expect(page.get_by_role("searchbox")).to_have_value("first pjk")
        await page.keyboard.press("Escape")
        await page.keyboard.press("x")
        await expect(page).to_have_url(re.compile(r":\d+/$"))
        for key, view in (("2", "world"), ("3", "stories"), ("4", "alerts"), ("5", "sources")):
            await page.keyboard.press(key)
            await expect(page).to_have_url(re.compile(rf"\?view={view}$"))
            await expect(page.locator("nav [aria-current=page]")).to_have_text(view.capitalize())
        await page.keyboard.press("1")
        assert sorted(await shown_ids(page)) == sorted(ids)
        await page.keyboard.press("t")
        await expect(page.locator("html")).to_have_attribute("data-theme", "light")
        await page.keyboard.press("f")
        await expect(page.locator("#filter-country")).to_be_focused()


async def test_keys_are_listed_and_can_be_turned_off(address: str, browser: Browser) -> None:
    async with reading(browser, address) as page:
        await in_state(page, "connected")
        await page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keys")
        await expect(dialog).to_be_visible()
        await dialog.get_by_label("Single keys are shortcuts").uncheck()
        await page.keyboard.press("Escape")
        await expect(dialog).not_to_be_visible()
        await page.keyboard.press("p")
        await page.keyboard.press("2")
        await in_state(page, "connected")
        await expect(page).to_have_url(re.compile(r":\d+/$"))
        await page.reload()
        await in_state(page, "connected")
        await page.keyboard.press("p")
        await in_state(page, "connected")


async def test_tab_reaches_the_content_first(settings: Settings, address: str, browser: Browser) -> None:
    await put_events(settings, [current(1)])
    async with reading(browser, address) as page:
        await in_state(page, "connected")
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(page.locator("main")).to_be_focused()
