"""A guess at an article's language by its commonest words, for articles that do not say: languages in Latin script."""

from typing import Final

# Words that are frequent in their language and rare in the others; folded as `app.steps.matcher` folds.
_WORDS: Final = {
    "en": "the and of to in with that was from by has said will were its are his be an it on",
    "de": "der die das und ist nicht mit für von den dem ein eine auf im sich des wird sind hat",
    "fr": "les des une est dans qui sur avec pour du au aux par ont son ses cette sont ne plus et",
    "es": "el los las una del que por con para su como más fue sus entre tras según este y al",
    "it": "il gli della di che per una nel con del sono alla delle dei non più ha dal è anche",
    "pt": "o os as uma do da dos das não com em para mais ao pela pelo foi são que um",
    "nl": "het een van de en niet met zijn voor dat aan bij wordt heeft ook naar door op is",
    "sv": "och att det som är för på inte av den till med har från ett om",
    "da": "og det er ikke af til den at som på med har fra blev også var efter",
    "no": "og det er ikke av til den som på med har fra ble også etter skal å",
    "fi": "ja on ei että se oli ovat myös kun mukaan joka hän jo",
    "pl": "w i na z do się nie że jest to przez po dla jak od oraz ma są był",
    "cs": "a v se na je že s z do o jsou podle byl který ale by už při",
    "hu": "a az és hogy nem egy is meg ez volt szerint már azt csak el lesz",
    "ro": "și în de la cu din pe care nu o să este au fost pentru mai după",
    "tr": "ve bir bu için ile olarak da de daha olan çok sonra kadar dedi ise",
    "id": "yang dan di dari untuk dengan itu ini pada akan tidak dalam telah oleh juga",
    "vi": "và của là có được cho các những trong với không đã người một",
    "sw": "ya na wa kwa katika ni za la kuwa hiyo huo",
}
_LANGUAGES: Final = tuple(_WORDS)


def _by_word() -> dict[str, tuple[str, ...]]:
    """The languages of each common word: one look-up a word, however many languages there are."""
    languages: dict[str, tuple[str, ...]] = {}
    for language, words in _WORDS.items():
        for word in words.split():
            folded = word.encode().decode("latin-1")
            languages[folded] = (*languages.get(folded, ()), language)
    return languages


_BY_WORD: Final = _by_word()
_READ: Final = 4_000
_FEWEST = 3


def guess(folded: str) -> str | None:
    """The language with the most frequent words in a folded text, or None when too few or a tie say so."""
    counts = dict.fromkeys(_LANGUAGES, 0)
    for word in folded[:_READ].split():
        for language in _BY_WORD.get(word, ()):
            counts[language] += 1
    first, second = sorted(counts.items(), key=lambda item: -item[1])[:2]
    return first[0] if first[1] >= _FEWEST and first[1] > second[1] else None
