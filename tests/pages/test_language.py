"""Two languages: which one a reader gets, and that nothing has only one of them."""

from datetime import UTC, date, datetime
from enum import StrEnum

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from api.pages import words
from api.pages.language import CHINESE, ENGLISH, language_of
from api.pages.render import masked
from exchange.people.document import DocumentType
from exchange.people.record import DocumentRef


def asking(**headers: str) -> Request:
    return Request(
        {"type": "http", "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]}
    )


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, CHINESE),
        ({"accept_language": "en-US,en;q=0.9"}, ENGLISH),
        ({"accept_language": "de,en;q=0.3,zh;q=0.9"}, CHINESE),
        ({"accept_language": "fr"}, CHINESE),
        ({"accept_language": "en;q=x, zh;q=0.1"}, CHINESE),
        ({"accept_language": "en", "cookie": "lang=zh"}, CHINESE),
        ({"accept_language": "zh", "cookie": "lang=en"}, ENGLISH),
        ({"cookie": "lang=xx"}, CHINESE),
    ],
)
def test_a_reader_gets_what_they_chose_or_what_the_browser_prefers_or_chinese(headers: dict[str, str], expected: object):
    assert language_of(asking(**headers)) is expected


@given(st.text(max_size=300))
def test_any_header_leads_to_one_of_the_two(header: str):
    assert language_of(asking(accept_language=header.encode("utf-8", "ignore").decode("latin-1"))) in (CHINESE, ENGLISH)


@pytest.mark.parametrize("kind", words._TABLES, ids=lambda kind: kind.__name__)
def test_every_code_of_a_list_has_a_word_in_both_languages(kind: type[StrEnum]):
    assert sorted(words._TABLES[kind]) == sorted(str(code) for code in kind)
    for language in (CHINESE, ENGLISH):
        told = [words.word(language, code) for code in kind]
        assert all(told)
        assert len(set(told)) == len(told)


def test_numbers_days_and_moments_are_written_as_each_language_does():
    moment = datetime(2026, 3, 2, 1, 5, tzinfo=UTC)
    assert (CHINESE.day(date(2026, 3, 2)), ENGLISH.day("2026-03-02")) == ("2026年3月2日", "2 Mar 2026")
    assert (CHINESE.moment(moment), ENGLISH.moment(moment)) == ("2026-03-02 09:05", "2 Mar 2026, 09:05")
    assert (CHINESE.count(1, "天", "day", "days"), ENGLISH.count(1, "天", "day", "days")) == ("1 天", "1 day")
    assert (ENGLISH.count(1200, "天", "day", "days"), CHINESE.day(None)) == ("1,200 days", "–")


@given(st.text(alphabet="0123456789X", min_size=3, max_size=30), st.sampled_from(DocumentType))
def test_of_an_id_number_the_place_is_shown_and_of_others_the_end(number: str, kind: DocumentType):
    """What stands beside it tells the day of birth and the sex: with its end there would be nine numbers left to try."""
    shown = masked(DocumentRef(type=kind, number=number))
    assert len(shown) == len(number)
    if kind is DocumentType.ID_NUMBER:
        assert shown.strip("*") == (number[:6] if len(number) >= 15 else "")
    else:
        assert shown == "*" * (len(number) - 2) + number[-2:]
