"""Sends dead letters back to where they came from: each once, however often and from wherever it is asked.

One transaction writes a record and the marker that it was replayed; a replay fences every other one first and only
then reads the markers (docs/decisions/0005-replay.md).
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.delivery.dead_letters import Choice, Letter, LetterBox
from app.delivery.sole import Lot, sole_run
from app.delivery.transactions import Transactions
from app.errors import ReplayFailed
from app.kafka.reader import KafkaReader, open_reader
from app.settings import Settings
from app.steps.outgoing import Outgoing
from app.steps.replay import position, replayed
from schemas.channels import RAW_MESSAGE_BYTES
from schemas.dead_letter import Reason

MAX_ATTEMPTS: Final = 10
_BATCH_RECORDS: Final = 500
_BATCH_BYTES: Final = 8 * 1024 * 1024
_HEADERS_BYTES: Final = 64 * 1024  # room for headers and what Kafka adds


@dataclass(slots=True)
class Replay:
    """What a replay did, or would do: letters sent by reason, and those left alone with the cause."""

    sent: Counter[Reason] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)


async def replay(
    settings: Settings,
    choice: Choice,
    *,
    limit: int | None = None,
    max_attempts: int = MAX_ATTEMPTS,
    dry_run: bool = False,
    advance: Callable[[int, int], object] | None = None,
) -> Replay:
    """Send the chosen letters back, but those that were sent back already or failed `max_attempts` times.

    Letters that come while it runs are left for the next one: a record that fails again is not sent again by the same
    replay. Raises KafkaUnavailable, and ReplayFailed when another replay takes over or Kafka fails half-way.
    """
    async with open_reader(settings) as reader:
        if dry_run:
            return await _send(reader, settings, choice, limit, max_attempts, None, advance)
        async with sole_run(
            settings,
            "replay",
            ReplayFailed,
            taken_over="another replay has taken over: what this one had sent is sent, once",
            again="run the same replay again",
        ) as transactions:
            return await _send(reader, settings, choice, limit, max_attempts, transactions, advance)


async def _send(
    reader: KafkaReader,
    settings: Settings,
    choice: Choice,
    limit: int | None,
    max_attempts: int,
    transactions: Transactions | None,
    advance: Callable[[int, int], object] | None,
) -> Replay:
    done, lot = Replay(), Lot(2 * _BATCH_RECORDS, _BATCH_BYTES)
    inputs = {settings.channels.raw, settings.channels.candidates}
    async for letter in (await LetterBox.open(reader, settings)).letters(choice, advance):
        if (cause := _obstacle(letter, max_attempts, inputs)) is not None:
            done.left[cause] += 1
            continue
        if limit is not None and done.sent.total() >= limit:
            done.left["beyond the limit"] += 1
            continue
        done.sent[letter.about.reason] += 1
        if transactions is not None:
            lot.add(_sent_back(letter, settings.channels.replays))
            if lot.is_full:
                await transactions.commit(lot.take())
    if transactions is not None and (rest := lot.take()):
        await transactions.commit(rest)
    return done


def _obstacle(letter: Letter, max_attempts: int, inputs: set[str]) -> str | None:
    """Why a letter is not sent, if it is not."""
    if letter.is_replayed:
        return "replayed before"
    if letter.about.attempts >= max_attempts:
        return f"tried {max_attempts} times or more"
    if len(letter.record.value or b"") > RAW_MESSAGE_BYTES - _HEADERS_BYTES:
        return "larger than Kafka takes"
    return None if letter.about.topic in inputs else "from a topic that is no input of ours"


def _sent_back(letter: Letter, replays: str) -> list[Outgoing]:
    """The letter's record, and the marker that it was replayed."""
    return [
        replayed(letter.record, letter.about, int(time.time() * 1000)),
        Outgoing(replays, position(letter.record).encode(), b"", []),
    ]
