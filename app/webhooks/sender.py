"""One attempt to deliver one message. Connects to public addresses only, follows no redirect, reads no answer."""

import asyncio
import time
from types import TracebackType
from typing import Final, Self

import httpx

from app.errors import FetchFailed, WebhookError
from app.settings import Settings
from app.sources.http import GuardedTransport, retry_after
from app.webhooks.config import Webhook
from app.webhooks.message import Message

_SECONDS: Final = 15.0  # as long as the specification lets a receiver take


class Sender:
    """Posts messages; use it as an async context."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(allow_private=settings.webhook_private),
            headers={"user-agent": settings.user_agent},
            timeout=httpx.Timeout(_SECONDS),
            follow_redirects=False,
            trust_env=False,  # a proxy would resolve names by itself, and our check would see nothing
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def send(self, webhook: Webhook, message: Message) -> int:
        """The status of a webhook that has taken the message, 200 to 299. Raises WebhookError for anything else."""
        headers = message.headers(webhook.secrets(), time.time())
        try:
            async with (
                asyncio.timeout(_SECONDS),
                self._client.stream("POST", webhook.url, content=message.body, headers=headers) as response,
            ):
                status, asked = response.status_code, response.headers.get("retry-after")
        except (TimeoutError, httpx.TimeoutException) as error:
            raise WebhookError(f"no answer in {_SECONDS:g} s") from error
        except FetchFailed as error:
            raise WebhookError(str(error).replace("FETCH_PRIVATE", "WEBHOOK_PRIVATE")) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise WebhookError(f"{error or type(error).__name__}") from error
        if 200 <= status < 300:
            return status
        raise WebhookError(f"it answered {status}", retry_after(asked), gone=status == 410)
