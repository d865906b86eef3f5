"""Dates as feeds write them, and dates that cannot be: in the future, or of news that is years old."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, Literal

_FUTURE: Final = 3600.0  # clocks and time zones of publishers are off by this much every day
_OLD: Final = 365 * 86400.0
Problem = Literal["future", "old"]

# Abbreviations that one zone alone uses in feeds, in minutes east of UTC ("IST" and "CST" are several: left out).
_ZONES: Final = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MEZ": 60, "CEST": 120,
    "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "TRT": 180, "PKT": 300, "NPT": 345, "ICT": 420, "WIB": 420,
    "HKT": 480, "SGT": 480, "PHT": 480, "MYT": 480, "AWST": 480, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660,
    "NZST": 720, "NZDT": 780, "BRT": -180, "ART": -180, "EST": -300, "EDT": -240, "CDT": -300, "MST": -420,
    "MDT": -360, "PST": -480, "PDT": -420, "SAST": 120, "EAT": 180, "WAT": 60, "CAT": 120,
}  # fmt: skip
# Beginnings of month names, each in the languages whose sites write dates for people into feeds.
_MONTHS: Final = [
    "jan|ene|gen|янв|січ|oca|sty|led|ιαν|يناير|janv", "feb|fév|fev|фев|лют|şub|lut|úno|φεβ|فبراير|févr|helmi",
    "mar|mär|mrz|maa|бер|мар|březn|μαρ|مارس|mrt", "apr|abr|avr|апр|кві|nis|kwi|dub|απρ|أبريل|huhti",
    "may|mai|mag|maj|май|мая|тра|mei|kvě|μαι|μάι|مايو|touko", "jun|juin|giu|июн|чер|haz|cze|červn|ιουν|يونيو|kesä",
    "jul|juil|lug|июл|лип|tem|lip|červenc|ιουλ|يوليو|heinä", "aug|ago|aoû|aou|авг|сер|ağu|sie|srp|αυγ|أغسطس|elo",
    "sep|set|сен|вер|eyl|wrz|zář|σεπ|سبتمبر|syys", "oct|okt|ott|out|окт|жов|eki|paź|říj|οκτ|أكتوبر|loka",
    "nov|ноя|лис|kas|lis|νοε|νοέ|نوفمبر|marras", "dec|dez|dic|déc|дек|гру|ara|gru|pros|δεκ|ديسمبر|joulu",
]  # fmt: skip
_MONTH_OF: Final = sorted(
    ((start, number) for number, starts in enumerate(_MONTHS, 1) for start in starts.split("|")),
    key=lambda pair: -len(pair[0]),
)
_CLOCK: Final = re.compile(r"(?<!\d)(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}))?(?:\.\d+)?\s*([ap]\.?m\.?)?", re.IGNORECASE)
_ZONE: Final = re.compile(r"(?:GMT|UTC)?\s*([+-])(\d{2}):?(\d{2})\b|\b([A-Z]{1,4})\b(?=[\s)]*$)")
_WORDED: Final = re.compile(r"\b(\d{1,2})\.?\s+(?:de\s+)?([^\W\d_]{3,})\.?,?\s+(?:de\s+|del\s+)?(\d{4})\b")
_MONTH_FIRST: Final = re.compile(r"\b([^\W\d_]{3,})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b")
_YEAR_FIRST: Final = re.compile(r"\b(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})")
_DAY_FIRST: Final = re.compile(r"\b(\d{1,2})[./-](\d{1,2})[./-](\d{4})\b")
_NUMERIC: Final = re.compile(rf"{_YEAR_FIRST.pattern}|{_DAY_FIRST.pattern}|\d{{10}}(?:\d{{3}})?$")
_EPOCH: Final = re.compile(r"\d{10}(\d{3})?")
_LONGEST: Final = 100
# Arabic, Persian, Devanagari and Bengali digits, as dates for people use them.
_DIGITS: Final = {zero + digit: str(digit) for zero in (0x660, 0x6F0, 0x966, 0x9E6) for digit in range(10)}


def parse_date(text: str) -> datetime | None:
    """A date as some feed wrote it, in UTC; None for what is none. Without a zone it is taken to be in UTC.

    For what the feed parser's own forms (RFC 822, W3C) do not cover: zone names, months in words of many languages,
    numeric dates (day first where that is possible), seconds since the epoch.
    """
    text = " ".join(text[:_LONGEST].translate(_DIGITS).split())
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    day = _day(text)
    if day is None:
        return None
    year, month, number, found = day
    hour, minute, second, rest = _clock(f"{text[: found.start()]} {text[found.end() :]}")
    try:
        local = datetime(year, month, number, hour, minute, second, tzinfo=timezone(timedelta(minutes=_offset(rest))))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_ours(text: str) -> bool:
    """Whether `parse_date` reads it more surely than a feed parser: all in numbers, or ending in a zone such as CET.

    Feed parsers take many zones for UTC, and the day for the month.
    """
    text = text.strip()
    last = text.rstrip(")").rpartition(" ")[2].lstrip("(")
    return bool(_NUMERIC.match(text)) or _ZONES.get(last, 0) != 0


def judged(article: dict[str, Any], now: float) -> tuple[dict[str, Any], Problem | None]:
    """The article and what is wrong with its date.

    A date in the future is taken away, so that the time of fetching stands in for it, and kept as `published_at_said`;
    one more than a year ago stays. Either is said in `date_problem`.
    """
    said = article.get("published_at")
    try:
        moment = datetime.fromisoformat(said).timestamp() if said else now
    except (ValueError, OverflowError):
        return article, None
    if moment > now + _FUTURE:
        return article | {"published_at": None, "published_at_said": said, "date_problem": "future"}, "future"
    if moment < now - _OLD:
        return article | {"date_problem": "old"}, "old"
    return article, None


def _day(text: str) -> tuple[int, int, int, re.Match[str]] | None:
    """Year, month and day, and where they stand."""
    if found := _YEAR_FIRST.search(text):
        return int(found[1]), int(found[2]), int(found[3]), found
    if (found := _WORDED.search(text)) and (month := _month(found[2])):
        return int(found[3]), month, int(found[1]), found
    if (found := _MONTH_FIRST.search(text)) and (month := _month(found[1])):
        return int(found[3]), month, int(found[2]), found
    if found := _DAY_FIRST.search(text):
        first, second = int(found[1]), int(found[2])
        day, month = (second, first) if second > 12 else (first, second)
        return int(found[3]), month, day, found
    return None


def _month(word: str) -> int | None:
    folded = word.lower()
    return next((number for start, number in _MONTH_OF if folded.startswith(start)), None)


def _clock(text: str) -> tuple[int, int, int, str]:
    """Hour, minute and second, and the text after them, where a zone may stand."""
    for found in _CLOCK.finditer(text):
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        if found[4]:
            hour = hour % 12 + (12 if found[4].lower().startswith("p") else 0)
        if hour < 24 and minute < 60:
            return hour, minute, min(second, 59), text[found.end() :]
    return 0, 0, 0, ""


def _offset(rest: str) -> int:
    """Minutes east of UTC that the text after the time names; 0 where it names none."""
    found = _ZONE.search(rest)
    if not found:
        return 0
    if found[4]:
        return _ZONES.get(found[4], 0)
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes
