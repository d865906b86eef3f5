"""Work that only one process at a time may publish: a later run fences an earlier one, and goes on where it ended."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka.errors import KafkaError, ProducerFenced

from app.delivery.agent import group_name
from app.delivery.transactions import Transactions
from app.errors import GeonewsError
from app.settings import Settings


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
