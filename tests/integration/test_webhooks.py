"""Webhooks against a real HTTP server and a real Kafka: signed, retried, dead-lettered, and never lost."""

import asyncio
import base64
import hmac
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from aiohttp import web

from app.errors import ConfigurationError, WebhookError
from app.health import Health
from app.settings import Settings
from app.webhooks.config import Webhook, load_webhooks
from app.webhooks.delivery import WEBHOOK_HEADER, Delivery
from app.webhooks.message import Message
from app.webhooks.sender import Sender
from schemas.dead_letter import DeadLetterHeaders, Reason, Stage
from tests.faults.worker import WorkerProcess
from tests.kafka_tools import Put, produce, read_all

pytestmark = pytest.mark.integration

SECRET = b"a secret of more than 24 bytes, for tests"


def alert(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"{number:032x}",
        "kind": "burst",
        "title": f"Burst {number}",
        "at": "2026-01-20T10:15:00.000Z",
        "subject": "topic",
        "value": "davos",
        "state": "open",
        "since": "2026-01-20T09:15:00.000Z",
        "until": "2026-01-20T10:15:00.000Z",
        "observed": 40,
        "expected": 4.0,
        "probability": 1e-9,
        "stories": [],
        "events": [],
    } | fields


def put(number: int, **fields: Any) -> Put:
    return Put(orjson.dumps(alert(number, **fields)), key=f"{number:032x}".encode(), partition=number % 4)


class Receiver:
    """Answers each POST as `answer` says, given how many came before; checks every signature."""

    def __init__(self, answer: Callable[[int], int | tuple[int, dict[str, str]]] = lambda _: 204) -> None:
        self._answer = answer
        self.taken: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.times: list[float] = []
        self.port = 0

    async def __aenter__(self) -> "Receiver":
        app = web.Application()
        app.router.add_post("/{path:.*}", self._post)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def _post(self, request: web.Request) -> web.Response:
        body, headers = await request.read(), request.headers
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.digest(SECRET, signed, "sha256")).decode()
        assert expected in headers["webhook-signature"].split()
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        status = self._answer(len(self.ids))
        self.ids.append(headers["webhook-id"])
        self.times.append(time.monotonic())
        status, extra = status if isinstance(status, tuple) else (status, {})
        if status < 300:
            self.taken.append(orjson.loads(body))
        return web.Response(status=status, headers=extra)

    async def until(self, holds: Callable[["Receiver"], bool], seconds: float = 40.0) -> None:
        async with asyncio.timeout(seconds):
            while not holds(self):  # noqa: ASYNC110 - the server's own handler is what is waited for
                await asyncio.sleep(0.05)


def hook(receiver: Receiver, home: Path, name: str = "desk", **fields: Any) -> Webhook:
    secret = home / "secret"
    secret.write_bytes(b"whsec_" + base64.b64encode(SECRET))
    return Webhook(name=name, url=receiver.url, secret_file=secret, **fields)


@asynccontextmanager
async def serving(settings: Settings, *hooks: Webhook, **changes: Any) -> AsyncIterator[Health]:
    """Deliveries that have their partitions."""
    changes = {"webhook_private": True, "webhook_backoff_seconds": 0.05, "webhook_tries": 4} | changes
    settings, health = settings.model_copy(update=changes), Health()
    async with Sender(settings) as sender:
        deliveries = [Delivery(each, settings, health, sender) for each in hooks]
        tasks = [asyncio.create_task(delivery.run()) for delivery in deliveries]
        try:
            yield health
        finally:
            for delivery in deliveries:
                delivery.stop()
            await asyncio.gather(*tasks)


async def ended(health: Health) -> None:
    """Wait until deliveries have begun, and have ended by themselves."""
    async with asyncio.timeout(40):
        while not health.has_started or health.is_ready:  # noqa: ASYNC110 - it has no component left then
            await asyncio.sleep(0.05)


async def began(settings: Settings, webhook: Webhook) -> None:
    """Run a webhook's group once, so that it has committed where it begins."""
    from app.kafka.reader import open_reader

    group = f"{settings.namespace}-webhooks-{webhook.name}"
    async with serving(settings, webhook), open_reader(settings) as reader, asyncio.timeout(40):
        places = (await reader.topics(settings.namespace))[settings.channels.alerts]
        while None in (await reader.group_offsets(group, places)).values():  # noqa: ASYNC110 - Kafka is asked
            await asyncio.sleep(0.1)


async def test_each_alert_is_delivered_and_signed(settings: Settings, tmp_path: Path) -> None:
    await produce(settings, settings.channels.alerts, [put(90)])  # before anybody subscribed
    async with Receiver() as receiver:
        webhook = hook(receiver, tmp_path)
        await began(settings, webhook)
        await produce(settings, settings.channels.alerts, [put(n) for n in range(8)] + [put(3, observed=80)])
        async with serving(settings, webhook):
            await receiver.until(lambda r: len(r.taken) >= 9)
    assert sorted(message["data"]["title"] for message in receiver.taken) == sorted(
        f"Burst {n}" for n in (*range(8), 3)
    )
    assert {message["type"] for message in receiver.taken} == {"alert.burst.open"}
    assert len(set(receiver.ids)) == 9  # an update of a burst is another message
    assert await read_all(settings, settings.channels.dead_letters) == []


async def test_only_what_is_wanted(settings: Settings, tmp_path: Path) -> None:
    async with Receiver() as all_, Receiver() as some:
        hooks = (hook(all_, tmp_path, "all"), hook(some, tmp_path, "some", subjects=["country"], values=["CA"]))
        for each in hooks:
            await began(settings, each)
        silent = {"id": "f" * 32, "kind": "source-silent", "title": "Quiet", "at": "2026-01-20T10:15:00.000Z"}
        await produce(
            settings,
            settings.channels.alerts,
            [
                put(1),
                put(2, subject="country", value="CA"),
                put(3, subject="country", value="KR"),
                Put(orjson.dumps(silent)),
                Put(b"no alert at all"),
            ],
        )
        async with serving(settings, *hooks):
            await all_.until(lambda r: len(r.taken) == 4)
            await some.until(lambda r: len(r.taken) == 2)
    assert sorted(message["data"]["title"] for message in some.taken) == ["Burst 2", "Quiet"]


async def test_it_is_tried_again_under_the_same_id(settings: Settings, tmp_path: Path) -> None:
    async with Receiver(lambda n: 500 if n < 2 else 204) as receiver:
        webhook = hook(receiver, tmp_path)
        await began(settings, webhook)
        await produce(settings, settings.channels.alerts, [put(1)])
        async with serving(settings, webhook):
            await receiver.until(lambda r: bool(r.taken))
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 1


async def test_retry_after_is_heeded(settings: Settings, tmp_path: Path) -> None:
    async with Receiver(lambda n: (429, {"retry-after": "2"}) if n == 0 else 204) as receiver:
        webhook = hook(receiver, tmp_path)
        await began(settings, webhook)
        await produce(settings, settings.channels.alerts, [put(1)])
        async with serving(settings, webhook):
            await receiver.until(lambda r: bool(r.taken))
    assert receiver.times[1] - receiver.times[0] >= 2.0  # the back-off alone is a twentieth of a second


async def test_a_dead_letter_in_the_end_and_the_next_alert_goes_on(settings: Settings, tmp_path: Path) -> None:
    async with Receiver(lambda n: 500 if n < 4 else 200) as receiver:
        webhook = hook(receiver, tmp_path)
        await began(settings, webhook)
        await produce(settings, settings.channels.alerts, [put(1), put(5)])
        async with serving(settings, webhook):
            await receiver.until(lambda r: bool(r.taken))
    assert [message["data"]["title"] for message in receiver.taken] == ["Burst 5"]
    (letter,) = await read_all(settings, settings.channels.dead_letters)
    about = DeadLetterHeaders.from_headers(letter.headers)
    assert (about.stage, about.reason, about.attempts) == (Stage.WEBHOOKS, Reason.UNDELIVERED, 4)
    assert (about.topic, about.partition, about.offset) == (settings.channels.alerts, 1, 0)
    assert about.message == "desk: it answered 500"
    assert dict(letter.headers)[WEBHOOK_HEADER] == b"desk"
    assert orjson.loads(letter.value) == alert(1)


async def test_gone_ends_it(settings: Settings, tmp_path: Path) -> None:
    async with Receiver(lambda _: 410) as receiver:
        webhook = hook(receiver, tmp_path)
        await began(settings, webhook)
        await produce(settings, settings.channels.alerts, [put(n) for n in range(4)])
        async with serving(settings, webhook) as health:
            await receiver.until(lambda r: bool(r.ids))
            await ended(health)
            await asyncio.sleep(1.0)  # three more alerts wait: none may be sent
    assert len(receiver.ids) == 1
    assert await read_all(settings, settings.channels.dead_letters) == []


async def test_gone_is_remembered_over_a_restart_until_the_address_changes(settings: Settings, tmp_path: Path) -> None:
    async with Receiver(lambda n: 410 if n < 1 else 204) as receiver:
        webhook = hook(receiver, tmp_path)
        await began(settings, webhook)
        await produce(settings, settings.channels.alerts, [put(1)])
        async with serving(settings, webhook) as health:
            await receiver.until(lambda r: bool(r.ids))
            await ended(health)
        await produce(settings, settings.channels.alerts, [put(n) for n in range(2, 6)])
        for workers in ([webhook], [webhook, webhook]):
            async with serving(settings, *workers) as health:
                await ended(health)
        assert len(receiver.ids) == 1, "a new worker offered it an alert"
        async with serving(settings, webhook.model_copy(update={"url": f"{receiver.url}#2"})):
            await receiver.until(lambda r: len(r.taken) == 5)
    assert sorted(message["data"]["title"] for message in receiver.taken) == [f"Burst {n}" for n in range(1, 6)]
    assert await read_all(settings, settings.channels.dead_letters) == []


async def test_nothing_is_lost_over_a_restart(settings: Settings, tmp_path: Path) -> None:
    down = True
    async with Receiver(lambda _: 503 if down else 204) as receiver:
        webhook = hook(receiver, tmp_path)
        await began(settings, webhook)
        await produce(settings, settings.channels.alerts, [put(1), put(5)])
        async with serving(settings, webhook, webhook_tries=100):
            await receiver.until(lambda r: len(r.ids) >= 3)
        await produce(settings, settings.channels.alerts, [put(9)])  # while nobody serves
        down = False
        async with serving(settings, webhook):
            await receiver.until(lambda r: len(r.taken) >= 3)
    assert [message["data"]["title"] for message in receiver.taken] == ["Burst 1", "Burst 5", "Burst 9"]


async def test_a_worker_sends_them(settings: Settings, tmp_path: Path) -> None:
    async with Receiver() as receiver:
        webhook = hook(receiver, tmp_path)
        file = tmp_path / "hooks.yaml"
        file.write_text(yaml.safe_dump({"webhooks": [{"name": "desk", "url": receiver.url, "secret_file": "secret"}]}))
        await began(settings, webhook)
        await produce(settings, settings.channels.alerts, [put(1)])
        environment = {"GEONEWS_WEBHOOKS": str(file), "GEONEWS_WEBHOOK_PRIVATE": "true"}
        worker = WorkerProcess(settings, f"{settings.namespace}-a", tmp_path, environment)
        worker.start()
        try:
            await worker.wait_ready(90)
            await receiver.until(lambda r: bool(r.taken))
            assert await worker.metric("geonews_webhook_messages_total", webhook="desk", result="delivered") == 1
            assert (await worker.terminate(30))[0] == 0
        finally:
            worker.kill9()
    assert len(receiver.ids) == 1


async def test_private_addresses_are_refused(settings: Settings, tmp_path: Path) -> None:
    async with Receiver() as receiver:
        webhook = hook(receiver, tmp_path)
        message = Message.of(alert(1), 0, 0)
        async with Sender(settings) as sender:
            for address in (receiver.url, receiver.url.replace("127.0.0.1", "localhost"), "http://169.254.169.254/"):
                with pytest.raises(WebhookError, match="GEONEWS_WEBHOOK_PRIVATE"):
                    await sender.send(webhook.model_copy(update={"url": address}), message)
        assert receiver.ids == []
        async with Sender(settings.model_copy(update={"webhook_private": True})) as sender:
            assert await sender.send(webhook, message) == 204


async def test_redirects_are_not_followed(settings: Settings, tmp_path: Path) -> None:
    async with Receiver(lambda _: (307, {"location": "http://169.254.169.254/latest"})) as receiver:
        async with Sender(settings.model_copy(update={"webhook_private": True})) as sender:
            with pytest.raises(WebhookError, match="it answered 307"):
                await sender.send(hook(receiver, tmp_path), Message.of(alert(1), 0, 0))
        assert len(receiver.ids) == 1


async def test_the_commands(tmp_path: Path) -> None:
    async with Receiver() as receiver:
        hook(receiver, tmp_path)
        file = tmp_path / "hooks.yaml"
        entry = {"name": "desk", "url": receiver.url, "secret_file": "secret", "kinds": ["burst"]}
        file.write_text(yaml.safe_dump({"webhooks": [entry]}))

        def command(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("GEONEWS_")}
            environment |= {f"GEONEWS_{name}": value for name, value in settings.items()}
            line = [sys.executable, "-c", "from app.cli import main; main()", "webhooks", *arguments]
            return subprocess.run(line, capture_output=True, text=True, env=environment, check=False, timeout=60)

        async def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
            return await asyncio.to_thread(command, *arguments, **settings)

        assert "set GEONEWS_WEBHOOKS" in (await run("list")).stderr
        assert "an https address is wanted" in (await run("list", WEBHOOKS=str(file))).stderr
        given = {"WEBHOOKS": str(file), "WEBHOOK_PRIVATE": "true"}
        assert "desk" in (await run("list", **given)).stdout
        assert (await run("test", "desk", **given)).stdout == "desk answered 204\n"
        assert "there are: desk" in (await run("test", "dusk", **given)).stderr
    assert receiver.taken[0]["data"]["id"] == "0" * 32


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "good").write_text("whsec_" + base64.b64encode(SECRET).decode() + "\nwhsec_" + "A" * 40 + "\n")
    (tmp_path / "short").write_text("whsec_AAAA")
    (tmp_path / "odd").write_text("whsec_A%")
    good = {"name": "a", "url": "https://hooks.example/x", "secret_file": "good"}

    def load(*entries: dict[str, Any]) -> list[Webhook]:
        file = tmp_path / "hooks.yaml"
        file.write_text(yaml.safe_dump({"webhooks": list(entries)}))
        return load_webhooks(file, allow_private=False)

    (webhook,) = load(good)
    assert len(Message("x", b"{}").headers(webhook.secrets(), 1.0)["webhook-signature"].split()) == 2
    for bad, says in (
        ({"url": "http://hooks.example/x"}, "an https address is wanted"),
        ({"secret_file": "short"}, "shorter than 24 bytes"),
        ({"secret_file": "odd"}, "is not base64"),
        ({"secret_file": "missing"}, "cannot be read"),
        ({"kinds": ["bursts"]}, "webhooks.0.kinds.0"),
        ({"name": "Not a slug"}, "webhooks.0.name"),
        ({"colour": "red"}, "webhooks.0.colour"),
    ):
        with pytest.raises(ConfigurationError, match=says):
            load(good | bad)
    with pytest.raises(ConfigurationError, match="the same name"):
        load(good, good)
