"""What the index answers with."""

from dataclasses import dataclass

Order = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a list."""

    id: str
    order: Order
    json: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Records of a list, in its order; `more` says whether others follow, `position` what the index holds."""

    rows: list[Row]
    more: bool
    position: str


@dataclass(frozen=True, slots=True)
class Found:
    """One record by its id. `successor` is the event that took its place, `withdrawn` why it stands no longer."""

    json: bytes
    successor: str | None = None
    withdrawn: str | None = None
