"""Rebuilds `names.tsv` and `countries.tsv`, countries' names, from the Unicode CLDR that the `babel` package carries.

    python config/gazetteer/build.py

One line a name: language, ISO 3166-1 code, name. Everything else in this folder is curated by hand.
"""

import re
from pathlib import Path

from babel import Locale
from babel.core import get_global

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
# Time zones are named after cities, in every language. In countries of many zones only cities that news knows.
NO_CITIES = {"001", "AQ", "BE", "CC", "CX", "KI", "UM", "ZZ"}  # Brussels stands for the European Union
MAIN_CITIES = {
    "AR": {"Buenos_Aires"}, "AU": {"Sydney", "Melbourne", "Brisbane", "Adelaide"},
    "BR": {"Sao_Paulo", "Manaus", "Recife"},
    "CA": {"Toronto", "Vancouver", "Winnipeg", "Edmonton"}, "CL": set(), "KZ": {"Almaty"}, "GL": {"Nuuk"},
    "MX": {"Mexico_City", "Cancun", "Monterrey", "Tijuana", "Ciudad_Juarez"}, "PG": {"Port_Moresby"},
    "RU": {"Moscow", "Kaliningrad", "Vladivostok", "Volgograd", "Novosibirsk", "Irkutsk", "Yekaterinburg", "Samara",
           "Saratov", "Krasnoyarsk", "Omsk", "Tomsk"},
    "US": {"New_York", "Los_Angeles", "Chicago", "Detroit"},
}  # fmt: skip
# Names that are everyday words in their language; the curated files say when they are a country after all.
EVERYDAY = {
    ("ru", "Мали"), ("ru", "Того"), ("ru", "Чад"), ("sr", "Мали"), ("bg", "Мали"), ("sr", "Mali"), ("hr", "Mali"),
    ("sl", "Mali"), ("ar", "مالي"), ("ko", "수단"), ("ko", "가나"), ("ko", "차드"), ("ko", "인도"), ("vi", "Anh"),
    ("vi", "Nga"), ("vi", "Pháp"), ("vi", "Đức"), ("vi", "Áo"), ("vi", "Ý"), ("vi", "Bỉ"), ("vi", "Malé"),
    ("ar", "عمان"), ("hu", "Mali"), ("uk", "Того"), ("fr", "Maurice"), ("it", "Male"), ("es", "Malé"),
    ("th", "ชาด"), ("hi", "जर्सी"), ("pt", "São Vicente"),
    # Without capitals to tell: to stop, to rescue, to bloom, to dry; arrogance.
    ("ko", "저지"), ("ko", "건지"), ("ko", "피지"), ("ko", "말리"), ("ko", "오만"),
    # A jersey, in any script; ties in sport have no name of their own (ja.txt). The free market is no Libreville.
    ("ja", "ジャージー"), ("bn", "জার্সি"), ("ur", "جرسی"), ("fa", "جرزی"), ("ar", "جيرسي"), ("th", "เจอร์ซีย์"),
    ("ta", "ஜெர்சி"), ("he", "ג׳רזי"), ("zh", "自由市"), ("zh", "自由城"), ("zh", "獅子山"),
    # Part of Richard, of Dominic and Cox; Morgan Stanley and Chatham House.
    ("zh", "查德"), ("zh", "多米尼克"), ("zh", "科克斯"), ("zh", "斯坦利"), ("zh", "史坦利"), ("zh", "史丹利"),
    ("ja", "スタンレー"), ("ko", "스탠리"), ("ar", "استانلي"), ("fa", "استانلی"), ("ur", "اسٹینلے"), ("he", "סטנלי"),
    ("hi", "स्टैनली"), ("bn", "স্টানলী"), ("ta", "ஸ்டேன்லி"), ("th", "สแตนลีย์"),
    ("ja", "チャタム"), ("zh", "查塔姆"), ("ar", "تشاثام"), ("th", "แชทัม"), ("hi", "चैथम"),
    # The eyes; sons; what is; Daily; brunette; canary. Money matters, and an iPhone Pro.
    ("ar", "العيون"), ("ar", "بنين"), ("ar", "ماهي"), ("ar", "ديلي"), ("ar", "سمراء"), ("ar", "كناري"),
    ("fa", "مالی"), ("fa", "پرو"), ("fa", "قناری"), ("fa", "دیلی"), ("fa", "دوشنبه"),
    # Gardener; the month of; people. A building; a purchase.
    ("hi", "माली"), ("hi", "माहे"), ("hi", "लोम"), ("bn", "মালি"), ("bn", "লোমে"), ("he", "בנין"), ("he", "קניה"),
    # Inside appears, service and Africa, kilometre, solar, check-in, bring; a woman's name.
    ("th", "ปราก"), ("th", "ริกา"), ("th", "โลเม"), ("th", "โซล"), ("th", "เช็ก"), ("th", "มาเอ"), ("th", "มาลี"),
    ("th", "ดากา"), ("th", "ลิมา"),
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


def cities(locale: Locale) -> dict[str, str]:
    """Code by city for the cities after which time zones are named."""
    found: dict[str, str] = {}
    for zone, code in get_global("zone_territories").items():
        city = zone.rpartition("/")[2]
        if code in NO_CITIES or city not in MAIN_CITIES.get(code, {city}):
            continue
        # Languages in Latin script leave out names that they spell as the zone does.
        name = locale.time_zones.get(zone, {}).get("city") or (
            city.replace("_", " ") if locale.language == "en" else None
        )
        if name and len(name) > 2 and name not in {"Male", "Malé"}:
            found[name] = code
    return found


def main() -> None:
    """Write names.tsv and countries.tsv beside this file."""
    codes = sorted(c for c in Locale("en").territories if re.fullmatch("[A-Z]{2}", c) and c not in NOT_COUNTRIES)
    lines: dict[str, None] = {}
    for tag in LOCALES:
        locale = Locale.parse(tag)
        language = "no" if locale.language == "nb" else locale.language
        for code in codes:
            for name in names(locale, code):
                if (language, name) not in EVERYDAY:
                    lines[f"{language}\t{code}\t{name}"] = None
        for city, code in cities(locale).items():
            if (language, city) not in EVERYDAY:
                lines.setdefault(f"{language}\t{code}\t{city}")
    (HERE / "names.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    english = Locale("en").territories
    short = [f"{code}\t{SHORT_NAMES.get(code, english[code])}" for code in codes]
    (HERE / "countries.tsv").write_text("\n".join(short) + "\n", encoding="utf-8")
    print(f"{len(lines)} names")  # noqa: T201


if __name__ == "__main__":
    main()
