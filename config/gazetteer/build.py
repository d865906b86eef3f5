"""Rebuilds `names.tsv` and `countries.tsv`, countries' names, from the Unicode CLDR that the `babel` package carries.

    python config/gazetteer/build.py

One line a name: language, ISO 3166-1 code, name. Everything else in this folder is curated by hand.
"""

import re
from pathlib import Path

from babel import Locale

LOCALES = """
    en de nl sv da nb fi fr es it pt pt_PT ro pl cs sk sl hr sr sr_Latn bg uk ru be hu el tr az ar fa ur he hi bn ta
    id ms vi th zh zh_Hant zh_Hant_HK ja ko sw kk ka et lv lt ca
""".split()  # noqa: SIM905
# CLDR's own regions, not countries of the standard; Kosovo is kept under the user-assigned XK as CLDR has it.
NOT_COUNTRIES = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
# Where CLDR's English name is not what a reader calls the country.
SHORT_NAMES = {
    "CD": "Democratic Republic of the Congo", "CG": "Republic of the Congo", "HK": "Hong Kong", "MM": "Myanmar",
    "MO": "Macao", "PS": "Palestine", "TR": "Türkiye",
}  # fmt: skip
HERE = Path(__file__).parent


def names(locale: Locale, code: str) -> list[str]:
    """The name in the locale and its plain part before a bracket or the note "SAR China" after Hong Kong."""
    name = locale.territories.get(code)
    if not name:
        return []
    plain = re.sub(r"\s*[(（].*$", "", name)
    if code in {"HK", "MO"} or name.startswith(code):
        return []
    return [plain] if " - " not in plain and " – " not in plain else []


def main() -> None:
    """Write names.tsv and countries.tsv beside this file."""
    codes = sorted(c for c in Locale("en").territories if re.fullmatch("[A-Z]{2}", c) and c not in NOT_COUNTRIES)
    lines: dict[str, None] = {}
    for tag in LOCALES:
        locale = Locale.parse(tag)
        language = "no" if locale.language == "nb" else locale.language
        for code in codes:
            for name in names(locale, code):
                lines[f"{language}\t{code}\t{name}"] = None
    (HERE / "names.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    english = Locale("en").territories
    short = [f"{code}\t{SHORT_NAMES.get(code, english[code])}" for code in codes]
    (HERE / "countries.tsv").write_text("\n".join(short) + "\n", encoding="utf-8")
    print(f"{len(lines)} names")  # noqa: T201


if __name__ == "__main__":
    main()
