"""The one HTTP client: honest, patient, bounded in size, time and redirects, and blind to private networks."""

import asyncio
import email.utils
import http.cookiejar
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpcore
import httpx

from app.errors import FetchFailed
from app.metrics import FETCHES
from app.settings import Settings
from app.sources.addresses import GuardedBackend
from app.sources.bodies import Body

MAX_BODY_BYTES: Final = 16 * 1024 * 1024  # as sent, and again as decompressed
MAX_REDIRECTS: Final = 5
_LONGEST_RETRY_AFTER: Final = 24 * 3600.0
_CODINGS: Final = {"", "identity", "gzip", "x-gzip", "deflate"}


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave us to ask "has it changed?" with."""

    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> dict[str, str]:
        """The headers of a conditional GET."""
        pairs = {"if-none-match": self.etag, "if-modified-since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as it came. `url` is where it was found in the end, `moved_to` where it has moved to for good."""

    url: str
    body: bytes
    content_type: str
    language: str | None
    validators: Validators
    moved_to: str | None


class HttpClient:
    """Fetches pages over HTTP/1.1 and HTTP/2 with one pool of connections."""

    def __init__(self, settings: Settings, *, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._seconds = settings.fetch_seconds
        self._max_bytes = max_bytes
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(allow_private=settings.fetch_private),
            headers={
                "user-agent": settings.user_agent,
                "accept": "application/atom+xml, application/rss+xml, application/feed+json, "
                "application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5",
                "accept-encoding": "gzip, deflate",
            },
            timeout=httpx.Timeout(min(10.0, settings.fetch_seconds)),
            cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,  # through a proxy, the proxy would do the DNS and our check would see nothing
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def fetch(self, url: str, validators: Validators | None = None) -> Fetched | None:
        """Get a page; None when it has not changed since `validators` were given.

        Raises FetchFailed with one of the reasons "refused", "redirects", "gone", "throttled", "client_error",
        "server_error", "too_large", "encoding", "timeout", "network".
        """
        try:
            async with asyncio.timeout(self._seconds):
                fetched = await self._follow(url, validators or Validators())
        except FetchFailed as error:
            FETCHES.labels(error.reason).inc()
            raise FetchFailed(error.reason, f"{url}: {error}", error.retry_after) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            FETCHES.labels("timeout").inc()
            raise FetchFailed("timeout", f"{url}: no complete answer in {self._seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            FETCHES.labels("network").inc()
            raise FetchFailed("network", f"{url}: {error or type(error).__name__}") from error
        FETCHES.labels("ok" if fetched else "not_modified").inc()
        return fetched

    async def _follow(self, url: str, validators: Validators) -> Fetched | None:
        permanent, moved_to = True, None
        here = httpx.URL(url)
        for _ in range(MAX_REDIRECTS + 1):
            if here.scheme not in ("http", "https") or not here.host:
                raise FetchFailed("refused", f"{here} is not an http or https address")
            async with self._client.stream("GET", here, headers=validators.headers()) as response:
                if not response.has_redirect_location:
                    return await self._read(response, moved_to, conditional=bool(validators.headers()))
                permanent = permanent and response.status_code in (301, 308)
                here = here.join(response.headers["location"])
                moved_to = str(here) if permanent else moved_to
        raise FetchFailed("redirects", f"redirects more than {MAX_REDIRECTS} times")

    async def _read(self, response: httpx.Response, moved_to: str | None, *, conditional: bool) -> Fetched | None:
        if response.status_code == 304 and conditional:
            return None
        _check_status(response)
        coding = response.headers.get("content-encoding", "").strip().lower()
        if coding not in _CODINGS:  # several codings on top of each other are how bombs come
            raise FetchFailed("encoding", f"came in the content coding {coding!r}, which was not asked for")
        body = Body("" if coding == "identity" else coding, self._max_bytes)
        async for data in response.aiter_raw():
            body.feed(data)
        return Fetched(
            url=str(response.url),
            body=body.finish(),
            content_type=response.headers.get("content-type", ""),
            language=response.headers.get("content-language"),
            validators=Validators(response.headers.get("etag"), response.headers.get("last-modified")),
            moved_to=moved_to,
        )


class GuardedTransport(httpx.AsyncHTTPTransport):
    """Connects to public addresses only, unless private ones are allowed. Raises FetchFailed for others."""

    def __init__(self, *, allow_private: bool) -> None:
        super().__init__(http2=True, trust_env=False)
        # httpx has no parameter for the network backend of its pool; everything else of the transport is as it was
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=100,
            max_keepalive_connections=100,
            keepalive_expiry=30.0,
            http2=True,
            network_backend=GuardedBackend(allow_private=allow_private),
        )


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if 200 <= status < 300:
        return
    said = f"the server answered {status} {response.reason_phrase}".strip()
    if status == 410:
        raise FetchFailed("gone", f"{said}: it will not come back")
    if status in (429, 503):
        raise FetchFailed("throttled", said, retry_after(response.headers.get("retry-after")))
    raise FetchFailed("server_error" if status >= 500 else "client_error", said)


def retry_after(value: str | None) -> float | None:
    """Seconds, from either form of the header; at most a day, whatever it says."""
    if not value:
        return None
    if value.strip().isdecimal():
        return min(float(value), _LONGEST_RETRY_AFTER)
    try:
        moment = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(moment - time.time(), 0.0), _LONGEST_RETRY_AFTER)
