import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.people.name import GB18030_PRIVATE_USE, NameFault, NameRefused, match_key, read_name


def refusal(raw: str) -> NameRefused:
    with pytest.raises(NameRefused) as caught:
        read_name(raw)
    return caught.value


@pytest.mark.parametrize("name", ["王芳", "欧阳娜娜", "买买提", "丽", "〇", "𠮷田", "䶮", "禤", "葛\U000e0100城", "\U00031350"])
def test_plain_and_rare_characters_survive(name: str) -> None:
    assert read_name(name) == name


@pytest.mark.parametrize("dot", "•・･‧·∙⋅·")
def test_every_middle_dot_becomes_the_one_of_the_documents(dot: str) -> None:
    assert read_name(f"阿卜杜拉{dot}买买提") == "阿卜杜拉\u00b7买买提"


@pytest.mark.parametrize("raw", ["阿卜杜拉.买买提.艾", "阿卜杜拉．买买提．艾", "阿卜杜拉 . 买买提 ・ 艾"])
def test_a_full_stop_between_han_characters_is_a_middle_dot(raw: str) -> None:
    assert read_name(raw) == "阿卜杜拉·买买提·艾"


@pytest.mark.parametrize("name", ["John F. Kennedy", "J.R.R. Tolkien", "D'Arcy", "Jean-Luc", "Ｊｏｈｎ"])
def test_a_latin_name_keeps_its_marks_and_its_width(name: str) -> None:
    assert read_name(name) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("张 三", "张三"),
        ("\u3000张\u3000\u3000三\u00a0", "张三"),
        ("张三\r\n", "张三"),
        ("\ufeff张\u200b三\u202c", "张三"),
        ("John   Smith ", "John Smith"),
        ("Mary 王 芳", "Mary 王芳"),
        ("迪丽热巴 · 迪力木拉提", "迪丽热巴·迪力木拉提"),
    ],
)
def test_blanks_go_where_no_name_has_them(raw: str, name: str) -> None:
    assert read_name(raw) == name


# Each of these is another character after NFC or NFKC: names that are shown so on the person's document.
@pytest.mark.parametrize("name", ["\uf9dc", "王\ufa0c", "李\uf900", "Ａｎｎａ"])
def test_a_stored_name_is_never_normalised(name: str) -> None:
    assert unicodedata.normalize("NFKC", name) != name
    assert read_name(name) == name


def test_characters_that_the_old_codec_made_private_are_mended() -> None:
    private = b"\xfe\x51\xfe\x59".decode("gb18030")
    assert (private, read_name(private)) == ("\ue816\ue81e", "\U00020087\u9fb4")


def test_the_old_codec_gives_each_of_the_mended_characters() -> None:
    pairs = [bytes((high, low)) for high in range(0x81, 0xFF) for low in (*range(0x40, 0x7F), *range(0x80, 0xFF))]
    decoded = {ord(pair.decode("gb18030")) for pair in pairs}
    assert GB18030_PRIVATE_USE.keys() <= decoded
    assert len(GB18030_PRIVATE_USE) == 25
    assert all(unicodedata.category(character) != "Co" for character in GB18030_PRIVATE_USE.values())


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("", NameFault.MISSING),
        (" \u200b\u3000", NameFault.MISSING),
        ("张\u202e三丰\u202c", NameFault.CONTROL),
        ("张\u2067三丰\u2069", NameFault.CONTROL),
        ("王" * 61, NameFault.LENGTH),
        ("王" * 100_000, NameFault.LENGTH),
        ("110105", NameFault.NO_LETTER),
        ("１２３", NameFault.NO_LETTER),
        ("12 34", NameFault.NO_LETTER),
        ("***", NameFault.NO_LETTER),
        ("·", NameFault.NO_LETTER),
        ("\ufe0f", NameFault.NO_LETTER),
        ("张\x00三", NameFault.CONTROL),
        ("张\n三", NameFault.CONTROL),
        ("张\x85", NameFault.CONTROL),
        ("张\ud83d", NameFault.UNREADABLE),
        ("张\uffff", NameFault.UNREADABLE),
        ("张\U0001fffe", NameFault.UNREADABLE),
        ("张\ue000", NameFault.PRIVATE_USE),
        ("张\U000f0000", NameFault.PRIVATE_USE),
    ],
)
def test_what_is_no_name_is_refused(raw: str, fault: NameFault) -> None:
    assert refusal(raw).fault is fault


def test_the_longest_name_is_sixty_characters_after_mending() -> None:
    assert read_name(" 王 " * 60) == "王" * 60


def test_a_refusal_tells_the_place_and_not_the_name() -> None:
    error = refusal("张三\ue000")
    assert error.zh.startswith("姓名第 3 个字符是自造字")
    assert "张三" not in error.zh + error.en


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("阿卜杜拉·买买提", "阿卜杜拉买买提"),
        ("阿卜杜拉・买买提", "阿卜杜拉.买买提"),
        ("John Smith", "ＪＯＨＮ　ＳＭＩＴＨ"),
        ("Straße", "STRASSE"),
        ("\uf9dc", "隆"),
        ("葛\U000e0100", "葛"),
    ],
)
def test_spellings_of_one_name_share_their_key(one: str, other: str) -> None:
    assert match_key(one) == match_key(other)


def test_different_names_keep_different_keys() -> None:
    names = ["王芳", "王方", "𠮷田", "吉田", "䶮", "龑"]
    assert len({match_key(name) for name in names}) == len(names)


letters = st.sampled_from("王芳买提阿𠮷〇\U000e0100\uf900.．·•･ \u3000\u00a0\u200bAbé-'1\n\ue816")


@given(st.one_of(st.text(max_size=70), st.text(letters, max_size=70)))
def test_reading_a_read_name_changes_nothing(raw: str) -> None:
    try:
        name = read_name(raw)
    except NameRefused:
        return
    assert 1 <= len(name) <= 60
    assert read_name(name) == name
    name.encode("utf-8")


@given(st.one_of(st.text(max_size=70), st.text(letters, max_size=70)))
def test_a_key_is_its_own_key(text: str) -> None:
    assert match_key(match_key(text)) == match_key(text)
