"""Files that are no sheets, or made to do harm, end in a clear refusal; old and open formats are read."""

import io
import zipfile
from pathlib import Path

import pytest

from adapters.sheets import annotate, read_sheet
from adapters.sheets.reading.isolated import Answer, Request
from adapters.sheets.sheet import Layout, Limits, SheetRefused
from tests.sheets.workbooks import HEADER, LIMITS, a_person, a_register, a_workbook, cells_of, part_of, read, repacked

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504
OLD_REGISTER = Path(__file__).parent / "data" / "old_register.xls"
ODF = "urn:oasis:names:tc:opendocument:xmlns:"
SHEET = "xl/worksheets/sheet1.xml"


def a_zip(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_dot_", "."), content)
    return out.getvalue()


def an_ods(rows: str, *, extra: bytes = b"") -> bytes:
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content office:version="1.2" '
        f'xmlns:office="{ODF}office:1.0" xmlns:table="{ODF}table:1.0" xmlns:text="{ODF}text:1.0"'
        '><office:body><office:spreadsheet><table:table table:name="台账">'
        f"{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            + extra
            + b"</manifest:manifest>",
        )
    return out.getvalue()


def an_ods_row(*texts: str, repeated: str = "") -> str:
    cells = "".join(f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>' for text in texts)
    return f"<table:table-row{repeated}>{cells}</table:table-row>"


def refusal_of(data: bytes, **limits: int) -> str:
    with pytest.raises(SheetRefused) as refused:
        read(data, limits=Limits(**limits))
    assert refused.value.zh
    assert refused.value.en
    return refused.value.code


def test_an_old_xls_is_read_without_its_excluded_column():
    sheet = read(OLD_REGISTER.read_bytes(), Layout.INFLOW)
    assert [(row.number, row.cells, [p.code for p in row.problems]) for row in sheet.rows] == [
        (
            3,
            {
                "name": "买买提·艾力",
                "document_number": "110102900307001",
                "sex": "男",
                "origin": "653101",
                "birth_date": "1990-03-07",
                "moved_on": "2015-01-01",
            },
            ["date-serial"],
        )
    ]
    assert sheet.excluded_columns == 1


def test_an_ods_is_read():
    rows = an_ods_row("姓名", "身份证号", "现居住地") + an_ods_row("张明", "110102199003070017", "420106")
    assert cells_of(an_ods(rows)) == [{"name": "张明", "document_number": "110102199003070017", "destination": "420106"}]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"%PDF-1.7 ...", "not-a-sheet"),
        (b"\x89PNG\r\n\x1a\n", "not-a-sheet"),
        (b"<html><table><tr><td>\xe5\xa7\x93</td></tr></table></html>", "not-a-sheet"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><Workbook/>", "not-a-sheet"),
        (OLE, "not-a-sheet"),
        (OLE + "WordDocument".encode("utf-16-le"), "not-a-sheet"),
        (OLE + "Workbook".encode("utf-16-le"), "damaged"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (a_zip(word_dot_xml=b"<a/>"), "not-a-sheet"),
        (a_zip(a_dot_xlsx=a_zip(b=b"c")), "archive-of-files"),
        (b"PK\x03\x04" + b"x" * 100, "damaged"),
        (a_register()[:-200], "damaged"),
        (a_register()[:3000] + b"\0" * 200 + a_register()[3200:], "damaged"),
        (an_ods("", extra=b"<manifest:encryption-data/>"), "encrypted"),
    ],
)
def test_what_is_no_sound_sheet_is_refused_by_name(data, code):
    assert refusal_of(data) == code


def test_a_password_on_the_zip_is_an_encrypted_file():
    data = bytearray(a_register())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        position = data.find(mark)
        while position >= 0:
            data[position + offset] |= 1
            position = data.find(mark, position + 1)
    assert refusal_of(bytes(data)) == "encrypted"


def test_a_file_above_the_limit_is_refused_unread():
    assert refusal_of(a_register(), file_bytes=1_000) == "file-too-large"


def test_a_bomb_that_declares_itself_is_refused():
    bomb = a_zip(**{"xl/workbook_dot_xml": b"<a/>", "xl/worksheets/sheet1_dot_xml": b" " * 30_000_000})
    assert refusal_of(bomb) == "zip-bomb"


def test_a_bomb_that_lies_about_its_size_is_refused():
    bomb = bytearray(a_zip(**{"xl/workbook_dot_xml": b"<a/>", "xl/worksheets/sheet1_dot_xml": b" " * 30_000_000}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        position = bomb.rfind(mark)
        bomb[position + offset : position + offset + 4] = (1_000).to_bytes(4, "little")
    assert refusal_of(bytes(bomb)) == "damaged"


def test_a_zip_of_too_many_parts_is_refused():
    assert refusal_of(a_zip(**{f"p{n}": b"" for n in range(20)}), entries=10) == "zip-bomb"


def test_an_unpacked_size_above_the_limit_is_refused():
    assert refusal_of(a_register(), unpacked_bytes=2_000) == "zip-bomb"


@pytest.mark.parametrize("part", ["xl__workbook_xml", "xl__sharedStrings_xml", "xl__worksheets__sheet1_xml"])
@pytest.mark.parametrize(
    "declaration",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        b'<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
    ],
)
def test_xml_with_entities_is_refused(part, declaration):
    name = part.replace("__", "/").replace("_xml", ".xml")
    data = a_register()
    xml = part_of(data, name).replace(b"?>", b"?>" + declaration, 1)
    assert refusal_of(repacked(data, **{part: xml})) == "unsafe-xml"


def test_a_million_rows_are_refused_with_the_limit():
    xml = part_of(a_register(), SHEET).replace(
        b"</sheetData>", b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
    )
    data = repacked(a_register(), xl__worksheets__sheet1_xml=xml)
    assert refusal_of(data) == "too-many-rows"


def test_more_columns_than_the_limit_are_refused():
    assert refusal_of(a_workbook([[*HEADER, *(f"列{n}" for n in range(200))]])) == "too-many-columns"


def test_macros_and_links_are_noted_and_never_run():
    data = repacked(a_register(), xl__vbaProject_bin=b"\0\0", xl__externalLinks__externalLink1_xml=b"<a/>")
    assert [note.code for note in read(data).notes] == ["macros-ignored", "links-ignored"]


def test_a_workbook_whose_parts_do_not_fit_is_damaged():
    assert refusal_of(repacked(a_register(), xl__workbook_xml=b"<workbook")) == "damaged"
    assert refusal_of(repacked(a_register(), xl__worksheets__sheet1_xml=None)) == "damaged"


def test_a_sheet_in_a_process_of_its_own_equals_the_one_read_here():
    data = a_register(a_person(), a_person(出生日期="2023"))
    here, there = read(data), read_sheet(data, Layout.OUTFLOW)
    assert there == here
    assert list(there.rows) == list(here.rows)


def test_a_refusal_comes_out_of_the_process_whole():
    with pytest.raises(SheetRefused) as there:
        read_sheet(b"%PDF", Layout.OUTFLOW)
    with pytest.raises(SheetRefused) as here:
        read(b"%PDF")
    assert (there.value.code, there.value.zh, there.value.en) == (here.value.code, here.value.zh, here.value.en)


def test_a_sheet_that_spans_the_whole_grid_costs_the_process_and_not_the_node():
    xml = part_of(a_register(), SHEET).replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )
    data = repacked(a_register(), xl__worksheets__sheet1_xml=xml)
    with pytest.raises(SheetRefused) as refused:
        read_sheet(data, Layout.OUTFLOW)
    assert refused.value.code == "too-costly"


def test_a_repeated_row_of_an_ods_costs_the_process_and_not_the_node():
    wide = (
        '<table:table-cell office:value-type="string" table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell>'
    )
    rows = an_ods_row(*HEADER) + f'<table:table-row table:number-rows-repeated="1000">{wide}</table:table-row>'
    with pytest.raises(SheetRefused) as refused:
        read_sheet(an_ods(rows), Layout.OUTFLOW, Limits(memory_bytes=2**29))
    assert refused.value.code == "too-costly"


def test_the_repeated_blanks_that_end_an_ods_cost_nothing():
    wide = '<table:table-cell table:number-columns-repeated="16384"/>'
    rows = an_ods_row(*HEADER) + an_ods_row(*a_person())
    rows += f'<table:table-row table:number-rows-repeated="1048570">{wide}</table:table-row>'
    assert read_sheet(an_ods(rows), Layout.OUTFLOW).data_rows == 1


def test_a_reading_that_takes_too_long_is_stopped():
    with pytest.raises(SheetRefused) as refused:
        read_sheet(a_register(), Layout.OUTFLOW, Limits(seconds=0))
    assert refused.value.code == "too-costly"


def test_only_xlsx_and_csv_are_annotated():
    with pytest.raises(SheetRefused) as refused:
        annotate(an_ods(an_ods_row(*HEADER) + an_ods_row(*a_person())), Layout.OUTFLOW, [], LIMITS)
    assert refused.value.code == "annotation-not-possible"


def test_a_request_carries_all_that_the_process_needs():
    request = Request(data=b"", layout=Layout.MATTERS, limits=LIMITS)
    assert (request.results, Answer()) == (None, Answer(sheet=None, file=None, refused=None))
