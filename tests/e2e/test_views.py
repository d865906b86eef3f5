"""Every view with something in it, in light, dark and on a narrow screen: readable, and usable for everybody."""

import re
from datetime import datetime

import pytest
from playwright.async_api import Browser, Page, expect

from app.settings import Settings
from schemas.alert import SourceSilent
from tests.e2e.browsing import NARROW, WIDE, in_state, keep, overflow, reading, violations
from tests.e2e.records import ago, burst, current, health, put_alerts, put_events, put_health, put_story, story_of

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

VIEWS = ("live", "world", "stories", "alerts", "sources")


async def furnish(settings: Settings) -> list[dict[str, object]]:
    """Something for every view; the events of the story."""
    word = {"field": "title", "start": 10, "end": 14, "text": "Kyiv"}
    war = {"topic": "ukraine-war", "score": 0.98, "threshold": 0.5, "evidence": [word]}
    source = current(0)["source"]
    told = [
        current(1, title="Strike on Kyiv at night", topics=[war], countries=["UA", "RU"]),
        current(
            2,
            title="ضربة على كييف ليلاً",
            topics=["ukraine-war"],
            countries=["UA"],
            language="ar",
            source=source | {"id": "b", "name": "الجزيرة", "family": "b"},
        ),
        current(3, title="Удар по Києву", topics=["ukraine-war"], countries=["UA"], language="uk", date_problem="old"),
    ]
    others = [current(n, topics=["trade-deals", "davos"][n % 2 :], countries=["CH", "US"]) for n in range(4, 12)]
    await put_events(settings, [*told, *others])
    await put_story(settings, story_of(told))
    silent = SourceSilent(
        id="f" * 32,
        title="Example has published nothing for 19 hours",
        at=datetime.fromisoformat(ago(hours=2)),
        source="example",
        since=datetime.fromisoformat(ago(hours=19)),
        baseline_per_day=64.0,
    )
    closed = burst(2, state="closed", subject="country", value="CH", title="Much about Switzerland", at=ago(hours=3))
    await put_alerts(settings, closed, silent, burst(1, stories=[told[0]["id"]]))
    failing = health("b", "Broken Times", status="failing", failures=4, problem="timeout", detail="no answer in 20 s")
    await put_health(settings, health("a", "Alpha Agency"), failing)
    return told


@pytest.mark.timeout(300)  # five views, four ways, each examined whole
async def test_every_view_is_accessible(settings: Settings, address: str, browser: Browser) -> None:
    [first, *_] = await furnish(settings)
    found = []
    for width, dark in ((WIDE, False), (WIDE, True), (NARROW, False), (NARROW, True)):
        async with reading(browser, address, width=width, dark=dark) as page:
            await in_state(page, "connected")
            look = f"{width}{'-dark' if dark else ''}"
            for key, view in enumerate(VIEWS, 1):
                await page.keyboard.press(str(key))
                await expect(page.locator("nav [aria-current=page]")).to_contain_text(view.capitalize())
                await fill(page, view, str(first["id"]))
                found += [f"{view}-{look}: {one}" for one in await violations(page)]
                assert await overflow(page) <= 0, f"{view} is wider than {width}"
                await keep(page, f"{view}-{look}")
            await page.keyboard.press("?")
            found += [f"help-{look}: {one}" for one in await violations(page)]
    assert found == []


async def fill(page: Page, view: str, first: str) -> None:
    """Open what can be opened, and wait until what comes later is there."""
    if view == "live":
        await page.locator(f"[data-id='{first}'] button[aria-expanded]").click()
    elif view == "world":
        await expect(page.locator(".map path").first).to_be_visible()
        await expect(page.locator(".plot canvas")).to_be_visible()
    elif view == "stories":
        await page.locator(f"[data-id='{first}'] .story-title").click()
        await expect(page.locator(".story-article")).to_have_count(3)


async def test_the_map_shows_counts_and_picks_countries(settings: Settings, address: str, browser: Browser) -> None:
    await furnish(settings)
    async with reading(browser, address, "/?view=world") as page:
        await expect(page.get_by_role("img", name="Map of countries by events: Switzerland 8")).to_be_visible()
        await expect(page.locator(".map path.bin-0")).not_to_have_count(0)
        await page.get_by_role("button", name="Ukraine", exact=True).click()
        await expect(page).to_have_url(re.compile(r"view=world&country=UA$"))
        await expect(page.locator(".map path.selected")).to_have_count(1)
        await expect(page.locator("main h2").first).to_contain_text("3 events")
        await page.get_by_role("button", name="Europe", exact=True).click()
        await expect(page.get_by_role("button", name="Europe", exact=True)).to_have_attribute("aria-pressed", "true")
        await page.get_by_text("As a table").click()
        await expect(page.get_by_role("row").nth(1)).to_contain_text("3")


async def test_a_story_shows_its_articles_by_language_with_evidence_and_grows_live(
    settings: Settings, address: str, browser: Browser
) -> None:
    told = await furnish(settings)
    async with reading(browser, address, f"/?view=stories&story={told[0]['id']}") as page:
        await in_state(page, "connected")
        await expect(page.locator(".articles h4")).to_have_text(
            [re.compile(one) for one in ("English", "Arabic", "Ukrai")]
        )
        await expect(page.locator(".story-article mark")).to_have_text(["Kyiv"])
        await expect(page.locator(".story-article [lang=ar]").first).to_have_css("direction", "rtl")
        more = [*told, current(20, title="Noch ein Bericht", topics=["ukraine-war"], language="de")]
        await put_events(settings, more[-1:])
        await put_story(settings, story_of(more, version=2))
        await expect(page.locator(".story-article")).to_have_count(4)
        await expect(page.locator(".story .by").first).to_contain_text("4 articles")
        await put_story(settings, story_of(more, version=3, status="merged", merged_into="a" * 32))
        await page.keyboard.press("3")
        await expect(page.get_by_text("No stories yet")).to_be_visible()


async def test_a_story_of_old_articles_is_shown(settings: Settings, address: str, browser: Browser) -> None:
    old = [current(number, title="From the archive", published_at="2022-05-01T12:00:00Z") for number in (1, 2)]
    await put_events(settings, [*old, current(3)])
    await put_story(settings, story_of(old))
    await put_story(settings, story_of([current(3)]))
    async with reading(browser, address, "/?view=stories") as page:
        await expect(page.locator(".story")).to_contain_text("From the archive")
        await expect(page.locator(".story time").first).to_have_text("1 May 2022")
        await page.get_by_role("button", name="1 single article").click()
        await expect(page.locator(".story")).to_have_count(2)


async def test_alerts_lead_to_what_they_speak_of_and_change_live(
    settings: Settings, address: str, browser: Browser
) -> None:
    await furnish(settings)
    async with reading(browser, address, "/?view=alerts") as page:
        await in_state(page, "connected")
        await expect(page.locator("nav .badge")).to_have_text(re.compile("2"))
        await expect(page.locator(".alert-item h3")).to_have_text(
            [re.compile("Four times"), re.compile("nothing for 19 hours"), re.compile("Switzerland")]
        )
        await put_alerts(settings, burst(1, state="closed"))
        await expect(page.locator("nav .badge")).to_have_text(re.compile("1"))
        await put_alerts(settings, burst(7))
        await expect(page.locator("nav .badge")).to_have_text(re.compile("2"))
        await page.get_by_role("button", name="Its events").first.click()
        await expect(page).to_have_url(re.compile(r"\?topic=ukraine-war$"))


async def test_sources_show_health_and_balance(settings: Settings, address: str, browser: Browser) -> None:
    await furnish(settings)
    async with reading(browser, address, "/?view=sources") as page:
        rows = page.locator("tbody tr")
        await expect(rows).to_have_text(
            [re.compile(r"Broken Times.*failing.*timeout, 4 times"), re.compile("Alpha Agency")]
        )
        await page.get_by_role("button", name="1 ok").click()
        await expect(rows).to_have_count(1)
        await expect(page.locator(".affiliated")).to_contain_text(re.compile(r"\d+ % of \d+ sources"))
        for title in ("Countries", "Languages", "Families", "Kinds", "Tiers"):
            await expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        await page.get_by_role("button", name="events", exact=True).click()
        await expect(page.locator(".affiliated")).to_contain_text("of events")
