"""LedgerRecord, the value of `geonews.ledger.v1`: one for each transaction, written inside it."""

from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator


class LedgerRecord(BaseModel):
    """What came in from one input partition in one transaction, and what became of it.

    `records = published + duplicates + irrelevant + dead_lettered`, always. Records that were keyed to the wrong
    partition are handed to the right one and counted in `rekeyed` alone: they are decided, and counted, there.
    """

    model_config = ConfigDict(extra="ignore")

    topic: str
    partition: int = Field(ge=0)
    first_offset: int = Field(ge=0, description="the committed offset before this transaction")
    next_offset: int = Field(ge=0, description="the offset that this transaction committed")
    records: int = Field(ge=0)
    published: int = Field(ge=0, description="handed on to the next topic")
    duplicates: int = Field(ge=0)
    irrelevant: int = Field(ge=0)
    dead_lettered: int = Field(ge=0)
    rekeyed: int = Field(0, ge=0)
    at: AwareDatetime

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        outcomes = self.published + self.duplicates + self.irrelevant + self.dead_lettered
        if self.records != outcomes:
            raise ValueError(f"records={self.records}, but its outcomes add up to {outcomes}")
        if self.next_offset <= self.first_offset:
            raise ValueError(f"next_offset={self.next_offset} does not follow first_offset={self.first_offset}")
        return self
