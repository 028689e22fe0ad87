"""CSV in the encodings and with the delimiters that offices use."""

import pytest

from adapters.sheets.sheet import Layout, Limits, SheetRefused
from tests.sheets.workbooks import HEADER, a_csv, a_person, cells_of, findings_of, read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encoding_and_delimiter_are_told_from_the_file(encoding, delimiter):
    row = cells_of(a_csv(HEADER, a_person(姓名="张明·李"), encoding=encoding, delimiter=delimiter))
    assert [(r["name"], r["document_number"]) for r in row] == [("张明·李", "110102199003070017")]


def test_rare_characters_are_read_from_gb18030():
    assert cells_of(a_csv(HEADER, a_person(姓名="𠮷䶮"), encoding="gb18030"))[0]["name"] == "𠮷䶮"


def test_the_private_characters_of_the_old_codec_become_standard():
    # FE7E is 龹 (U+9FB9) in the standard; Python's codec makes it U+E843
    data = a_csv(HEADER, a_person(姓名="张甲"), encoding="gb18030").replace("甲".encode("gb18030"), b"\xfe\x7e")
    assert cells_of(data)[0]["name"] == "张\u9fb9"


def test_a_user_defined_character_is_refused_in_its_cell():
    data = a_csv(HEADER, a_person(姓名="张甲"), encoding="gb18030").replace("甲".encode("gb18030"), b"\xaa\xa1")
    assert findings_of(data) == [(2, "A", "name", "refusal", "private-character")]


def test_numbers_that_excel_spoilt_on_the_way_to_csv_are_refused():
    assert findings_of(a_csv(HEADER, a_person(公民身份号码="1.10102E+17"))) == [
        (2, "B", "document_number", "refusal", "number-lost-digits")
    ]


def test_numbers_protected_by_a_formula_of_text_are_read():
    assert (
        cells_of(a_csv(HEADER, a_person(公民身份号码='"=""110102199003070017"""')))[0]["document_number"] == "110102199003070017"
    )


def test_quoted_line_breaks_stay_within_their_cell():
    data = '"姓\n名",身份证号,现居住地\n张明,110102199003070017,"湖北省\n武汉市"\n'.encode()
    assert cells_of(data) == [{"name": "张明", "document_number": "110102199003070017", "destination": "湖北省武汉市"}]


def test_rows_of_unequal_length_are_read():
    assert cells_of(a_csv(HEADER, ("张明", "110102199003070017"), (*a_person(公民身份号码="E12345678"), "", ""))) == [
        {"name": "张明", "document_number": "110102199003070017"},
        {**cells_of(a_csv(HEADER, a_person()))[0], "document_number": "E12345678"},
    ]


def test_a_quote_that_never_ends_is_refused_with_its_line():
    with pytest.raises(SheetRefused, match="near line") as refused:
        read(a_csv(HEADER, a_person(姓名='"张明'), a_person()))
    assert refused.value.code == "csv-malformed"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe\x00", "wrong-encoding"),
        ("姓名,身份证号\n".encode() + b"\xff\xff\xff", "wrong-encoding"),
        ("姓名,身份证号\n".encode() + b"a\x00b", "not-a-sheet"),
        (b"x," * 200_000, "line-too-long"),
        ("姓名".encode("big5") * 20, "header-not-found"),
        (b"", "empty-file"),
        (b" \r\n\x00", "empty-file"),
    ],
)
def test_bytes_that_are_no_csv_are_refused(data, code):
    with pytest.raises(SheetRefused) as refused:
        read(data, Layout.INFLOW)
    assert refused.value.code == code


def test_more_rows_than_the_limit_are_refused():
    with pytest.raises(SheetRefused) as refused:
        read(a_csv(HEADER, *[a_person()] * 4), limits=Limits(rows=3))
    assert refused.value.code == "too-many-rows"
