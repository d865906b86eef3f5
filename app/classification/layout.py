"""An article as one string, and the way back from it to the fields."""

from typing import Final

from app.classification.base import Document, Evidence, FieldName
from app.classification.folding import SEPARATOR

LEAD_CHARS: Final = 450  # of the text: what a reader sees before deciding to read on


class Layout:
    """Title, summary and text in one string, separated by what no term contains; a separator stands at both ends."""

    __slots__ = ("_document", "_summary", "_text", "joined", "lead_end")

    def __init__(self, document: Document) -> None:
        self._document = document
        self.joined = SEPARATOR.join(("", document.title, document.summary, document.text, ""))
        self._summary = len(document.title) + 2
        self._text = self._summary + len(document.summary) + 1
        self.lead_end = self._text + LEAD_CHARS

    def evidence(self, start: int, end: int) -> Evidence:
        """The span `joined[start:end]`, which lies inside one field, as that field's."""
        name, offset = self._field(start)
        return Evidence(name, start - offset, end - offset, self.joined[start:end])

    def _field(self, start: int) -> tuple[FieldName, int]:
        if start >= self._text:
            return "text", self._text
        return ("summary", self._summary) if start >= self._summary else ("title", 1)
