"""Cleaning holds for any text that a cell may hold."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sheets.reading import cells
from adapters.sheets.reading.cells import Finding
from adapters.sheets.reading.characters import CONTROL, PRIVATE, STANDARD_CHARACTERS, repair
from adapters.sheets.reading.dates import date_cleaner

as_date = date_cleaner(date_1904=False)
CLEANERS = [cells.as_name, cells.as_text, cells.as_word, cells.as_place, cells.as_number, cells.as_text_number, as_date]
ANY_TEXT = st.text(min_size=1, max_size=40)
ANY_VALUE = st.one_of(
    ANY_TEXT, st.booleans(), st.integers(-(10**20), 10**20), st.floats(-1e20, 1e20), st.dates(), st.datetimes(), st.times()
)


@pytest.mark.parametrize(
    "written",
    [
        "１１０１０２１９９００３０７００１７",
        "'110102199003070017",
        "\t110102199003070017",
        " 110102 19900307 0017 ",
        "110102199003070017\u200b",
        '="110102199003070017"',
        "‘110102199003070017’",
    ],
)
def test_an_id_number_is_freed_of_what_surrounds_it(written):
    assert cells.as_number(written) == "110102199003070017"


def test_a_final_x_is_upper_case():
    assert cells.as_number("11010219900307001x") == "11010219900307001X"


@pytest.mark.parametrize("clean", CLEANERS)
@given(value=ANY_VALUE)
def test_a_cleaner_gives_clean_text_or_a_finding_for_any_value(clean, value):
    got = clean(value)
    if isinstance(got, Finding):
        assert value not in (got.zh, got.en)
    else:
        assert got == got.strip()
        assert not CONTROL.search(got)
        assert not PRIVATE.search(got)


@pytest.mark.parametrize("clean", CLEANERS)
@given(value=ANY_TEXT)
def test_cleaning_twice_changes_nothing(clean, value):
    once = clean(value)
    if isinstance(once, str) and once:
        assert clean(once) in (once, "")


@given(
    day=st.dates(date(1900, 1, 1), date(2100, 12, 31)), form=st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日"])
)
def test_every_day_is_read_back_from_every_form(day, form):
    assert as_date(day.strftime(form)) == day.isoformat()


@given(number=st.from_regex(r"\A[0-9]{17}[0-9X]\Z"), blanks=st.integers(0, 17))
def test_blanks_never_change_a_document_number(number, blanks):
    assert cells.as_number(number[:blanks] + " " + number[blanks:]) == number


@given(number=st.integers(10**15, 10**18))
def test_no_number_of_more_than_fifteen_digits_is_ever_taken(number):
    got = cells.as_number(float(number))
    assert isinstance(got, Finding)
    assert got.text is None


@given(text=ANY_TEXT)
def test_repair_leaves_no_private_twin(text):
    assert not any(ord(character) in STANDARD_CHARACTERS for character in repair(text))


@given(value=st.text(min_size=1, max_size=60))
def test_the_shape_of_a_value_tells_no_digit_and_no_word(value):
    shape = cells.shape_of("机密" + value)
    assert "机密" not in shape
