"""Titles, names and addresses that want to do harm: they are text, and they stay where they are."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from app.settings import Settings
from tests.e2e.browsing import NARROW, in_state, keep, overflow, reading
from tests.e2e.records import current, put_events

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script><style>*{display:none}</style>&lt;b&gt;"
TITLES = [
    MARKUP,
    "\u202eevil si siht\u202c and \u2066isolated\u2069 \u2067text",
    "zero\u200bwidth\u2060join\ufeffed\u00ad",
    "A" * 10_000,
    "word " * 2_000,
    "Z" + "\u0301\u0316\u0332" * 300 + "algo",
    "line\nbreaks\tand\u2028separators\u0000\u0007\u009b31m",
    "مرحبا <b>دافوس</b> \u202d123",
    "{{constructor.constructor('alert(3)')()}} ${alert(4)} javascript:alert(5)",
    "😀" * 500,
]
INVISIBLE = "[\u200b\u2060\ufeff\u00ad\u2028\u202a-\u202e\u2066-\u2069\u0000-\u0008\u0080-\u009f]"


async def test_hostile_text_is_harmless(settings: Settings, address: str, browser: Browser) -> None:
    source = {"id": "x", "name": MARKUP + "\u202e", "domain": "x.org", "country": None, "family": "x", "tier": None}
    events = [
        current(
            number,
            title=title,
            summary=title[:500],
            url="javascript:alert(6)" if number % 2 else f"https://example.org/?q=<script>{number}",
            source=source,
        )
        for number, title in enumerate(TITLES)
    ]
    async with reading(browser, address, "/?topic=davos") as page:
        await in_state(page, "connected")
        ids = await put_events(settings, events)
        await look_at(page, ids)
        await keep(page, "hostile")
    async with reading(browser, address, "/?topic=davos", width=NARROW) as page:
        await look_at(page, ids)
        await keep(page, "hostile-narrow")


async def look_at(page: Page, ids: list[str]) -> None:
    """Open everything that there is of these events: it is text, it is all visible, and it moves nothing else."""
    items = page.locator("main [data-id]")
    await expect(items).to_have_count(len(ids))
    for button in await items.locator("button[aria-label=Details]").all():
        await button.click()
    await expect(page.locator(f"[data-id='{ids[0]}'] h3")).to_contain_text("<img src=x onerror=alert(1)>")
    assert await page.locator("[data-id] :is(img, script, style, iframe, b)").count() == 0
    links = await items.locator("h3 a").evaluate_all("all => all.map(one => [one.protocol, one.rel])")
    assert links == [["https:", "noopener noreferrer nofollow"]] * 5
    text = await page.locator("main").inner_text()
    assert re.search(INVISIBLE, text) is None
    assert await overflow(page) <= 0
    heights = await items.locator("h3").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert max(heights) < 120, "a title takes at most four lines"
    # What stands beside an override keeps its own direction: the time is left of the source's name.
    for item in await items.all():
        time, name = await item.locator("time").first.bounding_box(), await item.locator("bdi").first.bounding_box()
        assert time is not None
        assert name is not None
        assert time["x"] < name["x"] or time["y"] < name["y"]


async def test_right_to_left_text_reads_from_the_right(settings: Settings, address: str, browser: Browser) -> None:
    arabic, english = (
        current(1, title="زيلينسكي يصل إلى دافوس", language="ar"),
        current(2, title="Zelensky reaches Davos (دافوس)"),
    )
    async with reading(browser, address, "/?topic=davos") as page:
        await in_state(page, "connected")
        ids = await put_events(settings, [arabic, english])
        for one, direction, language in ((ids[0], "rtl", "ar"), (ids[1], "ltr", "en")):
            title = page.locator(f"[data-id='{one}'] h3")
            await expect(title).to_have_css("direction", direction)
            await expect(title).to_have_attribute("lang", language)
