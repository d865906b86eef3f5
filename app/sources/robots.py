"""robots.txt: asked before pages are fetched. Feeds are published to be fetched, and are not asked for."""

import time
from typing import Final
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from app.errors import FetchFailed
from app.sources.http import HttpClient

_KEPT_SECONDS: Final = 24 * 3600.0  # RFC 9309: no longer than a day
_RETRY_SECONDS: Final = 600.0
_MOST_BYTES: Final = 500 * 1024  # RFC 9309: what lies beyond may be ignored
_MOST_SITES: Final = 2000


class Robots:
    """What sites allow a user agent to fetch, by RFC 9309: no file allows all, a server that fails allows nothing."""

    def __init__(self, http: HttpClient, user_agent: str) -> None:
        self._http = http
        self._agent = user_agent.partition("/")[0].partition(" ")[0] or "*"
        self._rules: dict[str, tuple[float, RobotFileParser]] = {}

    async def allows(self, url: str) -> bool:
        """Whether a page may be fetched."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        until, rules = self._rules.get(site, (0.0, None))
        if rules is None or until < time.monotonic():
            seconds, rules = await self._read(site)
            if len(self._rules) >= _MOST_SITES:
                self._rules.clear()
            self._rules[site] = (time.monotonic() + seconds, rules)
        return rules.can_fetch(self._agent, url)

    async def _read(self, site: str) -> tuple[float, RobotFileParser]:
        rules = RobotFileParser()
        rules.modified()  # without it, it believes that nothing was read yet and forbids everything
        try:
            fetched = await self._http.fetch(f"{site}/robots.txt")
        except FetchFailed as error:
            if error.reason in ("client_error", "gone"):
                rules.parse([])
                return _KEPT_SECONDS, rules
            rules.parse(["User-agent: *", "Disallow: /"])
            return _RETRY_SECONDS, rules
        text = fetched.body[:_MOST_BYTES].decode("utf-8", "replace") if fetched else ""
        rules.parse(text.splitlines())
        return _KEPT_SECONDS, rules
