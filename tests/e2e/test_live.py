"""Events on the page as they are published, each where it belongs."""

import pytest
from playwright.async_api import Browser, expect

from app.settings import Settings
from tests.e2e.browsing import in_state, keep, reading, shown_ids
from tests.e2e.records import ago, current, put_events, withdraw

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_events_arrive_live_in_the_columns_of_their_topics(
    settings: Settings, address: str, browser: Browser
) -> None:
    [old] = await put_events(settings, [current(1, topics=["davos"], title="Before the page was opened")])
    async with reading(browser, address) as page:
        await expect(page.get_by_text("Before the page was opened")).to_be_visible()
        await in_state(page, "connected")
        [war, both] = await put_events(
            settings, [current(2, topics=["ukraine-war"]), current(3, topics=["trade-deals", "davos"])]
        )
        await expect(page.locator(f"[aria-label='Ukraine war'] > section [data-id='{war}']")).to_be_visible()
        await expect(page.locator(f"[data-id='{both}']")).to_have_count(2)
        assert await shown_ids(page, "[aria-label='Davos'] > section") == [both, old]
        assert await shown_ids(page, "[aria-label='Ukraine war'] > section") == [war]
        await keep(page, "live")


async def test_words_that_speak_for_a_topic_are_marked(settings: Settings, address: str, browser: Browser) -> None:
    title = "😀 Leaders meet in Davos, Давос, دافوس"
    spans = [("Davos", "title"), ("Давос", "title"), ("دافوس", "title")]
    evidence = [
        {"field": field, "start": title.index(word), "end": title.index(word) + len(word), "text": word}
        for word, field in spans
    ]
    topic = {"topic": "davos", "score": 0.97, "threshold": 0.5, "evidence": evidence}
    async with reading(browser, address) as page:
        await in_state(page, "connected")
        [one] = await put_events(settings, [current(1, topics=[topic], title=title)])
        marked = page.locator(f"[data-id='{one}'] h3 mark")
        await expect(marked).to_have_text([word for word, _ in spans])
        await page.locator(f"[data-id='{one}'] button[aria-expanded]").click()
        await expect(page.locator(f"[data-id='{one}'] .details")).to_contain_text("0.970 (needs 0.50)")


async def test_a_new_version_takes_the_place_of_the_old_one_and_a_withdrawn_event_goes(
    settings: Settings, address: str, browser: Browser
) -> None:
    first, wrong = current(1), current(2)
    await put_events(settings, [first, wrong])
    async with reading(browser, address) as page:
        await in_state(page, "connected")
        await expect(page.locator("main [data-id]")).to_have_count(2)
        second = current(3, version=2, supersedes=first["id"], url=first["url"], title="Corrected")
        await put_events(settings, [second])
        await expect(page.locator(f"[data-id='{second['id']}']")).to_contain_text("updated, version 2")
        await withdraw(settings, wrong)
        await expect(page.locator(f"[data-id='{wrong['id']}']")).to_have_count(0)
        assert await shown_ids(page) == [second["id"]]


async def test_older_events_are_loaded_below(settings: Settings, address: str, browser: Browser) -> None:
    ids = await put_events(settings, [current(number) for number in range(130)])
    async with reading(browser, address, "/?topic=davos") as page:
        await expect(page.locator("main [data-id]")).to_have_count(40)
        for count in (100, 130):
            await page.get_by_role("button", name="Older events").click()
            await expect(page.locator("main [data-id]")).to_have_count(count)
        await expect(page.get_by_role("button", name="Older events")).to_have_count(0)
        found = await shown_ids(page)
        assert sorted(found) == sorted(ids)


async def test_a_burst_is_drawn_whole(settings: Settings, address: str, browser: Browser) -> None:
    async with reading(browser, address, "/?topic=davos") as page:
        await in_state(page, "connected")
        ids = await put_events(settings, [current(number) for number in range(180)])
        await expect(page.locator("main [data-id]")).to_have_count(180)
        assert sorted(await shown_ids(page)) == sorted(ids)


async def test_events_that_come_late_are_said_to_be_late(settings: Settings, address: str, browser: Browser) -> None:
    async with reading(browser, address) as page:
        await in_state(page, "connected")
        await put_events(settings, [current(1, processed_at=ago(minutes=12))])
        await in_state(page, "behind")
        await expect(page.locator(".why")).to_contain_text("12 min late")
        await put_events(settings, [current(2)])
        await in_state(page, "connected")
