"""What is kept out of notes, however it is spelled; and what is not."""

import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.terms.screening import EXCLUDED_TERMS, ExcludedContent, screen

# What nobody sees, or reads over.
BETWEEN = [
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u00ad",
    "\u2060",
    " ",
    "\u3000",
    ".",
    "·",
    "-",
    "/",
    "*",
    "、",
    "，",
    "\u0301",
    "\u202e",
]
TRADITIONAL = [
    "節育",
    "結紮",
    "上環",
    "取環",
    "流產",
    "引產",
    "墮胎",
    "環檢",
    "罰款",
    "處罰",
    "社會撫養費",
    "指標",
    "準生",
    "政策內",
    "計劃外",
    "人臉",
    "懷孕",
]
FINE = [
    "请于周五前核实",
    "2026-03-02 09:30 至 2026-03-05 来电",
    "2026年3月2日办理，内线 8221",
    "材料在三环检察院旁",
    "轮胎厂宿舍，车站人流量大",
    "见政策内容说明，批准生效后回复",
    "物流产业园，上环城路",
    "API updates are fine; office hours 9:00-17:30",
    "Studied in Giudecca",
    "印尼籍配偶，户籍待核",
    "怀仁县、孟村",
]


def refused(note: str) -> bool:
    try:
        screen(note)
    except ExcludedContent:
        return True
    return False


def test_a_refusal_says_where_and_echoes_nothing() -> None:
    with pytest.raises(ExcludedContent) as refusal:
        screen("已怀孕三月")
    assert refusal.value.pointer == "/body/note"
    assert "三月" not in f"{refusal.value.zh} {refusal.value.en}"


@pytest.mark.parametrize("term", EXCLUDED_TERMS)
@pytest.mark.parametrize("between", BETWEEN)
def test_a_term_is_found_whatever_stands_between_its_characters(term: str, between: str) -> None:
    assert refused(f"请看{between.join(term)}谢谢")


@pytest.mark.parametrize("term", TRADITIONAL)
def test_traditional_characters_are_the_same(term: str) -> None:
    assert refused(f"已{term}。")


@pytest.mark.parametrize(
    "note",
    ["ｐｒｅｇｎａｎｔ", "PREGNANT", "рrеgnаnt", "prégnant", "Ⓘⓤⓓ", "an I.U.D.", "a fine of 300", "ｆｉｎｇｅｒｐｒｉｎｔ"],
)
def test_letters_that_look_alike_are_the_same(note: str) -> None:
    assert refused(note)


@pytest.mark.parametrize(
    "number",
    [
        "110102199003071234",
        "１１０１０２１９９００３０７１２３４",
        "1101 0219 9003 0712 34",
        "138-0013-8000",
        "138.0013.8000",
        "1\u200b3\u200b8\u200b0013\u200b8000",
        "一三八〇〇一三八〇〇〇",
        "壹叁捌零零壹叁捌零零零",
        "6222 0202 0000 1234 567",
        "2026-03-02 13800138000",
    ],
)
def test_a_long_number_is_found_however_it_is_written(number: str) -> None:
    assert refused(f"电话{number}")


@pytest.mark.parametrize("note", FINE)
def test_words_of_every_day_pass(note: str) -> None:
    assert not refused(note)


def test_a_harmless_word_hides_no_other() -> None:
    assert refused("轮胎厂，胎儿")
    assert refused("人流量大，人流")


AROUND = st.text(alphabet="请于周五前核实 ,.。\u200bab12", max_size=20)


@given(st.sampled_from(EXCLUDED_TERMS), AROUND, AROUND, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_nothing_around_a_term_hides_it(term: str, before: str, after: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"]) -> None:
    assert refused(f"{before}{unicodedata.normalize(form, term)}{after}")
