"""`geonews tail` as a process, on a real Kafka."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process

import orjson
import pytest

from app.settings import Settings
from tests.gateway_tools import event, value
from tests.kafka_tools import Put, produce

pytestmark = pytest.mark.integration

HOSTILE = "[bold]not bold[/] \x1b[2J\x1b]0;title\x07 \x9b31m \u202egnihton\r\nsecond line [/nonsense]"


async def start(settings: Settings, *arguments: str) -> Process:
    environment = os.environ | {
        "GEONEWS_KAFKA_BOOTSTRAP": str(settings.kafka_bootstrap),
        "GEONEWS_NAMESPACE": settings.namespace,
        "COLUMNS": "60",
    }
    command = [sys.executable, "-c", "from app.cli import main; main()", "tail", *arguments]
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=environment)


async def finish(process: Process) -> tuple[str, str]:
    async with asyncio.timeout(40):
        out, err = await process.communicate()
    return out.decode(), err.decode()


async def test_json_lines_from_the_beginning(settings: Settings) -> None:
    events = [value(n, title=HOSTILE).replace(b",", b",\n") for n in range(5)]
    await produce(settings, settings.channels.events, [Put(b"no event", partition=0), *events])
    process = await start(settings, "--json", "--from-beginning", "--limit", "5")
    out, err = await finish(process)
    assert (process.returncode, err) == (0, "")
    lines = out.splitlines()  # also splits at the odd line ends that Unicode knows
    assert sorted((orjson.loads(line) for line in lines), key=lambda found: found["url"]) == [
        event(n, title=HOSTILE) for n in range(5)
    ]


async def test_lines_for_people_hold_nothing_that_a_terminal_obeys(settings: Settings) -> None:
    await produce(settings, settings.channels.events, [value(1, title=HOSTILE, countries=["UA", "CH"])])
    process = await start(settings, "--from-beginning", "--limit", "1")
    out, err = await finish(process)
    assert (process.returncode, err) == (0, "")
    assert out.count("\n") == 1
    expected = "Davos 0.90  UA,CH  [bold]not bold[/] [2J ]0;title 31m gnihton second line [/nonsense]  Example\n"
    assert out.partition("  ")[2] == expected


async def test_one_topic_as_it_arrives(settings: Settings) -> None:
    channel = settings.channels.events_of("davos")
    await produce(settings, channel, [value(1)])
    process = await start(settings, "davos", "--json", "--limit", "2")
    sent = 1
    async with asyncio.timeout(40):
        while process.returncode is None:  # from when it listens is its own affair: keep them coming
            sent += 1
            await produce(settings, channel, [value(sent)])
            await produce(settings, settings.channels.events, [value(100 + sent)])
            await asyncio.sleep(0.2)
    out, err = await finish(process)
    assert (process.returncode, err) == (0, "")
    urls = [orjson.loads(line)["url"] for line in out.splitlines()]
    assert len(urls) == 2
    assert set(urls) <= {f"https://example.org/{n}" for n in range(2, sent + 1)}


async def test_an_unknown_topic_is_told_the_choices(settings: Settings) -> None:
    process = await start(settings, "sport")
    out, err = await finish(process)
    assert (process.returncode, out) == (2, "")
    assert "'sport'" in err
    assert "ukraine-war" in err
    assert "Traceback" not in err


async def test_without_kafka_it_ends_with_one_line(settings: Settings) -> None:
    process = await start(settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"}))
    out, err = await finish(process)
    assert (process.returncode, out) == (2, "")
    assert "127.0.0.1:9" in err
    assert err.count("\n") == 1


async def test_a_reader_that_leaves_and_an_interrupt_end_it_quietly(settings: Settings) -> None:
    await produce(settings, settings.channels.events, [value(n) for n in range(50)])
    process = await start(settings, "--from-beginning")
    assert process.stdout is not None
    async with asyncio.timeout(40):
        assert b"Davos" in await process.stdout.readline()
        process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined] # what `| head -1` does
        while process.returncode is None:
            await produce(settings, settings.channels.events, [value(100)])
            await asyncio.sleep(0.1)
    assert (process.returncode, await process.stderr.read() if process.stderr else b"") == (0, b"")

    process = await start(settings, "--from-beginning")
    assert process.stdout is not None
    async with asyncio.timeout(40):
        await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = await finish(process)
    assert (process.returncode, err) == (130, "")
