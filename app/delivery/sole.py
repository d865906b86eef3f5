"""Work that only one process at a time may publish: a later run fences an earlier one, and goes on where it ended."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError, ProducerFenced

from app.delivery.agent import group_name
from app.delivery.transactions import Transactions
from app.errors import GeonewsError
from app.settings import Settings
from app.steps.outgoing import Outgoing


class Lot:
    """Records for one transaction, until it is full."""

    def __init__(self, most_records: int, most_bytes: int) -> None:
        self._most_records = most_records
        self._most_bytes = most_bytes
        self._bytes = 0
        self._records: list[Outgoing] = []

    def add(self, records: Iterable[Outgoing]) -> None:
        """Take in records that belong together: they are in one transaction."""
        for record in records:
            self._records.append(record)
            self._bytes += len(record.value or b"")

    @property
    def is_full(self) -> bool:
        """Whether it is time to commit."""
        return len(self._records) >= self._most_records or self._bytes >= self._most_bytes

    def take(self) -> list[Outgoing]:
        """What is in it; it is empty then."""
        records, self._records, self._bytes = self._records, [], 0
        return records


@asynccontextmanager
async def sole_run(
    settings: Settings, name: str, failed: Callable[[str], GeonewsError], *, taken_over: str, again: str
) -> AsyncIterator[Transactions]:
    """Transactions of the work of that name; once they are given, no other run of it can commit.

    Raises `failed(taken_over)` when another run fences this one, and `failed` with the cause and what to do, `again`,
    when Kafka fails half-way.
    """
    transactions = Transactions(settings, f"{settings.namespace}-{name}", group_name(settings, name))
    try:
        await transactions.open()
        yield transactions
    except ProducerFenced as error:
        raise failed(taken_over) from error
    except (KafkaError, TimeoutError, OSError) as error:
        raise failed(f"Kafka failed half-way ({error!r}): {again}, it goes on where this one ended") from error
    finally:
        await transactions.close()
