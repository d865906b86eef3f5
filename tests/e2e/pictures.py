"""Pictures of the page for docs/page.md, from a gateway that runs: `python -m tests.e2e.pictures http://127.0.0.1:8080/`.

Smaller ones: `pngquant --ext .png --force 48 docs/pictures/*.png` afterwards.
"""

import asyncio
import sys
from dataclasses import dataclass

from playwright.async_api import Page

from tests.e2e.browsing import ROOT, chromium, in_state, reading

PICTURES = ROOT / "docs" / "pictures"
WIDTH = 1280


@dataclass(frozen=True, slots=True)
class Picture:
    """One view in one look."""

    name: str
    path: str
    width: int = WIDTH
    dark: bool = False
    press: str = ""  # what is clicked before


TAKEN = (
    Picture("live", "/"),
    Picture("world", "/?view=world", dark=True),
    Picture("stories", "/?view=stories&q=Minsk", press=".story-title"),
    Picture("sources", "/?view=sources"),
    Picture("phone", "/?language=ar,fa,he,ur", width=360, dark=True),
)


async def take(page: Page, picture: Picture) -> None:
    """This picture, once everything that comes later has come."""
    await in_state(page, "connected")
    await page.wait_for_load_state("load")
    if picture.press:
        await page.locator(picture.press).first.click()
    await page.mouse.move(0, 0)
    await page.wait_for_timeout(3000)
    height = 640 if picture.width == WIDTH else 700
    await page.set_viewport_size({"width": picture.width, "height": height})
    await page.screenshot(path=PICTURES / f"{picture.name}.png")


async def main(address: str) -> None:
    """All pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        for picture in TAKEN:
            async with reading(browser, address, picture.path, width=picture.width, dark=picture.dark) as page:
                await take(page, picture)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080/"))
