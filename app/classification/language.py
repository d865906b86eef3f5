"""The language of a text that does not say it: a naive Bayes model over byte sequences (`py3langid`)."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

from app.classification.base import Document

# Languages that news is written in. Fewer choices are better ones: without Aragonese, Spanish headlines are Spanish.
_CODES: Final = (
    "af am ar az be bg bn bs ca cs cy da de el en es et eu fa fi fr ga gl gu ha he hi hr hu hy id is it ja ka kk km kn "
    "ko ky lo lt lv mk ml mn mr ms my ne nl no pa pl ps pt ro ru si sk sl so sq sr sv sw ta te th tl tr uk ur uz vi zh"
)
LANGUAGES: Final = tuple(_CODES.split())
CERTAIN_ENOUGH: Final = 0.5
_READ: Final = 2_000  # characters: more text makes it no surer
_FEWEST: Final = 12  # letters, below which a text could be anything; a quarter as many where each is a syllable


class Identified(NamedTuple):
    """A BCP 47 language tag and the model's probability for it among LANGUAGES."""

    language: str
    score: float


def identify(document: Document) -> Identified | None:
    """The language that title and text are most likely in; None where there is too little text, or too much doubt."""
    text = f"{document.title} {document.text or document.summary}"[:_READ]
    letters = [char for char in text if char.isalpha()]
    if len(letters) < (_FEWEST if sum(map(ord, letters)) < 0x2E80 * len(letters) else _FEWEST // 4):
        return None
    language, score = _model().classify(text)
    return Identified(str(language), round(float(score), 4)) if score >= CERTAIN_ENOUGH else None


@lru_cache(maxsize=1)
def _model() -> Any:
    """Read at first need: half a second and about 100 MiB, which streams that say their language never pay."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(LANGUAGES)
    return model
