"""In which of the two languages a page speaks, and how it writes numbers, dates and moments."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final, Protocol

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from fastapi import Request

COOKIE: Final = "lang"
_SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")


class BothLanguages(Protocol):
    """A sentence that has both."""

    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Language:
    """One of the two. `code` is for cookies, `tag` for HTML."""

    code: str
    tag: str
    locale: Locale

    def t(self, zh: str, en: str) -> str:
        """A sentence, which is written in both."""
        return zh if self.code == "zh" else en

    def say(self, sentence: BothLanguages) -> str:
        """A sentence that somebody else wrote in both: a refusal, a definition."""
        return self.t(sentence.zh, sentence.en)

    def count(self, number: int, zh: str, one: str, many: str) -> str:
        """So many of something; in English one or many."""
        word = self.t(zh, one if self.locale.plural_form(number) == "one" else many)
        return f"{self.number(number)} {word}"

    def number(self, number: int | float | Decimal) -> str:
        """A number with its groups."""
        return format_decimal(number, locale=self.locale)

    def day(self, day: date | str | None) -> str:
        """A civil day; a dash for none."""
        if day is None:
            return "–"
        return format_date(date.fromisoformat(day) if isinstance(day, str) else day, "medium", locale=self.locale)

    def moment(self, moment: datetime | None) -> str:
        """A moment as a clock in Shanghai shows it, to the minute; a dash for none."""
        if moment is None:
            return "–"
        return format_datetime(moment.astimezone(_SHANGHAI), self.t("y-MM-dd HH:mm", "d MMM y, HH:mm"), locale=self.locale)

    def span(self, span: timedelta) -> str:
        """How long."""
        return format_timedelta(span, locale=self.locale)


CHINESE: Final = Language("zh", "zh-CN", Locale.parse("zh_Hans_CN"))
ENGLISH: Final = Language("en", "en", Locale.parse("en_GB"))
LANGUAGES: Final = {"zh": CHINESE, "en": ENGLISH}


def language_of(request: Request) -> Language:
    """What the reader chose, else what the browser prefers of the two, else Chinese."""
    chosen = request.cookies.get(COOKIE, "")
    return LANGUAGES.get(chosen) or _preferred(request.headers.get("accept-language", ""))


def _preferred(header: str) -> Language:
    best, weight = CHINESE, 0.0
    for part in header.split(",")[:20]:
        tag, _, parameters = part.strip().partition(";")
        quality = _quality(parameters)
        found = LANGUAGES.get(tag.strip().lower()[:2])
        if found is not None and quality > weight:
            best, weight = found, quality
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
