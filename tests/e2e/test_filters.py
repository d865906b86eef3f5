"""Filters and search: what they show, and that the address says them."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Page, expect

from app.settings import Settings
from app.steps.sectors import SECTORS
from tests.e2e.browsing import in_state, reading, shown_ids
from tests.e2e.records import current, put_events

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def put_four(settings: Settings) -> dict[str, str]:
    """Events that differ in what filters ask for, by a name each."""
    other = current(0)["source"] | {"id": "other", "name": "The Other", "domain": "o.org"}
    events = {
        "swiss": current(1, title="Snow on the Promenade", countries=["CH"], language="de"),
        "kyiv": current(2, title="Strike on Kyiv", topics=["ukraine-war"], countries=["UA", "RU"], language="uk"),
        "tariff": current(3, title="Tariffs fall", topics=["trade-deals"], countries=["CA"], sectors=["autos"]),
        "other": current(4, title="Café talks", source=other),
    }
    return dict(zip(events, await put_events(settings, events.values()), strict=True))


async def only(page: Page, *ids: str) -> None:
    """Wait until exactly these events are shown."""
    async with asyncio.timeout(20):
        while sorted(await shown_ids(page)) != sorted(ids):  # noqa: ASYNC110 - it is another process's state
            await asyncio.sleep(0.05)


async def test_filters_stand_in_the_address_and_survive_reload_and_back(
    settings: Settings, address: str, browser: Browser
) -> None:
    ids = await put_four(settings)
    async with reading(browser, address) as page:
        await only(page, *ids.values())
        await page.get_by_role("button", name="Ukraine war", exact=True).click()
        await only(page, ids["kyiv"])
        await expect(page).to_have_url(re.compile(r"\?topic=ukraine-war$"))
        await page.get_by_role("button", name="Davos", exact=True).click()
        await only(page, ids["kyiv"], ids["swiss"], ids["other"])
        await page.locator(f"[data-id='{ids['swiss']}']").get_by_role("button", name="Land CH").click()
        await only(page, ids["swiss"], ids["other"])
        await expect(page).to_have_url(re.compile(r"\?topic=ukraine-war,davos&country=CH$"))
        await page.reload()
        await only(page, ids["swiss"], ids["other"])
        await page.go_back()
        await only(page, ids["kyiv"], ids["swiss"], ids["other"])
        await page.go_forward()
        await page.get_by_role("button", name="Clear all").click()
        await only(page, *ids.values())
        await expect(page).to_have_url(re.compile(r":\d+/$"))


async def test_search_folds_case_and_accents_and_holds_for_what_arrives(
    settings: Settings, address: str, browser: Browser
) -> None:
    ids = await put_four(settings)
    async with reading(browser, address) as page:
        await in_state(page, "connected")
        await page.get_by_role("searchbox").fill("CAFE")
        await only(page, ids["other"])
        await in_state(page, "connected")
        await put_events(settings, [current(5, title="No match")])
        [more] = await put_events(settings, [current(6, title="Another café")])
        await only(page, ids["other"], more)
        await expect(page).to_have_url(re.compile(r"\?q=CAFE$"))


async def test_every_filter_of_an_address_is_applied(settings: Settings, address: str, browser: Browser) -> None:
    ids = await put_four(settings)
    expected = {
        "country=UA": ["kyiv"],
        "language=de,uk": ["swiss", "kyiv"],
        "sector=autos": ["tariff"],
        "source=o.org": ["other"],
        "min_score=0.95": [],
        "last=1h&topic=davos": ["swiss", "other"],
    }
    async with reading(browser, address) as page:
        for query, names in expected.items():
            await page.goto(f"{address}?{query}")
            await in_state(page, "connected")
            await only(page, *(ids[name] for name in names))


async def test_the_choices_are_those_that_there_are(settings: Settings, address: str, browser: Browser) -> None:
    await put_four(settings)
    async with reading(browser, address) as page:
        await in_state(page, "connected")
        sectors = await page.locator("#filter-sector option").evaluate_all("all => all.map(one => one.value)")
        assert sectors == ["", *SECTORS]
        await expect(page.locator("#filter-country option")).to_have_count(5)
        await page.locator("#filter-country").select_option("UA")
        await expect(page.locator("main [data-id]")).to_have_count(1)
        await page.get_by_role("button", name="Remove filter country: Ukraine").click()
        await expect(page.locator("main [data-id]")).to_have_count(4)


async def test_a_filter_that_the_gateway_refuses_is_explained(address: str, browser: Browser) -> None:
    async with reading(browser, address, "/?topic=gardening", allowed="Failed to load resource: .*") as page:
        await expect(page.get_by_text("no topic is called 'gardening'")).to_be_visible()
        await page.get_by_role("button", name="Clear filters").click()
        await in_state(page, "connected")
